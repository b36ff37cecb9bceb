#include "dump/agent/heap.h"

/* struct malloc_chunk: the size of the chunk before it if that is free, its own size with three flags, then
 * the user's bytes; or, if it is free, links. */
enum {
    CHUNK_SIZE = 8,
    CHUNK_LINK = 16,
    CHUNK_HEADER = 16,
    CHUNK_ALIGNMENT = 16,
    CHUNK_FENCE = 16, /* the last chunks of a heap that does not grow any more */
    FLAG_PREVIOUS_USED = 1,
    FLAG_MAPPED = 2,
    FLAGS = 7,
    MAPPED_HUGE = 1,
};

/* struct malloc_state. Until glibc 2.42 it has fast bins: lists of chunks that look used. */
enum {
    FAST_BINS = 10,
    BINS = 127, /* pairs of links; those of an empty bin lead to 16 bytes before the pair */
    BIN_BYTES = 16,
    EMPTY_BINS_MIN = 8, /* of an arena there are always more */
};
struct arena_shape {
    uint32_t fast_bins; /* 0: none */
    uint32_t top;
    uint32_t bins;
    uint32_t next;
    uint32_t system_bytes;
    uint32_t bytes;
};
static const struct arena_shape shapes[] = {{16, 96, 112, 2160, 2184, 2200}, {0, 8, 24, 2072, 2096, 2112}};
#define SHAPES     (sizeof shapes / sizeof shapes[0])
#define STATE_ROOM 2200 /* of the larger one */

/* struct _heap_info. In glibc 2.35 a field joined, so it is 48 bytes from then on, 32 before; the arena
 * itself follows in its first heap. */
enum {
    INFO_ARENA = 0,
    INFO_BYTES = 16,
};
static const uint32_t info_bytes[] = {48, 32};

/* M_MMAP_THRESHOLD: smaller blocks get a mapping of their own only if the heap cannot grow. */
enum { MAPPED_MIN = 128 << 10 };

static uint64_t word(uint64_t address)
{
    return *(const uint64_t *)address;
}

void hs_heap_init(struct hs_heap *heap)
{
    *heap = (struct hs_heap){.complete = true};
}

static void add_chunk(struct hs_heap *heap, const struct hs_residency *residency, uint64_t chunk,
                      uint64_t bytes, bool used)
{
    uint64_t missing = bytes > HS_PAGE_BYTES ? hs_residency_missing(residency, chunk, chunk + bytes) : 0;
    *(used ? &heap->used : &heap->free) += bytes;
    *(used ? &heap->used_missing : &heap->free_missing) += missing;
}

/* Walks the chunks of start..end. Returns the address of the top chunk, 0 if there is none or the walk broke
 * off. */
static uint64_t walk(struct hs_heap *heap, const struct hs_residency *residency, uint64_t start, uint64_t end)
{
    uint64_t chunk = start;
    while (chunk + CHUNK_LINK <= end) {
        uint64_t size = word(chunk + CHUNK_SIZE), bytes = size & ~(uint64_t)FLAGS;
        if (bytes == 0 && chunk != start)
            return 0; /* the second fence */
        if (size & FLAG_MAPPED || bytes < CHUNK_FENCE || bytes % CHUNK_ALIGNMENT || bytes > end - chunk)
            break;
        if (bytes == end - chunk) {
            add_chunk(heap, residency, chunk, bytes, false);
            return chunk;
        }
        uint64_t next = chunk + bytes;
        if (next + CHUNK_LINK > end)
            break;
        bool used = word(next + CHUNK_SIZE) & FLAG_PREVIOUS_USED;
        if (!used && word(next) != bytes)
            break;
        add_chunk(heap, residency, chunk, bytes, used);
        chunk = next;
    }
    heap->complete = false;
    return 0;
}

void hs_heap_add_main(struct hs_heap *heap, const struct hs_residency *residency)
{
    heap->top = walk(heap, residency, residency->start, residency->end);
}

/* Is an arena of this shape at `state`? Then there are bins that lead to themselves; those of the other shape
 * lie between them. */
static bool has_shape(uint64_t state, const struct arena_shape *shape)
{
    unsigned empty = 0;
    for (unsigned i = 0; i < BINS; i++) {
        uint64_t bin = state + shape->bins + i * BIN_BYTES;
        empty += word(bin) == bin - BIN_BYTES && word(bin + sizeof(uint64_t)) == bin - BIN_BYTES;
    }
    return empty >= EMPTY_BINS_MIN;
}

/* Sums up the chunks in the fast bins of the arena at `state`, all of which lie in start..end. From glibc
 * 2.32 on links are mangled with their own place. A list that leads elsewhere ends there. */
