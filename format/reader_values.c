/* Values of objects. Those of one chunk at a time are kept: neighbours are asked for together. */
#include "format/reader_internal.h"

#include "format/utf8.h"

#include <stdio.h>
#include <stdlib.h>

void hs_reader_values_deinit(struct hs_reader *reader)
{
    free(reader->value_object);
    free(reader->value_end);
    free(reader->value_memory);
    reader->value_object = NULL;
    reader->value_end = NULL;
    reader->value_memory = NULL;
    reader->values = 0;
    reader->values_chunk = UINT32_MAX;
}

static struct hs_error *decode_values(struct hs_reader *reader, const struct chunk_row *row,
                                      struct hs_cursor *cursor)
{
    uint32_t count;
    /* A value takes two bytes at least: its object and its length. */
    struct hs_error *error = hs_cursor_count(cursor, 2, "the count of values", &count);
    if (error)
        return error;
    reader->value_object = malloc(((size_t)count + 1) * sizeof(*reader->value_object));
    reader->value_end = malloc(((size_t)count + 1) * sizeof(*reader->value_end));
    if (!reader->value_object || !reader->value_end)
        return &hs_error_memory;
    uint64_t next = row->first;
    for (uint32_t i = 0; i < count && !error; i++) {
        uint64_t skipped = 0;
        error = hs_cursor_varint(cursor, &skipped);
        if (!error && skipped >= row->first + (uint64_t)row->objects - next)
            error = hs_cursor_error(cursor, "a value of an object of another chunk");
        reader->value_object[i] = (uint32_t)(next + skipped);
        next += skipped + 1;
    }
    uint64_t end = 0;
    for (uint32_t i = 0; i < count && !error; i++) {
        uint64_t length = 0;
        error = hs_cursor_varint_max(cursor, UINT32_MAX, "length of a value", &length);
        end += length;
        reader->value_end[i] = end;
    }
    if (!error)
        error = hs_cursor_bytes(cursor, end, &reader->value_text);
    if (!error)
        error = hs_cursor_finish(cursor);
    for (uint32_t i = 0; i < count && !error; i++) {
        uint64_t start = i ? reader->value_end[i - 1] : 0;
        if (!hs_utf8_valid(reader->value_text + start, reader->value_end[i] - start))
            error = hs_cursor_error(cursor, "the value of object %u is not UTF-8", reader->value_object[i]);
    }
    if (!error)
        reader->values = count;
    return error;
}

static struct hs_error *load_values(struct hs_reader *reader, uint32_t number)
{
    const struct chunk_row *row = &reader->row[number];
    hs_reader_values_deinit(reader);
    struct hs_error *error = NULL;
    if (row->values_blob) {
        char name[48];
        size_t bytes;
        snprintf(name, sizeof(name), "values of chunk %u", number);
        error = hs_reader_blob(reader, row->values_blob, "values", name, &reader->value_memory, &bytes);
        if (!error) {
            struct hs_cursor cursor = hs_cursor(reader->value_memory, bytes, name);
            error = decode_values(reader, row, &cursor);
        }
    }
    if (error) {
        hs_reader_values_deinit(reader);
        return hs_error_prefix(error, "%s", reader->path);
    }
    reader->values_chunk = number;
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
    uint32_t number = object / HS_CHUNK_OBJECTS;
    struct hs_error *error = number == reader->values_chunk ? NULL : load_values(reader, number);
    if (error)
        return error;
    uint32_t low = 0;
    uint32_t high = reader->values;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (reader->value_object[middle] < object)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == reader->values || reader->value_object[low] != object)
        return NULL;
    uint64_t start = low ? reader->value_end[low - 1] : 0;
    *ret = (const char *)reader->value_text + start;
    *ret_bytes = reader->value_end[low] - start;
    return NULL;
}
