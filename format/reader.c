#include "format/reader_internal.h"

#include "format/blob.h"
#include "format/database.h"

#include <stdio.h>
#include <stdlib.h>

/* Decoded chunks that are kept: an object takes 43 bytes and a reference 4, so this holds some ten million
 * objects. */
#define CACHE_BYTES ((size_t)768 << 20)

/* Ceiling of rows believed in a table of which something is kept in memory: ids have 32 bits. */
#define ROWS_MAX (UINT32_MAX - 1)

struct hs_error *hs_reader_prepare(struct hs_reader *reader, const char *sql, struct sqlite3_stmt **statement)
{
    if (*statement)
        return NULL;
    if (sqlite3_prepare_v3(reader->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(reader->db, "read the snapshot");
    return NULL;
}

struct hs_error *hs_reader_blob(struct hs_reader *reader, int64_t id, const char *kind, const char *name,
                                uint8_t **ret, size_t *ret_bytes)
{
    struct hs_error *error = hs_reader_prepare(
        reader, "SELECT kind, raw_bytes, crc32, data FROM blobs WHERE id = ?", &reader->blob);
    if (error)
        return error;
    struct sqlite3_stmt *statement = reader->blob;
    sqlite3_bind_int64(statement, 1, id);
    int status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(statement, 0);
        int64_t raw = sqlite3_column_int64(statement, 1);
        const void *data = sqlite3_column_blob(statement, 3);
        size_t bytes = (size_t)sqlite3_column_bytes(statement, 3);
        if (!found || strcmp(found, kind) != 0 || sqlite3_column_type(statement, 3) != SQLITE_BLOB || !data ||
            raw < 0)
            error = hs_error_create(HS_ERROR_CORRUPT, "%s: blob %lld is something else", name, (long long)id);
        else
            error = hs_blob_inflate(data, bytes, (uint64_t)raw, (uint32_t)sqlite3_column_int64(statement, 2),
                                    name, ret);
        *ret_bytes = (size_t)raw;
    } else if (status == SQLITE_DONE) {
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: blob %lld is missing", name, (long long)id);
    } else {
        error = hs_sqlite_error(reader->db, "read the snapshot");
    }
    sqlite3_reset(statement);
    return error;
}

/* A table whose checksum is compared when the file is opened. */
struct checked_table {
    const char *name;
    const char *sql;
    int64_t first; /* rowid of its first row */
};

static const struct checked_table checked_tables[] = {
    {"readme", "SELECT rowid, * FROM readme ORDER BY rowid", 1},
    {"snapshot", "SELECT rowid, * FROM snapshot ORDER BY rowid", 1},
    {"types", "SELECT rowid, * FROM types ORDER BY rowid", 0},
    {"roots", "SELECT rowid, * FROM roots ORDER BY rowid", 1},
    {"modules", "SELECT rowid, * FROM modules ORDER BY rowid", 1},
    {"threads", "SELECT rowid, * FROM threads ORDER BY rowid", 1},
    {"frames", "SELECT rowid, * FROM frames ORDER BY rowid", 1},
    {"memory", "SELECT rowid, * FROM memory ORDER BY rowid", 1},
    {"sites", "SELECT rowid, * FROM sites ORDER BY rowid", 0},
    /* Of a packed file. Those of a plain one, objects and refs, are for hs_reader_verify(). */
    {"chunks", "SELECT rowid, * FROM chunks ORDER BY rowid", 0},
    {"blobs", "SELECT rowid, id, kind, raw_bytes, crc32 FROM blobs ORDER BY rowid", 1},
};
#define CHECKED_SMALL  9
#define CHECKED_PACKED 11

static struct hs_error *check_table(struct hs_reader *reader, const struct checked_table *table,
                                    struct sqlite3_stmt *integrity)
{
    int status = sqlite3_step(integrity);
    if (status != SQLITE_ROW)
        return status == SQLITE_DONE
                   ? hs_error_create(HS_ERROR_CORRUPT, "the table integrity does not mention %s", table->name)
                   : hs_sqlite_error(reader->db, "read the table integrity");
    const char *name = (const char *)sqlite3_column_text(integrity, 0);
    if (!name || strcmp(name, table->name) != 0)
        return hs_error_create(HS_ERROR_CORRUPT, "the table integrity does not mention %s", table->name);
    uint64_t rows;
    uint32_t crc;
    struct hs_error *error = hs_schema_table_crc(reader->db, table->sql, table->first, &rows, &crc);
    if (error)
        return hs_error_prefix(error, "the table %s", table->name);
    if ((int64_t)rows != sqlite3_column_int64(integrity, 1) || crc != sqlite3_column_int64(integrity, 2))
        return hs_error_create(HS_ERROR_CORRUPT, "the table %s is damaged: its checksum is wrong",
                               table->name);
    return NULL;
}

static struct hs_error *check_integrity(struct hs_reader *reader)
{
    struct sqlite3_stmt *integrity = NULL;
    struct hs_error *error =
        hs_reader_prepare(reader, "SELECT name, rows, crc32 FROM integrity ORDER BY rowid", &integrity);
    size_t tables = reader->plain ? CHECKED_SMALL : CHECKED_PACKED;
    for (size_t i = 0; i < tables && !error; i++)
        error = check_table(reader, &checked_tables[i], integrity);
    /* The rows of objects and refs follow in a plain file. */
    for (int i = 0; reader->plain && i < 2 && !error; i++)
        if (sqlite3_step(integrity) != SQLITE_ROW)
            error = hs_error_create(HS_ERROR_CORRUPT, "the table integrity is cut short");
    if (!error && sqlite3_step(integrity) != SQLITE_DONE)
        error = hs_error_create(HS_ERROR_CORRUPT, "the table integrity has rows too many");
    sqlite3_finalize(integrity);
    return error;
}

/* Number of rows of a table whose checksum is right. */
static struct hs_error *count_rows(struct hs_reader *reader, const char *table, uint32_t *ret)
{
    char sql[96];
    struct sqlite3_stmt *statement = NULL;
    snprintf(sql, sizeof(sql), "SELECT rows FROM integrity WHERE name = '%s'", table);
    struct hs_error *error = hs_reader_prepare(reader, sql, &statement);
    if (!error && sqlite3_step(statement) != SQLITE_ROW)
        error = hs_sqlite_error(reader->db, "read the table integrity");
    if (!error) {
        int64_t rows = sqlite3_column_int64(statement, 0);
        if (rows > ROWS_MAX)
            error = hs_error_create(HS_ERROR_LIMIT, "the table %s has %lld rows", table, (long long)rows);
        else
            *ret = (uint32_t)rows;
    }
    sqlite3_finalize(statement);
    return error;
}

static char *column_copy(struct sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text ? strdup(text) : NULL;
}

/* What to do with each row of a table. */
typedef struct hs_error *row_action(struct hs_reader *reader, struct sqlite3_stmt *statement, uint32_t row);

static struct hs_error *each_row(struct hs_reader *reader, const char *sql, uint32_t rows, row_action *action)
{
    struct sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_reader_prepare(reader, sql, &statement);
    uint32_t row = 0;
    int status = SQLITE_DONE;
    while (!error && row < rows && (status = sqlite3_step(statement)) == SQLITE_ROW)
        error = action(reader, statement, row++);
    if (!error && row < rows)
        error = status == SQLITE_DONE ? hs_error_create(HS_ERROR_CORRUPT, "a table has lost rows")
                                      : hs_sqlite_error(reader->db, "read the snapshot");
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *read_fact(struct hs_reader *reader, struct sqlite3_stmt *statement, uint32_t row)
{
    struct fact *fact = &reader->fact[row];
    reader->facts = row + 1;
    fact->name = column_copy(statement, 0);
    fact->value = column_copy(statement, 1);
    return fact->name && fact->value ? NULL : &hs_error_memory;
}

static struct hs_error *read_type(struct hs_reader *reader, struct sqlite3_stmt *statement, uint32_t row)
{
    struct hs_type *type = &reader->type[row];
    reader->types = row + 1;
    type->name = column_copy(statement, 0);
    type->module = column_copy(statement, 1);
    type->qualname = column_copy(statement, 2);
    if (!type->name || !type->qualname)
        return &hs_error_memory;
    type->object = HS_NO_OBJECT;
    if (sqlite3_column_type(statement, 3) != SQLITE_NULL) {
        int64_t object = sqlite3_column_int64(statement, 3);
        if (object < 0 || object >= reader->objects)
            return hs_error_create(HS_ERROR_CORRUPT, "type %u is object %lld of %u", row, (long long)object,
                                   reader->objects);
        type->object = (uint32_t)object;
    }
    type->objects = (uint64_t)sqlite3_column_int64(statement, 4);
    type->shallow_bytes = (uint64_t)sqlite3_column_int64(statement, 5);
    type->opaque = sqlite3_column_int(statement, 6);
    return NULL;
}

static struct hs_error *read_chunk_row(struct hs_reader *reader, struct sqlite3_stmt *statement,
                                       uint32_t number)
{
    struct chunk_row *row = &reader->row[number];
    int64_t first = sqlite3_column_int64(statement, 0);
    int64_t objects = sqlite3_column_int64(statement, 1);
    int64_t refs = sqlite3_column_int64(statement, 2);
    int64_t first_address = sqlite3_column_int64(statement, 3);
    int64_t last_address = sqlite3_column_int64(statement, 4);
    int64_t expected = (int64_t)number * HS_CHUNK_OBJECTS;
    int64_t left = (int64_t)reader->objects - expected;
    bool ascends = number == 0 || first_address > (int64_t)row[-1].last_address;
    if (first != expected || left <= 0 || objects != (left < HS_CHUNK_OBJECTS ? left : HS_CHUNK_OBJECTS) ||
        refs < 0 || refs >= UINT32_MAX || first_address < 0 || last_address < first_address || !ascends)
        return hs_error_create(HS_ERROR_CORRUPT, "row %u of the table chunks does not fit", number);
    *row = (struct chunk_row){
        .first = (uint32_t)first,
        .objects = (uint32_t)objects,
        .refs = (uint32_t)refs,
        .first_address = (uint64_t)first_address,
        .last_address = (uint64_t)last_address,
        .objects_blob = sqlite3_column_int64(statement, 5),
        .refs_blob = sqlite3_column_int64(statement, 6),
        .values_blob = sqlite3_column_int64(statement, 7),
        .sites_blob = sqlite3_column_int64(statement, 8),
    };
    return NULL;
}

/* A number among the facts. */
static struct hs_error *fact_number(const struct hs_reader *reader, const char *name, uint64_t limit,
                                    uint64_t *ret)
{
    const char *text = hs_reader_fact(reader, name);
    char *end = NULL;
    unsigned long long number = text ? strtoull(text, &end, 10) : 0;
    if (!text || *text < '0' || *text > '9' || *end || number > limit)
        return hs_error_create(HS_ERROR_CORRUPT, "the table snapshot has no good value of %s", name);
    *ret = number;
    return NULL;
}

static struct hs_error *read_facts(struct hs_reader *reader)
{
    uint32_t rows;
    struct hs_error *error = count_rows(reader, "snapshot", &rows);
    if (error)
        return error;
    reader->fact = calloc((size_t)rows + 1, sizeof(*reader->fact));
    if (!reader->fact)
        return &hs_error_memory;
    error = each_row(reader, "SELECT name, value FROM snapshot ORDER BY rowid", rows, read_fact);
    uint64_t objects = 0;
    if (!error)
        error = fact_number(reader, "objects", HS_NO_OBJECT, &objects);
    if (!error)
        error = fact_number(reader, "refs", INT64_MAX, &reader->refs);
    reader->objects = (uint32_t)objects;
    return error;
}

static struct hs_error *read_types(struct hs_reader *reader)
{
    uint32_t rows;
    struct hs_error *error = count_rows(reader, "types", &rows);
    if (error)
        return error;
    reader->type = calloc((size_t)rows + 1, sizeof(*reader->type));
    if (!reader->type)
        return &hs_error_memory;
    return each_row(
        reader,
        "SELECT name, module, qualname, object_id, objects, shallow_bytes, opaque FROM types ORDER BY id",
        rows, read_type);
}

static struct hs_error *read_chunk_rows(struct hs_reader *reader)
{
    uint32_t rows;
    uint32_t needed = reader->objects / HS_CHUNK_OBJECTS + (reader->objects % HS_CHUNK_OBJECTS != 0);
    struct hs_error *error = count_rows(reader, "chunks", &rows);
    if (!error && rows != needed)
        error = hs_error_create(HS_ERROR_CORRUPT, "%u chunks for %u objects", rows, reader->objects);
    if (error)
        return error;
    reader->row = calloc((size_t)rows + 1, sizeof(*reader->row));
    if (!reader->row)
        return &hs_error_memory;
    reader->chunks = rows;
    return each_row(
        reader,
        "SELECT first_object, objects, refs, first_address, last_address, objects_blob, refs_blob, "
        "values_blob, sites_blob FROM chunks ORDER BY id",
        rows, read_chunk_row);
}

static struct hs_error *find_blob(struct hs_reader *reader, const char *kind, int64_t *ret)
{
    char sql[96];
    struct sqlite3_stmt *statement = NULL;
    snprintf(sql, sizeof(sql), "SELECT min(id), count(*) FROM blobs WHERE kind = '%s'", kind);
    struct hs_error *error = hs_reader_prepare(reader, sql, &statement);
    if (!error && sqlite3_step(statement) != SQLITE_ROW)
        error = hs_sqlite_error(reader->db, "read the table blobs");
    if (!error && sqlite3_column_int64(statement, 1) != 1)
        error = hs_error_create(HS_ERROR_CORRUPT, "%lld blobs hold the %s",
                                (long long)sqlite3_column_int64(statement, 1), kind);
    if (!error)
        *ret = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *read_labels_and_shapes(struct hs_reader *reader)
{
    uint8_t *data = NULL;
    size_t bytes = 0;
    int64_t id = 0;
    struct hs_error *error = find_blob(reader, "labels", &id);
    if (!error)
        error = hs_reader_blob(reader, id, "labels", "labels", &data, &bytes);
    if (!error) {
        struct hs_cursor cursor = hs_cursor(data, bytes, "labels");
        error = hs_labels_decode(&reader->labels, &cursor);
    }
    free(data);
    data = NULL;
    if (!error)
        error = find_blob(reader, "shapes", &id);
    if (!error)
        error = hs_reader_blob(reader, id, "shapes", "shapes", &data, &bytes);
    if (!error) {
        struct hs_cursor cursor = hs_cursor(data, bytes, "shapes");
        error = hs_shapes_decode(&reader->shapes, &reader->labels, reader->types, &cursor);
    }
    free(data);
    return error;
}

/* In a plain file each reference carries its own label: one shape for each type. */
static struct hs_error *make_plain_shapes(struct hs_reader *reader)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; i < reader->types && !error; i++) {
        struct hs_shape shape = {.type = i, .tail = HS_TAIL_LABELLED, .tail_refs = HS_TAIL_VARIABLE};
        uint32_t number;
        error = hs_shapes_add(&reader->shapes, &reader->labels, &shape, &number);
    }
    if (error)
        return error;
    uint32_t objects = reader->objects;
    reader->chunks = objects / HS_CHUNK_OBJECTS + (objects % HS_CHUNK_OBJECTS != 0);
    reader->row = calloc((size_t)reader->chunks + 1, sizeof(*reader->row));
    if (!reader->row)
        return &hs_error_memory;
    for (uint32_t i = 0; i < reader->chunks; i++) {
        uint32_t first = i * HS_CHUNK_OBJECTS;
        uint32_t left = objects - first;
        reader->row[i] =
            (struct chunk_row){.first = first, .objects = left < HS_CHUNK_OBJECTS ? left : HS_CHUNK_OBJECTS};
    }
    return NULL;
}

/* The last object of a plain file must be the one that the facts promise: chunks are allocated by that
 * number. */
static struct hs_error *check_plain_objects(struct hs_reader *reader)
{
    struct sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_reader_prepare(reader, "SELECT max(id) FROM objects", &statement);
    if (!error && sqlite3_step(statement) != SQLITE_ROW)
        error = hs_sqlite_error(reader->db, "read the table objects");
    if (!error) {
        bool empty = sqlite3_column_type(statement, 0) == SQLITE_NULL;
        int64_t objects = empty ? 0 : sqlite3_column_int64(statement, 0) + 1;
        if (objects != reader->objects)
            error = hs_error_create(HS_ERROR_CORRUPT, "the table objects ends with object %lld of %u",
                                    (long long)objects - 1, reader->objects);
    }
    sqlite3_finalize(statement);
    return error;
}

/* Ids in the small tables may index arrays of whoever reads them. */
static struct hs_error *check_ids(struct hs_reader *reader)
{
    static const char *const columns[][2] = {
        {"roots", "object_id"}, {"modules", "object_id"}, {"threads", "object_id"},
        {"frames", "code_id"},  {"frames", "object_id"},
    };
    struct hs_error *error = NULL;
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns) && !error; i++) {
        char sql[256];
        struct sqlite3_stmt *statement = NULL;
        snprintf(sql, sizeof(sql),
                 "SELECT count(*) FROM %s WHERE typeof(%s) <> 'null' AND "
                 "(typeof(%s) <> 'integer' OR %s NOT BETWEEN 0 AND ?)",
                 columns[i][0], columns[i][1], columns[i][1], columns[i][1]);
        error = hs_reader_prepare(reader, sql, &statement);
        if (error)
            return error;
        sqlite3_bind_int64(statement, 1, (int64_t)reader->objects - 1);
        if (sqlite3_step(statement) != SQLITE_ROW)
            error = hs_sqlite_error(reader->db, "read the snapshot");
        else if (sqlite3_column_int64(statement, 0) != 0)
            error = hs_error_create(HS_ERROR_CORRUPT, "the table %s names an object that does not exist",
                                    columns[i][0]);
        sqlite3_finalize(statement);
    }
    return error;
}

