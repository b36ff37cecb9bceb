#include "dump/agent/heap.h"

/* struct malloc_chunk: the size of the chunk before it if that is free, its own size with three flags, then the user's
 * bytes; or, if it is free, links. */
enum {
    CHUNK_SIZE = 8,
    CHUNK_LINK = 16,
    CHUNK_ALIGNMENT = 16,
    CHUNK_FENCE = 16, /* the last chunks of a heap that does not grow any more */
    FLAG_PREVIOUS_USED = 1,
    FLAG_MAPPED = 2,
    FLAGS = 7,
};

/* struct malloc_state */
enum {
    STATE_FAST_BINS = 16,
    FAST_BINS = 10,
    STATE_TOP = 96,
    STATE_BINS = 112, /* pairs of links; that of an empty bin leads to 16 bytes before itself */
    STATE_NEXT = 2160,
    STATE_SYSTEM_BYTES = 2184,
    STATE_BYTES = 2200,
};

/* struct _heap_info. In glibc 2.35 a field joined, so it is 48 bytes from then on, 32 before; the arena itself follows in its first heap. */
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

/* Walks the chunks of start..end. Returns the address of the top chunk, 0 if there is none or the walk broke off. */
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

/* Sums up the chunks in the fast bins of the arena at `state`, all of which lie in start..end. From glibc 2.32 on links are
 * mangled with their own place. A list that leads elsewhere ends there. */
static uint64_t fast_bins(uint64_t state, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < FAST_BINS; i++) {
        uint64_t size = (uint64_t)(i + 2) * CHUNK_ALIGNMENT;
        uint64_t chunk = word(state + STATE_FAST_BINS + i * sizeof(uint64_t));
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

/* Is `state` the arena whose top chunk is known? Its unsorted bin is empty or leads into the heap, and the list of arenas
 * leads to itself or to the start of a heap. */
static bool is_main_arena(uint64_t state, const struct hs_mapping *main)
{
    uint64_t bin = word(state + STATE_BINS), next = word(state + STATE_NEXT);
    bool listed = next == state;
    for (size_t i = 0; i < sizeof info_bytes / sizeof info_bytes[0]; i++)
        listed |= next % HS_HEAP_ALIGNMENT == info_bytes[i];
    return listed && (bin == state + STATE_TOP || (bin >= main->start && bin < main->end)) &&
           word(state + STATE_SYSTEM_BYTES) >= main->end - main->start;
}

bool hs_heap_add_fast_bins(struct hs_heap *heap, const struct hs_mapping *data, const struct hs_mapping *main)
{
    if (!heap->top || data->end - data->start < STATE_BYTES)
        return false;
    for (uint64_t state = data->start; state <= data->end - STATE_BYTES; state += sizeof(uint64_t)) {
        if (word(state + STATE_TOP) != heap->top || !is_main_arena(state, main))
            continue;
        move_to_free(heap, fast_bins(state, main->start, main->end));
        return true;
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
    if (arena == first)
        first += (STATE_BYTES + CHUNK_ALIGNMENT - 1) & ~(CHUNK_ALIGNMENT - 1);
    heap->used += first - address;
    walk(heap, residency, first, end);
    if (arena == address + info)
        move_to_free(heap, fast_bins(arena, address, end));
    return end;
}

uint64_t hs_heap_add_mapped(struct hs_heap *heap, const struct hs_residency *residency, uint64_t address)
{
    uint64_t before = word(address), size = word(address + CHUNK_SIZE), bytes = size & ~(uint64_t)FLAGS;
    if (before || (size & FLAGS) != FLAG_MAPPED || bytes % HS_PAGE_BYTES || bytes < MAPPED_MIN ||
        bytes > residency->end - address)
        return 0;
    add_chunk(heap, residency, address, bytes, true);
    return address + bytes;
}
