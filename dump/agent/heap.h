/* The heap of glibc's malloc, walked chunk by chunk without its help: what is used and what is free.
 *
 * Nothing is locked, so a thread may have been stopped within malloc(): every step is checked, and the walk
 * of a heap ends at the first chunk that contradicts itself. What it has not seen is not counted.
 * malloc/malloc.c and malloc/arena.c, glibc 2.26 to 2.43. Chunks that a thread keeps in its cache (tcache)
 * count as used, as mallinfo2() has it: at most some 240 KiB a thread, 540 KiB from glibc 2.42 on.
 */
#ifndef HS_DUMP_AGENT_HEAP_H
#define HS_DUMP_AGENT_HEAP_H

#include "dump/agent/mappings.h"

/* The heaps of arenas that are not the main one begin at multiples of this: HEAP_MAX_SIZE. */
#define HS_HEAP_ALIGNMENT (UINT64_C(64) << 20)

struct hs_heap {
    uint64_t used; /* bytes of chunks in use, headers included */
    uint64_t free;
    uint64_t used_missing; /* of these, what is not in memory */
    uint64_t free_missing;
    uint64_t top; /* of the main arena: address of its last chunk, 0 if the walk did not get there */
    bool complete;
};

/* Starts an account. */
void hs_heap_init(struct hs_heap *heap);

/* Adds the main arena's heap, which brk() grows. */
void hs_heap_add_main(struct hs_heap *heap, const struct hs_residency *residency);

/* Moves to `free` what the main arena keeps in its fast bins: these chunks look used. `data` is a mapping of
 * a file (libc's data) to look for the arena in; true if it was there. */
bool hs_heap_add_fast_bins(struct hs_heap *heap, const struct hs_mapping *data,
                           const struct hs_mapping *main);

/* If another arena's heap begins at `address` in the mapping, adds it and returns its end, else 0. */
uint64_t hs_heap_add_other(struct hs_heap *heap, const struct hs_residency *residency, uint64_t address);

/* The same for a chunk that has a mapping of its own. */
uint64_t hs_heap_add_mapped(struct hs_heap *heap, const struct hs_residency *residency, uint64_t address);

#endif
