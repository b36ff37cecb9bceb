/* CPython's allocator for small objects, as its memory shows it: which arenas there are and what of them is
 * used.
 *
 * No symbol leads to the list of arenas before 3.12, and its place moves after; so arenas are found by the
 * headers of their pools, whose fields depend on each other so much that nothing else looks like one.
 * Objects/obmalloc.c, Include/internal/pycore_obmalloc.h: the header has been the same since 3.8.
 */
#ifndef HS_DUMP_AGENT_PYMALLOC_H
#define HS_DUMP_AGENT_PYMALLOC_H

#include "dump/agent/mappings.h"

/* Arenas of one process: 256 GiB of them. */
enum { HS_ARENAS_MAX = 1 << 18 };

struct hs_pymalloc_arena {
    uint64_t start; /* its first pool */
    uint64_t end;   /* of the pools that are certain to be its own */
    uint32_t number;
};

struct hs_pymalloc {
    struct hs_pymalloc_arena *arena; /* [count], by address */
    uint32_t count;
    uint32_t latest;      /* where hs_pymalloc_block() found the last one */
    uint32_t pool_bytes;  /* 16 KiB since 3.10, 4 KiB before */
    uint32_t arena_bytes; /* 1 MiB and 256 KiB */
    uint64_t used;        /* bytes of the blocks in use */
};

/* Starts a census; false if there is no memory for it. */
bool hs_pymalloc_init(struct hs_pymalloc *pymalloc);

/* Adds the arenas of one anonymous mapping; mappings come by ascending address. */
void hs_pymalloc_census(struct hs_pymalloc *pymalloc, const struct hs_residency *residency);

/* The size of the block that holds `address`; 0 if it is in no pool. */
uint32_t hs_pymalloc_block(struct hs_pymalloc *pymalloc, uint64_t address);

#endif
