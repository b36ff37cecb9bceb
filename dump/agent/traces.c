#include "dump/agent/traces.h"

#include "dump/agent/text.h"
#include "dump/agent/types.h"
#include "dump/agent/visited.h"

/* Python/hashtable.c (3.9 and later; Modules/hashtable.c in 3.8): two counts and the heads of chains of
 * entries, each {next, hash of the key, key, value}. 3.8 has the buckets' count first, and in place of the
 * value the trace itself. Python/tracemalloc.c (Modules/_tracemalloc.c until 3.12), trace_t: {size,
 * traceback}; traceback_t, of which the first frame is the innermost: {hash, 16-bit counts, packed {file,
 * 32-bit line}...}. File is a str, and since 3.15 a C string (Include/internal/pycore_tracemalloc.h). */
enum {
    WORD = 8,
    TABLE_BYTES = 10 * WORD,
    TABLE_BUCKETS = 2 * WORD,
    ENTRY_NEXT = 0,
    ENTRY_HASH = WORD,
    ENTRY_KEY = 2 * WORD,
    ENTRY_VALUE = 3 * WORD,
    ENTRY_BYTES = 4 * WORD,
    TRACE_TRACEBACK = WORD,
    TRACE_BYTES = 2 * WORD,
    TRACEBACK_FRAMES = WORD,
    TRACEBACK_FILE = 12,
    TRACEBACK_LINE = 20,
    TRACEBACK_BYTES = 24,

    BUCKETS_LEAST = 16,   /* HASHTABLE_MIN_SIZE */
    BLOCK_ALIGNMENT = 16, /* malloc's */
    ENTRIES_CHECKED = 16,
    BUCKETS_CHECKED = 1 << 16,
    CHAIN_MAX = 1 << 10,
    FILE_BYTES = 1024,
    SITES_MAX = 1 << 20,
    SITES_ROOM = 1 << 12,
};

struct hs_site {
    uint64_t file; /* 0: free */
    uint32_t line;
    uint32_t number;
};