static struct hs_error *read_tables(struct hs_reader *reader)
{
    struct hs_error *error = check_integrity(reader);
    if (!error)
        error = read_facts(reader);
    if (!error)
        error = check_ids(reader);
    if (!error && reader->plain)
        error = check_plain_objects(reader);
    if (!error)
        error = read_types(reader);
    if (!error)
        error = reader->plain ? make_plain_shapes(reader) : read_chunk_rows(reader);
    if (!error && !reader->plain)
        error = read_labels_and_shapes(reader);
    if (!error)
        error = hs_reader_read_sites(reader);
    if (!error)
        error = hs_codec_create(&reader->codec);
    if (error)
        return error;
    reader->cache = calloc((size_t)reader->chunks + 1, sizeof(*reader->cache));
    return reader->cache ? NULL : &hs_error_memory;
}

struct hs_error *hs_reader_open(const char *path, struct hs_reader **ret)
{
    struct hs_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return &hs_error_memory;
    reader->cache_limit = CACHE_BYTES;
    reader->path = strdup(path);
    struct hs_error *error =
        reader->path ? hs_database_open(path, &reader->db, &reader->plain) : &hs_error_memory;
    if (!error)
        error = hs_error_prefix(read_tables(reader), "%s", path);
    if (error) {
        hs_reader_destroy(reader);
        return error;
    }
    *ret = reader;
    return NULL;
}

