#include "format/schema.h"

#include "format/buffer.h"
#include "format/snapshot.h"
#include "format/sqlite.h"
#include "format/table.h"
#include "format/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <zlib.h>

#define TABLE(n, text)                           \
    {                                            \
        .name = (n), .table = (n), .sql = (text) \
    }
#define INDEX(n, t, text)                                       \
    {                                                           \
        .name = (n), .table = (t), .sql = (text), .index = true \
    }

/* Written so that any SQLite of the last ten years reads it: no STRICT, no generated columns; types are held
 * by CHECKs. No table but the plain ones has an index, since an index could contradict its table. */
const struct hs_schema_entry hs_schema_small[HS_SMALL_TABLES] = {
    [HS_TABLE_README] = TABLE("readme", "CREATE TABLE readme (\n"
                                        "  name TEXT NOT NULL,\n"
                                        "  value TEXT NOT NULL\n"
                                        ")"),
    [HS_TABLE_SNAPSHOT] = TABLE("snapshot", "CREATE TABLE snapshot (\n"
                                            "  name TEXT NOT NULL,\n"
                                            "  value NOT NULL CHECK (typeof(value) IN ('integer', 'text'))\n"
                                            ")"),
    [HS_TABLE_TYPES] = TABLE("types", "CREATE TABLE types (\n"
                                      "  id INTEGER PRIMARY KEY,\n"
                                      "  name TEXT NOT NULL,\n"
                                      "  module TEXT,\n"
                                      "  qualname TEXT NOT NULL,\n"
                                      "  object_id INTEGER CHECK (object_id >= 0),\n"
                                      "  objects INTEGER NOT NULL CHECK (objects >= 0),\n"
                                      "  shallow_bytes INTEGER NOT NULL CHECK (shallow_bytes >= 0),\n"
                                      "  opaque INTEGER NOT NULL CHECK (opaque IN (0, 1))\n"
                                      ")"),
    [HS_TABLE_ROOTS] = TABLE("roots", "CREATE TABLE roots (\n"
                                      "  object_id INTEGER NOT NULL CHECK (object_id >= 0),\n"
                                      "  kind TEXT NOT NULL,\n"
                                      "  name TEXT NOT NULL,\n"
                                      "  thread_id INTEGER CHECK (thread_id >= 0),\n"
                                      "  refs INTEGER NOT NULL CHECK (refs >= 0)\n"
                                      ")"),
    [HS_TABLE_MODULES] = TABLE("modules", "CREATE TABLE modules (\n"
                                          "  object_id INTEGER NOT NULL CHECK (object_id >= 0),\n"
                                          "  name TEXT NOT NULL,\n"
                                          "  file TEXT\n"
                                          ")"),
    [HS_TABLE_THREADS] = TABLE("threads", "CREATE TABLE threads (\n"
                                          "  id INTEGER NOT NULL CHECK (id >= 0),\n"
                                          "  native_id INTEGER NOT NULL,\n"
                                          "  name TEXT,\n"
                                          "  object_id INTEGER CHECK (object_id >= 0)\n"
                                          ")"),
    [HS_TABLE_FRAMES] = TABLE("frames", "CREATE TABLE frames (\n"
                                        "  thread_id INTEGER NOT NULL CHECK (thread_id >= 0),\n"
                                        "  depth INTEGER NOT NULL CHECK (depth >= 0),\n"
                                        "  function TEXT NOT NULL,\n"
                                        "  file TEXT NOT NULL,\n"
                                        "  line INTEGER NOT NULL CHECK (line >= 0),\n"
                                        "  code_id INTEGER CHECK (code_id >= 0),\n"
                                        "  object_id INTEGER CHECK (object_id >= 0)\n"
                                        ")"),
    [HS_TABLE_MEMORY] = TABLE("memory", "CREATE TABLE memory (\n"
                                        "  name TEXT NOT NULL,\n"
                                        "  bytes INTEGER NOT NULL\n"
                                        ")"),
    [HS_TABLE_SITES] = TABLE("sites", "CREATE TABLE sites (\n"
                                      "  id INTEGER PRIMARY KEY,\n"
                                      "  file TEXT NOT NULL,\n"
                                      "  line INTEGER NOT NULL CHECK (line >= 0)\n"
                                      ")"),
    [HS_TABLE_INTEGRITY] =
        TABLE("integrity", "CREATE TABLE integrity (\n"
                           "  name TEXT NOT NULL,\n"
                           "  rows INTEGER NOT NULL CHECK (rows >= 0),\n"
                           "  crc32 INTEGER NOT NULL CHECK (crc32 BETWEEN 0 AND 4294967295)\n"
                           ")"),
};

