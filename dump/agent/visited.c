#include "dump/agent/visited.h"

enum { GENERATION_OLDEST = 2 };

bool hs_visited_init(struct hs_visited *visited, struct hs_arena *arena)
{
    visited->arena = arena;
    visited->failed = false;
    visited->tables = hs_pages_map(sizeof *visited->tables * HS_TABLES);
    return visited->tables != NULL;
}

struct hs_region *hs_visited_region_create(struct hs_visited *visited, uint64_t address)
{
    if (address >> HS_ADDRESS_BITS)
        return NULL;
    struct hs_region ***table = &visited->tables[address >> (HS_REGION_BITS + HS_REGIONS_BITS)];
    if (!*table)
        *table = hs_pages_map(sizeof **table << HS_REGIONS_BITS);
    if (!*table) {
        visited->failed = true;
        return NULL;
    }
    struct hs_region **region = &(*table)[(address >> HS_REGION_BITS) & ((1u << HS_REGIONS_BITS) - 1)];
    if (!*region)
        *region = hs_arena_alloc(visited->arena, sizeof **region);
    if (!*region)
        visited->failed = true;
    return *region;
}

void hs_visited_plane_add(struct hs_visited *visited, enum hs_plane plane, uint64_t address)
{
    struct hs_region *region = hs_visited_region_create(visited, address);
    if (!region)
        return;
    if (!region->plane[plane])
        region->plane[plane] = hs_arena_alloc(visited->arena, sizeof(uint64_t) * HS_REGION_WORDS);
    if (!region->plane[plane]) {
        visited->failed = true;
        return;
    }
    region->plane[plane][hs_visited_word(address)] |= hs_visited_bit(address);
}

/* Most objects of a long-running program are in generation 2, so that is what no mark means: the two bits of
 * the others are 0 -> (1, 0), 1 -> (0, 1), 3 -> (1, 1). */
void hs_visited_track(struct hs_visited *visited, uint64_t address, unsigned generation)
{
    struct hs_region *region = hs_visited_region(visited, address);
    if (!region)
        region = hs_visited_region_create(visited, address);
    if (!region)
        return;
    region->tracked[hs_visited_word(address)] |= hs_visited_bit(address);
    region->seen[hs_visited_word(address)] |= hs_visited_bit(address);
    if (generation == GENERATION_OLDEST)
        return;
    if (generation != 1)
        hs_visited_plane_add(visited, HS_PLANE_GENERATION_A, address);
    if (generation != 0)
        hs_visited_plane_add(visited, HS_PLANE_GENERATION_B, address);
}

unsigned hs_visited_generation(const struct hs_visited *visited, uint64_t address)
{
    static const uint8_t generation[4] = {GENERATION_OLDEST, 0, 1, 3};
    return generation[hs_visited_plane_has(visited, HS_PLANE_GENERATION_A, address) |
                      hs_visited_plane_has(visited, HS_PLANE_GENERATION_B, address) << 1];
}

struct hs_region *hs_visited_next_region(const struct hs_visited *visited, uint64_t *address)
{
    uint64_t number = *address >> HS_REGION_BITS;
    uint64_t end = UINT64_C(1) << (HS_ADDRESS_BITS - HS_REGION_BITS);
    while (number < end) {
        struct hs_region **table = visited->tables[number >> HS_REGIONS_BITS];
        if (!table) {
            number = ((number >> HS_REGIONS_BITS) + 1) << HS_REGIONS_BITS;
            continue;
        }
        struct hs_region *region = table[number & ((1u << HS_REGIONS_BITS) - 1)];
        if (region) {
            *address = number << HS_REGION_BITS;
            return region;
        }
        number++;
    }
    return NULL;
}