/* Does `address` lie, with `bytes` after it, in memory that can be read? `private`: such as malloc gives. */
static bool inside(const struct hs_mappings *mappings, uint64_t address, uint64_t bytes, bool private)
{
    uint32_t low = 0, high = mappings->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mappings->item[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    const struct hs_mapping *mapping = &mappings->item[low];
    return low < mappings->count && mapping->usable && address >= mapping->start &&
           bytes <= mapping->end - address &&
           (!private || mapping->kind == HS_MAPPING_ANONYMOUS || mapping->kind == HS_MAPPING_HEAP);
}

/* _Py_HashPointerRaw, Python/pyhash.c (3.8: _Py_HashPointer) */
static uint64_t hash_pointer(uint64_t pointer)
{
    return pointer >> 4 | pointer << 60;
}

static uint64_t traceback_of(const struct hs_traces *traces, uint64_t entry)
{
    uint64_t trace = traces->inlined ? entry + ENTRY_VALUE : hs_word(entry, ENTRY_VALUE);
    return hs_word(trace, TRACE_TRACEBACK);
}

/* Fields of packed structures are not aligned. */
static uint64_t file_of(uint64_t traceback)
{
    uint64_t file;
    memcpy(&file, (const void *)(traceback + TRACEBACK_FILE), sizeof file);
    return file;
}

/* Is there the name of a file? */
static bool is_file(const struct hs_layout *layout, const struct hs_mappings *mappings, uint64_t file,
                    bool *ret_text)
{
    if (!inside(mappings, file, WORD * 2, false))
        return false;
    uint64_t type = hs_word(file, layout->ob_type);
    *ret_text = !(type % WORD == 0 && inside(mappings, type, (uint64_t)layout->tp_flags + WORD, false) &&
                  hs_word(type, layout->tp_flags) & HS_TPFLAGS_UNICODE_SUBCLASS);
    const unsigned char *text = (const unsigned char *)file;
    return !*ret_text || (text[0] >= ' ' && text[1] >= ' ' && text[2] >= ' ');
}

static bool is_traceback(struct hs_traces *traces, const struct hs_mappings *mappings, uint64_t entry)
{
    uint64_t trace = entry + ENTRY_VALUE;
    if (!traces->inlined)
        trace = hs_word(entry, ENTRY_VALUE);
    if (!inside(mappings, trace, TRACE_BYTES, true))
        return false;
    uint64_t traceback = hs_word(trace, TRACE_TRACEBACK);
    return inside(mappings, traceback, TRACEBACK_BYTES, false) &&
           hs_word32(traceback, TRACEBACK_FRAMES) & 0xffff &&
           is_file(traces->layout, mappings, file_of(traceback), &traces->text);
}

/* Do the first entries look like those of blocks of memory? What was allocated outside of Python code has no
 * file. */
static bool check_entries(struct hs_traces *traces, const struct hs_mappings *mappings)
{
    unsigned checked = 0, good = 0;
    for (uint64_t i = 0; i <= traces->mask && i < BUCKETS_CHECKED && checked < ENTRIES_CHECKED; i++) {
        uint64_t entry = hs_word(traces->buckets, (int32_t)(i * WORD));
        if (!entry)
            continue;
        if (entry % WORD || !inside(mappings, entry, ENTRY_BYTES + WORD, true) ||
            hs_word(entry, ENTRY_HASH) != hash_pointer(hs_word(entry, ENTRY_KEY)))
            return false;
        checked++;
        good += is_traceback(traces, mappings, entry);
    }
    return good > checked / 2;
}

void hs_traces_look(struct hs_traces *traces, const struct hs_layout *layout,
                    const struct hs_mappings *mappings, uint64_t address)
{
    if (address % BLOCK_ALIGNMENT || !inside(mappings, address, TABLE_BYTES, true))
        return;
    for (int inlined = 0; inlined <= 1; inlined++) {
        uint64_t entries = hs_word(address, inlined ? WORD : 0),
                 buckets = hs_word(address, inlined ? 0 : WORD);
        struct hs_traces found = {
            .table = address,
            .layout = layout,
            .buckets = hs_word(address, TABLE_BUCKETS),
            .mask = buckets - 1,
            .inlined = inlined,
        };
        if (buckets < BUCKETS_LEAST || buckets & (buckets - 1) || !entries || entries > buckets ||
            buckets >> HS_ADDRESS_BITS || found.buckets % BLOCK_ALIGNMENT ||
            !inside(mappings, found.buckets, buckets * WORD, true) || !check_entries(&found, mappings))
            continue;
        found.site = hs_pages_map(SITES_ROOM * sizeof *found.site);
        found.sites_room = SITES_ROOM;
        if (found.site)
            *traces = found;
        return;
    }
}

/* The traceback of a block; 0 if it has none. */
static uint64_t find(const struct hs_traces *traces, uint64_t block)
{
    uint64_t hash = hash_pointer(block);
    uint64_t entry = hs_word(traces->buckets + (hash & traces->mask) * WORD, 0);
    for (unsigned i = 0; entry && i < CHAIN_MAX; i++) {
        if (hs_word(entry, ENTRY_KEY) == block)
            return traceback_of(traces, entry);
        entry = hs_word(entry, ENTRY_NEXT);
    }
    return 0;
}

/* The place's entry, or the free one where it belongs. */
static struct hs_site *find_site(struct hs_site *site, uint32_t room, uint64_t file, uint32_t line)
{
    uint64_t hash = (file ^ (uint64_t)line << 40) * 0x9e3779b97f4a7c15;
    uint32_t at = (uint32_t)(hash >> 32) & (room - 1);
    while (site[at].file && (site[at].file != file || site[at].line != line))
        at = (at + 1) & (room - 1);
    return &site[at];
}

static bool sites_grow(struct hs_traces *traces)
{
    if (traces->sites < traces->sites_room / 2)
        return true;
    uint32_t room = 2 * traces->sites_room;
    struct hs_site *larger = traces->sites < SITES_MAX ? hs_pages_map(room * sizeof *larger) : NULL;
    if (!larger)
        return false;
    for (uint32_t i = 0; i < traces->sites_room; i++)
        if (traces->site[i].file)
            *find_site(larger, room, traces->site[i].file, traces->site[i].line) = traces->site[i];
    hs_pages_unmap(traces->site, traces->sites_room * sizeof *traces->site);
    traces->site = larger;
    traces->sites_room = room;
    return true;
}

static size_t file_text(const struct hs_traces *traces, uint64_t file, char *scratch, const char **ret)
{
    if (!traces->text)
        return hs_str_utf8(traces->layout, file, scratch, FILE_BYTES, ret);
    size_t bytes = 0;
    for (const char *text = (const char *)file; bytes < FILE_BYTES && text[bytes]; bytes++)
        scratch[bytes] = text[bytes];
    *ret = scratch;
    return bytes;
}

/* The number of the place, which is written when it is new; false if there are too many. */
static bool mint_site(struct hs_traces *traces, struct hs_emit *emit, uint64_t file, uint32_t line,
                      uint32_t *ret)
{
    struct hs_site *site = find_site(traces->site, traces->sites_room, file, line);
    if (!site->file) {
        if (!sites_grow(traces))
            return false;
        char scratch[FILE_BYTES];
        const char *text;
        size_t bytes = file_text(traces, file, scratch, &text);
        hs_emit_room(emit, 3 * HS_VARINT_MAX + FILE_BYTES);
        hs_emit_byte(emit, HS_STREAM_SITE);
        hs_emit_varint(emit, line);
        hs_emit_text(emit, text, bytes);
        hs_emit_commit(emit, false);
        site = find_site(traces->site, traces->sites_room, file, line);
        *site = (struct hs_site){file, line, traces->sites++};
    }
    *ret = site->number;
    return true;
}

void hs_traces_write(struct hs_traces *traces, struct hs_emit *emit, uint64_t block)
{
    uint32_t site;
    traces->reading = true;
    uint64_t traceback = find(traces, block);
    uint64_t file = traceback ? file_of(traceback) : 0;
    if (file && mint_site(traces, emit, file, hs_word32(traceback, TRACEBACK_LINE), &site)) {
        hs_emit_room(emit, 2 * HS_VARINT_MAX);
        hs_emit_byte(emit, HS_STREAM_ALLOCATED);
        hs_emit_varint(emit, site);
        hs_emit_commit(emit, false);
    }
    traces->reading = false;
}

void hs_traces_fault(struct hs_traces *traces)
{
    if (traces->reading)
        traces->table = 0;
    traces->reading = false;
}
