#include "dump/tables.h"

#include <stdlib.h>
#include <string.h>

/* Decoded once before, when the stream was indexed: so none of the records is malformed. */
static struct hs_cursor record(const struct hs_index *index, enum hs_stream_tag tag, size_t i)
{
    return hs_index_cursor(index, index->record[tag].at[i]);
}

static uint32_t find(const struct hs_index *index, uint64_t address)
{
    return address ? hs_index_find(index, address) : HS_NO_OBJECT;
}

/* The thread that holds the root whose record is at `offset`: roots follow the thread that is theirs. */
static uint32_t root_thread(const struct hs_index *index, enum hs_root_kind kind, uint64_t offset)
{
    const struct hs_offsets *threads = &index->record[HS_STREAM_THREAD];
    if (kind != HS_ROOT_FRAME && kind != HS_ROOT_THREAD && kind != HS_ROOT_CONTEXT)
        return HS_NO_THREAD;
    size_t low = 0, high = threads->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (threads->at[middle] < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? (uint32_t)(low - 1) : HS_NO_THREAD;
}

/* Those of kind `static` are offers, and so come after the others. */
static struct hs_error *write_root(const struct hs_index *index, struct hs_reckoning *reckoning, bool offers,
                                   struct hs_writer *writer, size_t i, uint64_t *dangling)
{
    struct hs_cursor cursor = record(index, HS_STREAM_ROOT, i);
    struct hs_root_record root;
    struct hs_error *error = hs_decode_root(&cursor, &root);
    if (error)
        return error;
    if ((root.kind == HS_ROOT_STATIC) != offers)
        return NULL;
    uint32_t object = find(index, root.address);
    if (object == HS_NO_OBJECT) {
        ++*dangling;
        return NULL;
    }
    if (offers && !hs_reckoning_take(reckoning, object))
        return NULL;
    if (!offers && root.owning)
        hs_reckoning_root(reckoning, object, (enum hs_root_kind)root.kind);
    char *name = hs_text_duplicate(root.name);
    const struct hs_root_row row = {
        .object = object,
        .kind = (enum hs_root_kind)root.kind,
        .name = name,
        .thread = root_thread(index, (enum hs_root_kind)root.kind, index->record[HS_STREAM_ROOT].at[i]),
        .refs = offers || (root.owning && root.kind != HS_ROOT_MODULE),
    };
    error = name ? hs_writer_add_root(writer, &row) : &hs_error_memory;
    free(name);
    return error;
}

static struct hs_error *write_module(const struct hs_index *index, struct hs_writer *writer, size_t i,
                                     uint64_t *dangling)
{
    struct hs_cursor cursor = record(index, HS_STREAM_MODULE, i);
    struct hs_module_record module;
    struct hs_error *error = hs_decode_module(&cursor, &module);
    if (error)
        return error;
    uint32_t object = find(index, module.address);
    if (object == HS_NO_OBJECT) {
        ++*dangling;
        return NULL;
    }
    char *name = hs_text_duplicate(module.name);
    char *file = hs_text_duplicate(module.file);
    error = &hs_error_memory;
    if (name && file)
        error = hs_writer_add_module(writer, object, name, *file ? file : NULL);
    free(name);
    free(file);
    return error;
}

static struct hs_error *write_thread(const struct hs_index *index, struct hs_writer *writer, size_t i)
{
    struct hs_cursor cursor = record(index, HS_STREAM_THREAD, i);
    struct hs_thread_record thread;
    struct hs_error *error = hs_decode_thread(&cursor, &thread);
    if (error)
        return error;
    char *name = hs_text_duplicate(thread.name);
    if (!name)
        return &hs_error_memory;
    error = hs_writer_add_thread(writer, (uint32_t)i, (int64_t)thread.native_id, *name ? name : NULL,
                                 find(index, thread.address));
    free(name);
    return error;
}

static struct hs_error *write_frame(const struct hs_index *index, struct hs_writer *writer, size_t i)
{
    struct hs_cursor cursor = record(index, HS_STREAM_FRAME, i);
    struct hs_frame_record frame;
    struct hs_error *error = hs_decode_frame(&cursor, &frame);
    if (error)
        return error;
    if (frame.thread >= index->record[HS_STREAM_THREAD].count)
        return hs_cursor_error(&cursor, "a frame of thread %u, of which there are %zu", frame.thread,
                               index->record[HS_STREAM_THREAD].count);
    char *function = hs_text_duplicate(frame.function);
    char *file = hs_text_duplicate(frame.file);
    error = &hs_error_memory;
    if (function && file)
        error = hs_writer_add_frame(writer, frame.thread, frame.depth, function, file, frame.line,
                                    find(index, frame.code), find(index, frame.frame));
    free(function);
    free(file);
    return error;
}

static struct hs_error *write_site(const struct hs_index *index, struct hs_writer *writer, size_t i)
{
    struct hs_cursor cursor = record(index, HS_STREAM_SITE, i);
    struct hs_site_record site;
    struct hs_error *error = hs_decode_site(&cursor, &site);
    if (error)
        return error;
    char *file = hs_text_duplicate(site.file);
    error = file ? hs_writer_add_site(writer, file, site.line) : &hs_error_memory;
    free(file);
    return error;
}

static bool is_memory(const char *name)
{
    static const char *const names[] = {
        "rss",           "vm_size",     "python_objects", "pymalloc_arenas",   "pymalloc_used",
        "pymalloc_free", "malloc_used", "malloc_free",    "used_not_resident", "free_not_resident",
        "mapped_files",  "anonymous",   "thread_stacks",  "unexplained",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!strcmp(name, names[i]))
            return true;
    }
    return false;
}

