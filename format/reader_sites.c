/* Where objects were allocated. Who asks goes from object to object, mostly of one chunk, so that one chunk's
 * sites are kept.
 */
#include "format/reader_internal.h"

#include "format/column.h"

#include <stdio.h>
#include <stdlib.h>

/* Tracing programs have some thousands of places that allocate. */
#define SITES_MAX (1 << 24)

static struct hs_error *read_sites(struct hs_reader *reader, struct sqlite3_stmt *statement, uint32_t rows)
{
    struct hs_error *error = NULL;
    int status = SQLITE_DONE;
    while (!error && reader->sites < rows && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        const char *file = (const char *)sqlite3_column_text(statement, 0);
        size_t bytes = (size_t)sqlite3_column_bytes(statement, 0);
        char *text = file ? malloc(bytes + 24) : NULL;
        if (text)
            sprintf(text, "%s:%lld", file, (long long)sqlite3_column_int64(statement, 1));
        else
            error = &hs_error_memory;
        if (text)
            reader->site[reader->sites++] = text;
    }
    if (!error && reader->sites < rows)
        error = status == SQLITE_DONE ? hs_error_create(HS_ERROR_CORRUPT, "the table sites has lost rows")
                                      : hs_sqlite_error(reader->db, "read the table sites");
    return error;
}

struct hs_error *hs_reader_read_sites(struct hs_reader *reader)
{
    struct sqlite3_stmt *count = NULL, *statement = NULL;
    struct hs_error *error = hs_reader_prepare(reader, "SELECT count(*) FROM sites", &count);
    if (!error && sqlite3_step(count) != SQLITE_ROW)
        error = hs_sqlite_error(reader->db, "count the sites");
    int64_t rows = error ? 0 : sqlite3_column_int64(count, 0);
    if (rows > SITES_MAX)
        error = hs_error_create(HS_ERROR_LIMIT, "%lld sites", (long long)rows);
    if (!error)
        error = hs_reader_prepare(reader, "SELECT file, line FROM sites ORDER BY id", &statement);
    reader->site = error ? NULL : calloc((size_t)rows + 1, sizeof(*reader->site));
    if (!error)
        error = reader->site ? read_sites(reader, statement, (uint32_t)rows) : &hs_error_memory;
    sqlite3_finalize(count);
    sqlite3_finalize(statement);
    return error;
}

uint32_t hs_reader_sites(const struct hs_reader *reader)
{
    return reader->sites;
}

void hs_reader_sites_deinit(struct hs_reader *reader)
{
    for (uint32_t i = 0; i < reader->sites; i++)
        free(reader->site[i]);
    free(reader->site);
    free(reader->chunk_site);
    reader->site = NULL;
    reader->sites = 0;
    reader->chunk_site = NULL;
}

static struct hs_error *decode(struct hs_reader *reader, uint32_t number)
{
    const struct chunk_row *row = &reader->row[number];
    uint8_t *memory = NULL;
    size_t bytes = 0;
    char name[48];
    snprintf(name, sizeof(name), "sites of chunk %u", number);
    struct hs_error *error = hs_reader_blob(reader, row->sites_blob, "sites", name, &memory, &bytes);
    if (error)
        return error;
    struct hs_cursor cursor = hs_cursor(memory, bytes, name);
    reader->sites_of = UINT32_MAX;
    error = hs_column_get_numbers(&cursor, reader->chunk_site, NULL, row->objects);
    if (!error)
        error = hs_cursor_finish(&cursor);
    for (uint32_t i = 0; i < row->objects && !error; i++)
        if (reader->chunk_site[i] > reader->sites)
            error = hs_cursor_error(&cursor, "object %u was allocated at a site that does not exist",
                                    row->first + i);
    free(memory);
    if (!error)
        reader->sites_of = number;
    return error;
}

struct hs_error *hs_reader_allocated_at(struct hs_reader *reader, uint32_t object, const char **ret)
{
    *ret = NULL;
    if (object >= reader->objects)
        return hs_error_create(HS_ERROR_USAGE, "%s: there is no object %u", reader->path, object);
    if (!reader->sites)
        return NULL;
    if (reader->plain)
        return hs_reader_plain_site(reader, object, ret);
    uint32_t number = object / HS_CHUNK_OBJECTS;
    if (!reader->row[number].sites_blob)
        return NULL;
    if (!reader->chunk_site) {
        reader->chunk_site = malloc(HS_CHUNK_OBJECTS * sizeof(*reader->chunk_site));
        reader->sites_of = UINT32_MAX;
        if (!reader->chunk_site)
            return &hs_error_memory;
    }
    struct hs_error *error = NULL;
    if (reader->sites_of != number)
        error = hs_error_prefix(decode(reader, number), "%s", reader->path);
    if (error)
        return error;
    uint64_t site = reader->chunk_site[object % HS_CHUNK_OBJECTS];
    *ret = site ? reader->site[site - 1] : NULL;
    return NULL;
}
