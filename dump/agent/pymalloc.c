#include "dump/agent/pymalloc.h"

/* Objects/obmalloc.c */
enum {
    POOL_OVERHEAD = 48, /* sizeof(struct pool_header), rounded up to the alignment */
    ALIGNMENT = 16,
    SIZE_CLASSES = 32, /* of 16, 32 .. 512 bytes */
    ARENA_INDEX_MAX = 1 << 24,
};

static const struct {
    uint32_t pool_bytes, arena_bytes;
} shapes[] = {{16 << 10, 1 << 20}, {4 << 10, 256 << 10}};

struct pool_header {
    uint32_t used; /* blocks handed out */
    uint32_t padding;
    uint64_t freeblock;
    uint64_t next;
    uint64_t previous;
    uint32_t arena;
    uint32_t size_class;
    uint32_t next_offset; /* of the first block never handed out */
    uint32_t last_offset; /* of the last block there can be */
};

static uint32_t block_bytes(const struct pool_header *pool)
{
    return (pool->size_class + 1) * ALIGNMENT;
}

/* Pools in use, and those whose blocks have all been freed: their header stays. */
static bool is_pool(uint64_t address, uint32_t pool_bytes)
{
    const struct pool_header *pool = (const struct pool_header *)address;
    if (pool->size_class >= SIZE_CLASSES || pool->arena >= ARENA_INDEX_MAX)
        return false;
    uint32_t block = block_bytes(pool);
    if (pool->last_offset != pool_bytes - block || pool->next_offset < POOL_OVERHEAD ||
        pool->next_offset > pool_bytes || (pool->next_offset - POOL_OVERHEAD) % block)
        return false;
    if (pool->used > (pool->next_offset - POOL_OVERHEAD) / block)
        return false;
    return !pool->freeblock || pool->freeblock - address < pool_bytes;
}

bool hs_pymalloc_init(struct hs_pymalloc *pymalloc)
{
    *pymalloc = (struct hs_pymalloc){.arena = hs_pages_map(HS_ARENAS_MAX * sizeof *pymalloc->arena)};
    return pymalloc->arena != NULL;
}

/* Pools are carved from their arena in the order of addresses and keep their header for ever, so the first
 * pool seen is the arena's first. An arena need not begin at a multiple of the size of pools; then it has
 * room for one less, and the last one counts only if it is there. */
static void add_pool(struct hs_pymalloc *pymalloc, uint64_t address)
{
    const struct pool_header *pool = (const struct pool_header *)address;
    struct hs_pymalloc_arena *arena = pymalloc->count ? &pymalloc->arena[pymalloc->count - 1] : NULL;
    if (!arena || arena->number != pool->arena || address - arena->start >= pymalloc->arena_bytes) {
        if (pymalloc->count == HS_ARENAS_MAX)
            return;
        arena = &pymalloc->arena[pymalloc->count++];
        arena->start = address;
        arena->end = address + pymalloc->arena_bytes - pymalloc->pool_bytes;
        arena->number = pool->arena;
    }
    if (address + pymalloc->pool_bytes > arena->end)
        arena->end = address + pymalloc->pool_bytes;
    pymalloc->used += (uint64_t)pool->used * block_bytes(pool);
}

/* Which of the two shapes this CPython has shows by the first pool. */
static bool know_shape(struct hs_pymalloc *pymalloc, uint64_t address)
{
    for (size_t i = 0; !pymalloc->pool_bytes && i < sizeof shapes / sizeof shapes[0]; i++) {
        if (address % shapes[i].pool_bytes == 0 && is_pool(address, shapes[i].pool_bytes)) {
            pymalloc->pool_bytes = shapes[i].pool_bytes;
            pymalloc->arena_bytes = shapes[i].arena_bytes;
        }
    }
    return pymalloc->pool_bytes != 0;
}

void hs_pymalloc_census(struct hs_pymalloc *pymalloc, const struct hs_residency *residency)
{
    uint64_t step = pymalloc->pool_bytes ? pymalloc->pool_bytes : HS_PAGE_BYTES;
    uint64_t address = (residency->start + step - 1) & ~(step - 1);
    for (; address + step <= residency->end; address += step) {
        if (!hs_resident(residency, address) || !know_shape(pymalloc, address))
            continue;
        step = pymalloc->pool_bytes;
        if (address + step <= residency->end && is_pool(address, pymalloc->pool_bytes))
            add_pool(pymalloc, address);
    }
    if (pymalloc->count && pymalloc->arena[pymalloc->count - 1].end > residency->end)
        pymalloc->arena[pymalloc->count - 1].end = residency->end;
}

/* Objects come by ascending addresses for the most part: the last arena is the likely one. */
static const struct hs_pymalloc_arena *find_arena(struct hs_pymalloc *pymalloc, uint64_t address)
{
    const struct hs_pymalloc_arena *arena = &pymalloc->arena[pymalloc->latest];
    if (address >= arena->start && address < arena->end)
        return arena;
    uint32_t low = 0, high = pymalloc->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (pymalloc->arena[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == pymalloc->count || address < pymalloc->arena[low].start)
        return NULL;
    pymalloc->latest = low;
    return &pymalloc->arena[low];
}

uint32_t hs_pymalloc_block(struct hs_pymalloc *pymalloc, uint64_t address)
{
    const struct hs_pymalloc_arena *arena = pymalloc->count ? find_arena(pymalloc, address) : NULL;
    if (!arena)
        return 0;
    uint64_t pool = address & ~(uint64_t)(pymalloc->pool_bytes - 1);
    return is_pool(pool, pymalloc->pool_bytes) ? block_bytes((const struct pool_header *)pool) : 0;
}