static void finalize_statements(struct hs_reader *reader)
{
    struct sqlite3_stmt *statements[] = {reader->blob,        reader->plain_objects, reader->plain_refs,
                                         reader->plain_count, reader->plain_address, reader->plain_value,
                                         reader->plain_site};
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        sqlite3_finalize(statements[i]);
}

void hs_reader_destroy(struct hs_reader *reader)
{
    if (!reader)
        return;
    hs_reader_cache_deinit(reader);
    hs_reader_values_deinit(reader);
    hs_reader_sites_deinit(reader);
    hs_codec_destroy(reader->codec);
    finalize_statements(reader);
    sqlite3_close(reader->db);
    for (uint32_t i = 0; i < reader->types; i++) {
        free(reader->type[i].name);
        free(reader->type[i].module);
        free(reader->type[i].qualname);
    }
    free(reader->type);
    for (uint32_t i = 0; i < reader->facts; i++) {
        free(reader->fact[i].name);
        free(reader->fact[i].value);
    }
    free(reader->fact);
    hs_labels_deinit(&reader->labels);
    hs_shapes_deinit(&reader->shapes);
    free(reader->label_index.bucket);
    free(reader->row);
    free(reader->path);
    free(reader);
}

const char *hs_reader_path(const struct hs_reader *reader)
{
    return reader->path;
}