const struct hs_schema_entry hs_schema_packed[HS_SCHEMA_PACKED] = {
    TABLE("chunks", "CREATE TABLE chunks (\n"
                    "  id INTEGER PRIMARY KEY,\n"
                    "  first_object INTEGER NOT NULL,\n"
                    "  objects INTEGER NOT NULL,\n"
                    "  refs INTEGER NOT NULL,\n"
                    "  first_address INTEGER NOT NULL,\n"
                    "  last_address INTEGER NOT NULL,\n"
                    "  objects_blob INTEGER NOT NULL,\n"
                    "  refs_blob INTEGER,\n"
                    "  values_blob INTEGER,\n"
                    "  sites_blob INTEGER\n"
                    ")"),
    TABLE("blobs", "CREATE TABLE blobs (\n"
                   "  id INTEGER PRIMARY KEY,\n"
                   "  kind TEXT NOT NULL,\n"
                   "  raw_bytes INTEGER NOT NULL,\n"
                   "  crc32 INTEGER NOT NULL,\n"
                   "  data BLOB NOT NULL\n"
                   ")"),
};

const struct hs_schema_entry hs_schema_plain[HS_SCHEMA_PLAIN] = {
    TABLE("objects", "CREATE TABLE objects (\n"
                     "  id INTEGER PRIMARY KEY,\n"
                     "  address INTEGER NOT NULL,\n"
                     "  type_id INTEGER NOT NULL,\n"
                     "  type TEXT NOT NULL,\n"
                     "  shallow_bytes INTEGER NOT NULL,\n"
                     "  refcount INTEGER NOT NULL,\n"
                     "  generation INTEGER,\n"
                     "  tracked INTEGER NOT NULL,\n"
                     "  interpreter INTEGER NOT NULL,\n"
                     "  length INTEGER,\n"
                     "  ident INTEGER,\n"
                     "  value TEXT,\n"
                     "  allocated_at TEXT,\n"
                     "  in_refs INTEGER,\n"
                     "  external_refs INTEGER,\n"
                     "  reachable INTEGER,\n"
                     "  distance INTEGER,\n"
                     "  parent_id INTEGER,\n"
                     "  dominator_id INTEGER,\n"
                     "  retained_bytes INTEGER\n"
                     ")"),
    TABLE("refs", "CREATE TABLE refs (\n"
                  "  src INTEGER NOT NULL,\n"
                  "  dst INTEGER NOT NULL,\n"
                  "  kind TEXT NOT NULL,\n"
                  "  name TEXT,\n"
                  "  slot INTEGER,\n"
                  "  owning INTEGER NOT NULL\n"
                  ")"),
    INDEX("objects_address", "objects", "CREATE INDEX objects_address ON objects (address)"),
    INDEX("objects_type", "objects", "CREATE INDEX objects_type ON objects (type_id)"),
    INDEX("refs_src", "refs", "CREATE INDEX refs_src ON refs (src)"),
    INDEX("refs_dst", "refs", "CREATE INDEX refs_dst ON refs (dst)"),
};

#define WHAT "A heap snapshot of a Python process: every object, and which refers to which."
#define SPEC "SPEC.md of heapdump describes this format."

