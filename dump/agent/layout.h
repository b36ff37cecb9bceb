/* Where CPython keeps things: the structure layouts that the agent knows, and whether one fits this process.
 *
 * The agent is built without Python.h. What it knows of CPython's structures are the tables of
 * layout_fields.h, one column per build family, chosen at run time; every other file asks a struct hs_layout
 * and none asks for a version number. A table is a claim: hs_layout_verify() tests it on the live process
 * before anything relies on it.
 */
#ifndef HS_DUMP_AGENT_LAYOUT_H
#define HS_DUMP_AGENT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dump/agent/agent.h"

/* An offset that this build does not have. */
#define HS_LAYOUT_NONE INT32_MIN

/* The fields first, in the order of layout_fields.h, then what describes the table itself. */
struct hs_layout {
#define HS_FIELD(name, ...) int32_t name;
#include "dump/agent/layout_fields.h"
#undef HS_FIELD
    char fields_end;       /* marks the end of the fields; always 0 */
    const char *name;      /* "3.12" */
    uint16_t minor;        /* PY_VERSION_HEX >> 16: 0x030c */
    bool debug;            /* holds for debug builds as well */
    uint8_t debug_offsets; /* its column in layout_debug_offsets.h, where there is runtime_debug_offsets */
};

/* The layout to try for PY_VERSION_HEX `hex` of a debug or release build; `index` counts from 0 through the
 * candidates, best first. NULL: there are no more. From 3.12 on, debug builds move fields of the interpreter
 * state. */
const struct hs_layout *hs_layout_find(uint32_t hex, bool debug, unsigned index);

/* Tests `layout` on this process with reads that cannot fault. Touches nothing, needs the GIL held. Returns
 * HS_AGENT_OK, HS_AGENT_LAYOUT_MISMATCH, or HS_AGENT_FREE_THREADED; otherwise than for OK, `detail` names the
 * check that failed in one line. `detail` has room for `size` bytes and is always terminated; `ret_passed` is
 * how many checks came before. */
int32_t hs_layout_verify(const struct hs_layout *layout, const struct hs_agent_symbols *symbols, char *detail,
                         size_t size, unsigned *ret_passed);

/* Reads through a layout. Addresses are those of the snapshot child's own memory. */
static inline uint64_t hs_word(uint64_t address, int32_t offset)
{
    return *(const uint64_t *)(address + (uint64_t)(int64_t)offset);
}

static inline uint32_t hs_word32(uint64_t address, int32_t offset)
{
    return *(const uint32_t *)(address + (uint64_t)(int64_t)offset);
}

/* The collector's state: in the runtime until 3.8, in the interpreter since. */
static inline uint64_t hs_collector(const struct hs_layout *layout, uint64_t runtime, uint64_t interpreter)
{
    return layout->interpreter_gc == HS_LAYOUT_NONE ? runtime + (uint64_t)layout->runtime_gc
                                                    : interpreter + (uint64_t)layout->interpreter_gc;
}

static inline uint8_t hs_byte(uint64_t address, int32_t offset)
{
    return *(const uint8_t *)(address + (uint64_t)(int64_t)offset);
}

#endif