static struct hs_error *write_fact(const struct hs_index *index, struct hs_writer *writer, size_t i)
{
    struct hs_cursor cursor = record(index, HS_STREAM_FACT, i);
    struct hs_fact_record fact;
    struct hs_error *error = hs_decode_fact(&cursor, &fact);
    if (error)
        return error;
    char *name = hs_text_duplicate(fact.name);
    if (!name)
        return &hs_error_memory;
    error = is_memory(name) ? hs_writer_add_memory(writer, name, fact.value)
                            : hs_writer_fact_int(writer, name, fact.value);
    free(name);
    return error;
}

static struct hs_error *write_text(const struct hs_index *index, struct hs_writer *writer, size_t i)
{
    struct hs_cursor cursor = record(index, HS_STREAM_TEXT, i);
    struct hs_fact_record fact;
    struct hs_error *error = hs_decode_named_text(&cursor, &fact);
    if (error)
        return error;
    char *name = hs_text_duplicate(fact.name);
    char *text = hs_text_duplicate(fact.text);
    error = name && text ? hs_writer_fact_text(writer, name, text) : &hs_error_memory;
    free(name);
    free(text);
    return error;
}

struct hs_error *hs_tables_write(const struct hs_index *index, struct hs_reckoning *reckoning,
                                 struct hs_writer *writer, uint64_t *dangling)
{
    struct hs_error *error = NULL;
    for (size_t i = 0; !error && i < index->record[HS_STREAM_FACT].count; i++)
        error = write_fact(index, writer, i);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_TEXT].count; i++)
        error = write_text(index, writer, i);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_ROOT].count; i++)
        error = write_root(index, reckoning, false, writer, i, dangling);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_ROOT].count; i++)
        error = write_root(index, reckoning, true, writer, i, dangling);
    if (!error)
        error = hs_reckoning_write(reckoning, writer);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_MODULE].count; i++)
        error = write_module(index, writer, i, dangling);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_THREAD].count; i++)
        error = write_thread(index, writer, i);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_FRAME].count; i++)
        error = write_frame(index, writer, i);
    for (size_t i = 0; !error && i < index->record[HS_STREAM_SITE].count; i++)
        error = write_site(index, writer, i);
    return error;
}

int64_t hs_tables_fact(const struct hs_index *index, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    for (size_t i = 0; i < index->record[HS_STREAM_FACT].count; i++) {
        struct hs_cursor cursor = record(index, HS_STREAM_FACT, i);
        struct hs_fact_record fact;
        struct hs_error *error = hs_decode_fact(&cursor, &fact);
        if (!error && fact.name.size == strlen(name) && !memcmp(fact.name.bytes, name, fact.name.size))
            value = fact.value;
        hs_error_destroy(error);
    }
    return value;
}