const struct hs_readme_row hs_readme_packed[HS_README_ROWS] = {
    {"what", WHAT},
    {"format", "packed"},
    {"how",
     "The tables objects and refs are compressed in this file. They appear with: heapquery FILE \"SELECT * "
     "FROM "
     "objects\"; or in any SQLite after: .load heapsnap, SELECT heapsnap_attach('FILE', 'snap'); or as plain "
     "tables after: heapquery unpack FILE PLAIN.db"},
    {"specification", SPEC},
};

const struct hs_readme_row hs_readme_plain[HS_README_ROWS] = {
    {"what", WHAT},
    {"format", "plain"},
    {"how", "The tables objects and refs are ordinary tables: ask any SQLite."},
    {"specification", SPEC},
};

/* SQLite's message where it may quote the file, "malformed database schema (NAME)": a stranger's bytes, so
 * only harmless ones are kept. */
static struct hs_error *damaged(struct sqlite3 *db, const char *action)
{
    char text[200];
    snprintf(text, sizeof(text), "%s", sqlite3_errmsg(db));
    for (char *at = text; *at; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
    return hs_error_create(HS_ERROR_CORRUPT, "cannot %s: the database is damaged (%s)", action, text);
}

struct hs_error *hs_sqlite_error(struct sqlite3 *db, const char *action)
{
    int code = db ? sqlite3_errcode(db) & 0xff : SQLITE_NOMEM;
    switch (code) {
    case SQLITE_NOMEM:
        return &hs_error_memory;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return damaged(db, action);
    case SQLITE_FULL:
        return hs_error_system(ENOSPC, NULL, action);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
        int os_errno = sqlite3_system_errno(db);
        return hs_error_system(os_errno ? os_errno : EIO, NULL, action);
    }
    default:
        return hs_error_create(HS_ERROR_SQL, "cannot %s: %s", action, sqlite3_errmsg(db));
    }
}

struct hs_error *hs_schema_create(struct sqlite3 *db, const struct hs_schema_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (sqlite3_exec(db, entries[i].sql, NULL, NULL, NULL) != SQLITE_OK)
            return hs_sqlite_error(db, entries[i].index ? "create an index" : "create a table");
    return NULL;
}

static bool column_is(struct sqlite3_stmt *statement, int column, const char *expected)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text && strcmp(text, expected) == 0 &&
           (size_t)sqlite3_column_bytes(statement, column) == strlen(expected);
}

static bool row_is(struct sqlite3_stmt *statement, const struct hs_schema_entry *entry)
{
    return column_is(statement, 0, entry->index ? "index" : "table") &&
           column_is(statement, 1, entry->name) && column_is(statement, 2, entry->table) &&
           column_is(statement, 3, entry->sql);
}

struct hs_error *hs_schema_check(struct sqlite3 *db, bool *ret_plain)
{
    struct sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid", -1,
                           &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read the schema");
    size_t row = 0;
    bool packed = true;
    bool plain = true;
    int status;
    while ((packed || plain) && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        if (row < HS_SMALL_TABLES) {
            packed = plain = row_is(statement, &hs_schema_small[row]);
        } else {
            size_t at = row - HS_SMALL_TABLES;
            packed = packed && at < HS_SCHEMA_PACKED && row_is(statement, &hs_schema_packed[at]);
            plain = plain && at < HS_SCHEMA_PLAIN && row_is(statement, &hs_schema_plain[at]);
        }
        row++;
    }
    struct hs_error *error = NULL;
    if ((packed || plain) && status != SQLITE_DONE)
        error = hs_sqlite_error(db, "read the schema");
    sqlite3_finalize(statement);
    if (error)
        return error;
    packed = packed && row == HS_SMALL_TABLES + HS_SCHEMA_PACKED;
    plain = plain && row == HS_SMALL_TABLES + HS_SCHEMA_PLAIN;
    if (!packed && !plain)
        return hs_error_create(HS_ERROR_NOT_SNAPSHOT,
                               "its tables are not those of a heap snapshot of format %d", HS_FORMAT_VERSION);
    *ret_plain = plain;
    return NULL;
}

