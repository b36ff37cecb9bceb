#include "dump/agent/layout.h"

#define NONE HS_LAYOUT_NONE

static const struct hs_layout layouts[] = {
    {
#define HS_FIELD(field, py311, py312, py313) .field = py311,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.11",
        .minor = 0x030b,
        .debug = true,
    },
    {
#define HS_FIELD(field, py311, py312, py313) .field = py312,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.12",
        .minor = 0x030c,
    },
    {
#define HS_FIELD(field, py311, py312, py313) .field = py313,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.13",
        .minor = 0x030d,
    },
};

const struct hs_layout *hs_layout_find(uint32_t hex, bool debug, unsigned index)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if (layouts[i].minor == hex >> 16 && (layouts[i].debug || !debug) && index-- == 0)
            return &layouts[i];
    }
    return NULL;
}
