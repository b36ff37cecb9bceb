/* Values of objects, decoded chunk by chunk. Keys of dicts, whose values name references, lie anywhere, so
 * the values of many chunks are kept, up to a bound.
 */
#include "format/reader_internal.h"

#include "format/utf8.h"

#include <stdio.h>
#include <stdlib.h>

/* With previews a chunk has some 300 KB of them. With the whole text of long strings it can be a hundred MB,
 * and a path leads through several chunks: if these do not fit they are inflated again for every step. */
#define VALUES_BYTES_MAX ((size_t)256 << 20)

static void values_destroy(struct values *values)
{
    if (!values)
        return;
    free(values->object);
    free(values->end);
    free(values->memory);
    free(values);
}

void hs_reader_values_deinit(struct hs_reader *reader)
{
    for (uint32_t i = 0; reader->values && i < reader->chunks; i++)
        values_destroy(reader->values[i]);
    free(reader->values);
    reader->values = NULL;
    reader->values_bytes = 0;
}

static struct hs_error *decode_values(struct values *values, const struct chunk_row *row,
                                      struct hs_cursor *cursor)
{
    uint32_t count;
    /* A value takes two bytes at least: its object and its length. */
    struct hs_error *error = hs_cursor_count(cursor, 2, "the count of values", &count);
    if (error)
        return error;
    values->object = malloc(((size_t)count + 1) * sizeof(*values->object));
    values->end = malloc(((size_t)count + 1) * sizeof(*values->end));
    if (!values->object || !values->end)
        return &hs_error_memory;
    values->bytes += count * (sizeof(*values->object) + sizeof(*values->end));
    uint64_t next = row->first;
    for (uint32_t i = 0; i < count && !error; i++) {
        uint64_t skipped = 0;
        error = hs_cursor_varint(cursor, &skipped);
        if (!error && skipped >= row->first + (uint64_t)row->objects - next)
            error = hs_cursor_error(cursor, "a value of an object of another chunk");
        values->object[i] = (uint32_t)(next + skipped);
        next += skipped + 1;
    }
    uint64_t end = 0;
    for (uint32_t i = 0; i < count && !error; i++) {
        uint64_t length = 0;
        error = hs_cursor_varint_max(cursor, UINT32_MAX, "length of a value", &length);
        end += length;
        values->end[i] = end;
    }
    if (!error)
        error = hs_cursor_bytes(cursor, end, &values->text);
    if (!error)
        error = hs_cursor_finish(cursor);
    for (uint32_t i = 0; i < count && !error; i++) {
        uint64_t start = i ? values->end[i - 1] : 0;
        if (!hs_utf8_valid(values->text + start, values->end[i] - start))
            error = hs_cursor_error(cursor, "the value of object %u is not UTF-8", values->object[i]);
    }
    if (!error)
        values->count = count;
    return error;
}

static struct hs_error *values_create(struct hs_reader *reader, uint32_t number, struct values **ret)
{
    const struct chunk_row *row = &reader->row[number];
    struct values *values = calloc(1, sizeof(*values));
    if (!values)
        return &hs_error_memory;
    char name[48];
    snprintf(name, sizeof(name), "values of chunk %u", number);
    struct hs_error *error =
        hs_reader_blob(reader, row->values_blob, "values", name, &values->memory, &values->bytes);
    if (!error) {
        struct hs_cursor cursor = hs_cursor(values->memory, values->bytes, name);
        error = decode_values(values, row, &cursor);
    }
    if (error) {
        values_destroy(values);
        return hs_error_prefix(error, "%s", reader->path);
    }
    *ret = values;
    return NULL;
}

/* Drops what was not used for longest until there is room for `bytes` more. */
static void make_room(struct hs_reader *reader, size_t bytes)
{
    while (reader->values_bytes && reader->values_bytes + bytes > VALUES_BYTES_MAX) {
        struct values **oldest = NULL;
        for (uint32_t i = 0; i < reader->chunks; i++)
            if (reader->values[i] && (!oldest || reader->values[i]->used < (*oldest)->used))
                oldest = &reader->values[i];
        reader->values_bytes -= (*oldest)->bytes;
        values_destroy(*oldest);
        *oldest = NULL;
    }
}

/* The values of a chunk, NULL if it has none. */
static struct hs_error *find_values(struct hs_reader *reader, uint32_t number, struct values **ret)
{
    *ret = NULL;
    if (!reader->row[number].values_blob)
        return NULL;
    if (!reader->values)
        reader->values = calloc(reader->chunks, sizeof(struct values *));
    if (!reader->values)
        return &hs_error_memory;
    if (!reader->values[number]) {
        struct values *values = NULL;
        struct hs_error *error = values_create(reader, number, &values);
        if (error)
            return error;
        make_room(reader, values->bytes);
        reader->values[number] = values;
        reader->values_bytes += values->bytes;
    }
    *ret = reader->values[number];
    (*ret)->used = ++reader->values_clock;
    return NULL;
}

struct hs_error *hs_reader_value(struct hs_reader *reader, uint32_t object, const char **ret,
                                 size_t *ret_bytes)
{
    *ret = NULL;
    *ret_bytes = 0;
    if (object >= reader->objects)
        return hs_error_create(HS_ERROR_USAGE, "%s: there is no object %u", reader->path, object);
    if (reader->plain)
        return hs_reader_plain_value(reader, object, ret, ret_bytes);
    struct values *values = NULL;
    struct hs_error *error = find_values(reader, object / HS_CHUNK_OBJECTS, &values);
    if (error || !values)
        return error;
    uint32_t low = 0;
    uint32_t high = values->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (values->object[middle] < object)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == values->count || values->object[low] != object)
        return NULL;
    uint64_t start = low ? values->end[low - 1] : 0;
    *ret = (const char *)values->text + start;
    *ret_bytes = values->end[low] - start;
    return NULL;
}