static uint32_t crc_bytes(uint32_t crc, const void *data, size_t bytes)
{
    /* crc32() takes a NULL as a request for the start value. */
    return bytes ? (uint32_t)crc32_z(crc, data, bytes) : crc;
}

uint32_t hs_schema_cell_crc(uint32_t crc, const struct hs_cell *cell)
{
    uint8_t head[9] = {0};
    switch (cell->type) {
    case HS_CELL_INTEGER:
        head[0] = 1;
        hs_put_le64(head + 1, (uint64_t)cell->integer);
        return crc_bytes(crc, head, 9);
    case HS_CELL_TEXT:
    case HS_CELL_BLOB:
        head[0] = cell->type == HS_CELL_TEXT ? 3 : 4;
        hs_put_le32(head + 1, (uint32_t)cell->bytes);
        return crc_bytes(crc_bytes(crc, head, 5), cell->data, cell->bytes);
    default:
        return crc_bytes(crc, head, 1);
    }
}

static uint32_t column_crc(uint32_t crc, struct sqlite3_stmt *statement, int column)
{
    struct hs_cell cell = {.type = HS_CELL_NULL};
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
        cell = hs_cell_integer(sqlite3_column_int64(statement, column));
        break;
    case SQLITE_TEXT:
        cell.type = HS_CELL_TEXT;
        cell.data = sqlite3_column_text(statement, column);
        cell.bytes = cell.data ? (size_t)sqlite3_column_bytes(statement, column) : 0;
        break;
    case SQLITE_BLOB:
        cell.type = HS_CELL_BLOB;
        cell.data = sqlite3_column_blob(statement, column);
        cell.bytes = cell.data ? (size_t)sqlite3_column_bytes(statement, column) : 0;
        break;
    case SQLITE_FLOAT: {
        /* Nothing that is written is a float; damage can make one. */
        uint8_t head[9] = {2};
        double number = sqlite3_column_double(statement, column);
        memcpy(head + 1, &number, sizeof(number));
        return crc_bytes(crc, head, 9);
    }
    default:
        break;
    }
    return hs_schema_cell_crc(crc, &cell);
}

static uint32_t columns_crc(uint32_t crc, struct sqlite3_stmt *statement, int first)
{
    int columns = sqlite3_column_count(statement);
    for (int i = first; i < columns; i++)
        crc = column_crc(crc, statement, i);
    return crc;
}

uint32_t hs_schema_row_crc(uint32_t crc, struct sqlite3_stmt *statement)
{
    return columns_crc(crc, statement, 0);
}

static bool columns_are_utf8(struct sqlite3_stmt *statement)
{
    int columns = sqlite3_column_count(statement);
    for (int i = 0; i < columns; i++) {
        if (sqlite3_column_type(statement, i) != SQLITE_TEXT)
            continue;
        const void *text = sqlite3_column_text(statement, i);
        if (!text || !hs_utf8_valid(text, (size_t)sqlite3_column_bytes(statement, i)))
            return false;
    }
    return true;
}

struct hs_error *hs_schema_table_crc(struct sqlite3 *db, const char *sql, int64_t first, uint64_t *ret_rows,
                                     uint32_t *ret_crc)
{
    struct sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read a table");
    uint64_t rows = 0;
    uint32_t crc = 0;
    struct hs_error *error = NULL;
    int status;
    while (!error && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t rowid = sqlite3_column_int64(statement, 0);
        if (rowid != first + (int64_t)rows) {
            error = hs_error_create(HS_ERROR_CORRUPT, "row %lld stands where row %lld is expected",
                                    (long long)rowid, (long long)(first + (int64_t)rows));
        } else if (!columns_are_utf8(statement)) {
            error =
                hs_error_create(HS_ERROR_CORRUPT, "row %lld holds text that is not UTF-8", (long long)rowid);
        } else {
            rows++;
            crc = columns_crc(crc, statement, 1);
        }
    }
    if (!error && status != SQLITE_DONE)
        error = hs_sqlite_error(db, "read a table");
    sqlite3_finalize(statement);
    *ret_rows = rows;
    *ret_crc = crc;
    return error;
}
