#include "dump/agent/layout.h"

#define NONE HS_LAYOUT_NONE

static const struct hs_layout layouts[] = {
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py38,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.8",
        .minor = 0x0308,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py39,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.9",
        .minor = 0x0309,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py310,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.10",
        .minor = 0x030a,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py311,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.11",
        .minor = 0x030b,
        .debug = true,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py312,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.12",
        .minor = 0x030c,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py313,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.13",
        .minor = 0x030d,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) \
    .field = py313_later,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.13 (later patch releases)",
        .minor = 0x030d,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py314,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.14",
        .minor = 0x030e,
        .debug_offsets = 1,
    },
    {
#define HS_FIELD(field, py38, py39, py310, py311, py312, py313, py313_later, py314, py315) .field = py315,
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
        .name = "3.15",
        .minor = 0x030f,
        .debug_offsets = 2,
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
