/* heapquery verify: all that can be checked about a snapshot file. Opening it has compared the schema and the
 * checksums of small tables. */
#include "format/reader_internal.h"

#include <stdlib.h>

/* What is counted while all chunks are read, to compare with what the small tables say. */
struct tally {
    uint64_t refs;
    uint64_t tracked;
    uint64_t shallow_bytes;
    uint64_t *objects_of_type; /* [types] */
    uint64_t *bytes_of_type;
    uint64_t last_address;
    int64_t blobs;
};

static struct hs_error *count_chunk(const struct hs_reader *reader, const struct hs_chunk *chunk,
                                    struct tally *tally)
{
    if (chunk->first && chunk->address[0] <= tally->last_address)
        return hs_error_create(HS_ERROR_CORRUPT,
                               "the address of object %u is not above that of the one before", chunk->first);
    tally->last_address = chunk->address[chunk->count - 1];
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint32_t type = reader->shapes.shape[chunk->shape[i]].type;
        tally->objects_of_type[type]++;
        tally->bytes_of_type[type] += chunk->size[i];
        tally->shallow_bytes += chunk->size[i];
        tally->tracked += chunk->generation[i] != HS_GENERATION_UNTRACKED;
        tally->refs += hs_chunk_refs(reader, chunk, i);
    }
    return NULL;
}

static struct hs_error *count_chunks(struct hs_reader *reader, struct tally *tally)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; i < reader->chunks && !error; i++) {
        const struct hs_chunk *chunk;
        error = hs_reader_chunk(reader, i, HS_PART_REFS, &chunk);
        if (error)
            return error;
        error = hs_error_prefix(count_chunk(reader, chunk, tally), "%s", reader->path);
        hs_reader_release(reader, chunk);
        const char *value;
        size_t bytes;
        if (!error)
            error = hs_reader_value(reader, i * HS_CHUNK_OBJECTS, &value, &bytes);
        const char *site;
        if (!error)
            error = hs_reader_allocated_at(reader, i * HS_CHUNK_OBJECTS, &site);
        const struct chunk_row *row = &reader->row[i];
        tally->blobs += 1 + (row->refs_blob != 0) + (row->values_blob != 0) + (row->sites_blob != 0);
    }
    return error;
}

static struct hs_error *compare(const struct hs_reader *reader, const char *name, uint64_t counted)
{
    const char *fact = hs_reader_fact(reader, name);
    if (fact && strtoull(fact, NULL, 10) == counted)
        return NULL;
    return hs_error_create(HS_ERROR_CORRUPT, "%s: the table snapshot says %s = %s, counted are %llu",
                           reader->path, name, fact ? fact : "NULL", (unsigned long long)counted);
}

static struct hs_error *compare_types(const struct hs_reader *reader, const struct tally *tally)
{
    for (uint32_t i = 0; i < reader->types; i++) {
        const struct hs_type *type = &reader->type[i];
        if (type->objects != tally->objects_of_type[i] || type->shallow_bytes != tally->bytes_of_type[i])
            return hs_error_create(HS_ERROR_CORRUPT,
                                   "%s: the table types says that type %u has %llu objects, counted are %llu",
                                   reader->path, i, (unsigned long long)type->objects,
                                   (unsigned long long)tally->objects_of_type[i]);
    }
    return NULL;
}

/* Blobs that no chunk mentions would be data that nobody checks. */
static struct hs_error *compare_blobs(struct hs_reader *reader, const struct tally *tally)
{
    struct sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_reader_prepare(reader, "SELECT count(*) FROM blobs", &statement);
    if (!error && sqlite3_step(statement) != SQLITE_ROW)
        error = hs_sqlite_error(reader->db, "count the blobs");
    int64_t labels_and_shapes = 2;
    if (!error && sqlite3_column_int64(statement, 0) != tally->blobs + labels_and_shapes)
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: %lld blobs, of which %lld are used", reader->path,
                                (long long)sqlite3_column_int64(statement, 0),
                                (long long)(tally->blobs + labels_and_shapes));
    sqlite3_finalize(statement);
    return error;
}

/* The large tables of a plain file, of which opening it checks nothing. */
static struct hs_error *compare_table(struct hs_reader *reader, const char *name, const char *sql,
                                      int64_t first)
{
    uint64_t rows;
    uint32_t crc;
    struct hs_error *error = hs_schema_table_crc(reader->db, sql, first, &rows, &crc);
    if (error)
        return hs_error_prefix(error, "%s: the table %s", reader->path, name);
    struct sqlite3_stmt *statement = NULL;
    error = hs_reader_prepare(reader, "SELECT rows, crc32 FROM integrity WHERE name = ?", &statement);
    if (error)
        return error;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_int64(statement, 0) != (int64_t)rows ||
        sqlite3_column_int64(statement, 1) != crc)
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: the table %s is damaged: its checksum is wrong",
                                reader->path, name);
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *check_indexes(struct hs_reader *reader)
{
    struct sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_reader_prepare(reader, "PRAGMA integrity_check(1)", &statement);
    if (!error && sqlite3_step(statement) != SQLITE_ROW)
        error = hs_sqlite_error(reader->db, "check the database");
    const char *answer = error ? NULL : (const char *)sqlite3_column_text(statement, 0);
    if (!error && (!answer || strcmp(answer, "ok") != 0))
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: the database is damaged: %s", reader->path,
                                answer ? answer : "out of memory");
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *verify(struct hs_reader *reader, struct tally *tally)
{
    struct hs_error *error = NULL;
    if (reader->plain) {
        error = check_indexes(reader);
        if (!error)
            error = compare_table(reader, "objects", "SELECT rowid, * FROM objects ORDER BY rowid", 0);
        if (!error)
            error = compare_table(reader, "refs", "SELECT rowid, * FROM refs ORDER BY rowid", 1);
    }
    if (!error)
        error = count_chunks(reader, tally);
    if (!error)
        error = compare(reader, "refs", tally->refs);
    if (!error)
        error = compare(reader, "tracked_objects", tally->tracked);
    if (!error)
        error = compare(reader, "shallow_bytes", tally->shallow_bytes);
    if (!error)
        error = compare_types(reader, tally);
    if (!error && !reader->plain)
        error = compare_blobs(reader, tally);
    return error;
}

struct hs_error *hs_reader_verify(struct hs_reader *reader)
{
    struct tally tally = {
        .objects_of_type = calloc((size_t)reader->types + 1, sizeof(uint64_t)),
        .bytes_of_type = calloc((size_t)reader->types + 1, sizeof(uint64_t)),
    };
    struct hs_error *error = &hs_error_memory;
    if (tally.objects_of_type && tally.bytes_of_type)
        error = verify(reader, &tally);
    free(tally.objects_of_type);
    free(tally.bytes_of_type);
    return error;
}