bool hs_reader_is_plain(const struct hs_reader *reader)
{
    return reader->plain;
}

struct sqlite3 *hs_reader_db(struct hs_reader *reader)
{
    return reader->db;
}

uint32_t hs_reader_objects(const struct hs_reader *reader)
{
    return reader->objects;
}

uint64_t hs_reader_refs(const struct hs_reader *reader)
{
    return reader->refs;
}

uint32_t hs_reader_types(const struct hs_reader *reader)
{
    return reader->types;
}

uint32_t hs_reader_labels(const struct hs_reader *reader)
{
    return reader->labels.count;
}

uint32_t hs_reader_shapes(const struct hs_reader *reader)
{
    return reader->shapes.count;
}

uint32_t hs_reader_chunks(const struct hs_reader *reader)
{
    return reader->chunks;
}

const struct hs_type *hs_reader_type(const struct hs_reader *reader, uint32_t type)
{
    return &reader->type[type];
}

const struct hs_label *hs_reader_label(const struct hs_reader *reader, uint32_t label)
{
    return &reader->labels.label[label];
}

const struct hs_shape *hs_reader_shape(const struct hs_reader *reader, uint32_t shape)
{
    return &reader->shapes.shape[shape];
}

const char *hs_reader_fact(const struct hs_reader *reader, const char *name)
{
    for (uint32_t i = 0; i < reader->facts; i++)
        if (strcmp(reader->fact[i].name, name) == 0)
            return reader->fact[i].value;
    return NULL;
}