static uint64_t fast_bins(uint64_t state, const struct arena_shape *shape, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; shape->fast_bins && i < FAST_BINS; i++) {
        uint64_t size = (uint64_t)(i + 2) * CHUNK_ALIGNMENT;
        uint64_t chunk = word(state + shape->fast_bins + i * sizeof(uint64_t));
        for (uint64_t left = (end - start) / size; left; left--) {
            if (chunk < start || chunk + size > end || chunk % CHUNK_ALIGNMENT ||
                (word(chunk + CHUNK_SIZE) & ~(uint64_t)FLAGS) != size)
                break;
            bytes += size;
            uint64_t link = word(chunk + CHUNK_LINK), plain = link ^ (chunk + CHUNK_LINK) >> HS_PAGE_BITS;
            chunk = link >= start && link < end && link % CHUNK_ALIGNMENT == 0 ? link : plain;
        }
    }
    return bytes;
}

static void move_to_free(struct hs_heap *heap, uint64_t bytes)
{
    if (bytes > heap->used)
        return;
    heap->used -= bytes;
    heap->free += bytes;
}

/* Is `state` the arena whose top chunk is known? The list of arenas leads to itself or to the start of a
 * heap. */
static bool is_main_arena(uint64_t state, const struct arena_shape *shape, const struct hs_heap *heap,
                          const struct hs_mapping *main)
{
    if (word(state + shape->top) != heap->top)
        return false;
    uint64_t next = word(state + shape->next);
    bool listed = next == state;
    for (size_t i = 0; i < sizeof info_bytes / sizeof info_bytes[0]; i++)
        listed |= next % HS_HEAP_ALIGNMENT == info_bytes[i];
    return listed && word(state + shape->system_bytes) >= main->end - main->start && has_shape(state, shape);
}

bool hs_heap_add_fast_bins(struct hs_heap *heap, const struct hs_mapping *data, const struct hs_mapping *main)
{
    if (!heap->top || data->end - data->start < STATE_ROOM)
        return false;
    for (uint64_t state = data->start; state <= data->end - STATE_ROOM; state += sizeof(uint64_t)) {
        for (size_t i = 0; i < SHAPES; i++) {
            if (is_main_arena(state, &shapes[i], heap, main)) {
                move_to_free(heap, fast_bins(state, &shapes[i], main->start, main->end));
                return true;
            }
        }
    }
    return false;
}

uint64_t hs_heap_add_other(struct hs_heap *heap, const struct hs_residency *residency, uint64_t address)
{
    if (address % HS_HEAP_ALIGNMENT || residency->end - address < HS_PAGE_BYTES)
        return 0;
    uint64_t arena = word(address + INFO_ARENA), bytes = word(address + INFO_BYTES), end = address + bytes;
    uint32_t info = 0;
    for (size_t i = 0; i < sizeof info_bytes / sizeof info_bytes[0]; i++)
        if (arena % HS_HEAP_ALIGNMENT == info_bytes[i])
            info = info_bytes[i];
    if (!info || bytes % HS_PAGE_BYTES || bytes < HS_PAGE_BYTES || bytes > residency->end - address)
        return 0;
    uint64_t first = address + info;
    const struct arena_shape *shape = NULL;
    for (size_t i = 0; arena == first && !shape && i < SHAPES; i++)
        shape = has_shape(arena, &shapes[i]) ? &shapes[i] : NULL;
    if (arena == first && !shape)
        return 0;
    if (shape)
        first += (shape->bytes + CHUNK_ALIGNMENT - 1) & ~(CHUNK_ALIGNMENT - 1);
    heap->used += first - address;
    walk(heap, residency, first, end);
    if (shape)
        move_to_free(heap, fast_bins(arena, shape, address, end));
    return end;
}

/* The size of the mapping: until glibc 2.42 that of the chunk. From 2.43 on the chunk's does not count its
 * header, and the lowest bit of the word before it says that the mapping has huge pages (malloc/malloc.c:
 * mmap_size(), MMAP_HP). */
uint64_t hs_heap_add_mapped(struct hs_heap *heap, const struct hs_residency *residency, uint64_t address)
{
    uint64_t before = word(address), size = word(address + CHUNK_SIZE), bytes = size & ~(uint64_t)FLAGS;
    if (bytes % HS_PAGE_BYTES == HS_PAGE_BYTES - CHUNK_HEADER)
        bytes += CHUNK_HEADER;
    else if (before)
        return 0;
    if (before > MAPPED_HUGE || (size & FLAGS) != FLAG_MAPPED || bytes % HS_PAGE_BYTES ||
        bytes < MAPPED_MIN || bytes > residency->end - address)
        return 0;
    add_chunk(heap, residency, address, bytes, true);
    return address + bytes;
}
