/* Which objects were met, in one bit per 16 bytes of address space, held only where there are objects.
 *
 * No two objects start within the same 16 bytes (the smallest one has a 16-byte header), so a bit stands for
 * an object. The address space of a process (47 bits) is cut into regions of 1 MiB; a region gets a node when
 * its first object is marked, 16 KiB for the two bitmaps that every region needs and 8 KiB for each further
 * one that is used.
 */
#ifndef HS_DUMP_AGENT_VISITED_H
#define HS_DUMP_AGENT_VISITED_H

#include "dump/agent/sys.h"

enum {
    HS_REGION_BITS = 20,
    HS_REGION_WORDS = 1 << (HS_REGION_BITS - 4 - 6),
    HS_REGIONS_BITS = 14, /* regions per table: 16 GiB */
    HS_ADDRESS_BITS = 47,
    HS_TABLES = 1 << (HS_ADDRESS_BITS - HS_REGION_BITS - HS_REGIONS_BITS),
};

/* Bitmaps that few regions need. */
enum hs_plane {
    HS_PLANE_NAMESPACE = 0, /* a dict whose keys are names: of a module, a class, an instance */
    HS_PLANE_GLOBALS,       /* of those, a module's */
    HS_PLANE_GENERATION_A,  /* the generation, if it is not 2: see hs_visited_track() */
    HS_PLANE_GENERATION_B,
    HS_PLANE_PENDING, /* met, and still to be emitted */
    HS_PLANES,
};

struct hs_region {
    uint64_t seen[HS_REGION_WORDS];    /* tracked, or met */
    uint64_t tracked[HS_REGION_WORDS]; /* in one of the collector's lists */
    uint64_t *plane[HS_PLANES];
};

struct hs_visited {
    struct hs_arena *arena;
    struct hs_region ***tables; /* [HS_TABLES][1 << HS_REGIONS_BITS] */
    bool failed;                /* memory ran out: marks were lost */
};

/* The arena must outlive the set. False if there is no memory. */
bool hs_visited_init(struct hs_visited *visited, struct hs_arena *arena);

/* The region of an address, made if need be; NULL if the address cannot be one or memory ran out. */
struct hs_region *hs_visited_region_create(struct hs_visited *visited, uint64_t address);

static inline struct hs_region *hs_visited_region(const struct hs_visited *visited, uint64_t address)
{
    if (address >> HS_ADDRESS_BITS)
        return NULL;
    struct hs_region **table = visited->tables[address >> (HS_REGION_BITS + HS_REGIONS_BITS)];
    return table ? table[(address >> HS_REGION_BITS) & ((1u << HS_REGIONS_BITS) - 1)] : NULL;
}

static inline unsigned hs_visited_word(uint64_t address)
{
    return (unsigned)(address >> 10) & (HS_REGION_WORDS - 1);
}

static inline uint64_t hs_visited_bit(uint64_t address)
{
    return UINT64_C(1) << (address >> 4 & 63);
}

/* Marks as met. True if it was not before, and the address can be one. */
static inline bool hs_visited_add(struct hs_visited *visited, uint64_t address)
{
    struct hs_region *region = hs_visited_region(visited, address);
    if (__builtin_expect(!region, 0)) {
        region = hs_visited_region_create(visited, address);
        if (!region)
            return false;
    }
    uint64_t *word = &region->seen[hs_visited_word(address)];
    uint64_t bit = hs_visited_bit(address);
    if (*word & bit)
        return false;
    *word |= bit;
    return true;
}

static inline bool hs_visited_has(const struct hs_visited *visited, uint64_t address)
{
    const struct hs_region *region = hs_visited_region(visited, address);
    return region && (region->seen[hs_visited_word(address)] & hs_visited_bit(address));
}

static inline bool hs_visited_tracked(const struct hs_visited *visited, uint64_t address)
{
    const struct hs_region *region = hs_visited_region(visited, address);
    return region && (region->tracked[hs_visited_word(address)] & hs_visited_bit(address));
}

static inline bool hs_visited_plane_has(const struct hs_visited *visited, enum hs_plane plane,
                                        uint64_t address)
{
    const struct hs_region *region = hs_visited_region(visited, address);
    return region && region->plane[plane] &&
           (region->plane[plane][hs_visited_word(address)] & hs_visited_bit(address));
}

void hs_visited_plane_add(struct hs_visited *visited, enum hs_plane plane, uint64_t address);

/* Marks an object of the collector's lists; generation as in snapshot.h (0, 1, 2, 3 permanent). */
void hs_visited_track(struct hs_visited *visited, uint64_t address, unsigned generation);
unsigned hs_visited_generation(const struct hs_visited *visited, uint64_t address);

/* Regions in ascending order of address: the first one at or after `address`, NULL at the end. `*address`
 * becomes its start. */
struct hs_region *hs_visited_next_region(const struct hs_visited *visited, uint64_t *address);

#endif
