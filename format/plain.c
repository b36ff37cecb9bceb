#include "format/plain.h"

#include "format/publish.h"
#include "format/schema.h"
#include "format/sqlite.h"
#include "format/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The columns of the plain tables objects and refs, asked of the virtual tables: so both forms answer alike.
 */
#define OBJECTS_COLUMNS                                                                                      \
    "id, address, type_id, type, shallow_bytes, refcount, generation, tracked, interpreter, length, ident, " \
    "value, allocated_at, in_refs, external_refs, reachable, distance, parent_id, dominator_id, "            \
    "retained_bytes"
#define REFS_COLUMNS "src, dst, kind, name, slot, owning"

struct plain {
    sqlite3 *from; /* the session's */
    const char *schema;
    struct hs_publish *publish;
    sqlite3 *db;
    struct hs_table integrity;
};

static struct hs_error *run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) ? hs_sqlite_error(db, "write the file") : NULL;
}

static struct hs_error *open_database(struct plain *plain)
{
    /* As for a packed file: nobody else knows the temporary name, so there is nothing to lock. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    if (sqlite3_open_v2(hs_publish_temporary(plain->publish), &plain->db, flags, "unix-none"))
        return hs_sqlite_error(plain->db, "open the file");
    char setup[256];
    snprintf(setup, sizeof(setup),
             "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
             "PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;"
             "PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN",
             HS_APPLICATION_ID, HS_FORMAT_VERSION);
    return run(plain->db, setup);
}

/* Appends the rows of a statement on the session to a table, and takes note of its checksum. */
static struct hs_error *copy_rows(struct plain *plain, sqlite3_stmt *rows, struct hs_table *table)
{
    struct hs_error *error = NULL;
    int status = SQLITE_DONE;
    while (!error && (status = sqlite3_step(rows)) == SQLITE_ROW)
        error = hs_table_append_row(table, rows);
    if (!error && status != SQLITE_DONE)
        error = hs_sqlite_error(plain->from, "read the snapshot");
    return error ? error : hs_table_seal(table, &plain->integrity);
}

/* `columns` in the order of the rowids. */
static struct hs_error *copy_table(struct plain *plain, const char *name, const char *columns)
{
    struct hs_table table = {0};
    sqlite3_stmt *rows = NULL;
    char *select = sqlite3_mprintf("SELECT %s FROM \"%w\".%s ORDER BY rowid", columns, plain->schema, name);
    struct hs_error *error = select ? hs_table_init(&table, plain->db, name) : &hs_error_memory;
    if (!error && sqlite3_prepare_v2(plain->from, select, -1, &rows, NULL))
        error = hs_sqlite_error(plain->from, "read the snapshot");
    if (!error)
        error = copy_rows(plain, rows, &table);
    sqlite3_finalize(rows);
    sqlite3_free(select);
    hs_table_deinit(&table);
    return error;
}

static struct hs_error *write_readme(struct plain *plain)
{
    struct hs_table table = {0};
    struct hs_error *error = hs_table_init(&table, plain->db, hs_schema_small[HS_TABLE_README].name);
    for (size_t i = 0; i < HS_README_ROWS && !error; i++) {
        const struct hs_cell cells[] = {hs_cell_text(hs_readme_plain[i].name),
                                        hs_cell_text(hs_readme_plain[i].value)};
        error = hs_table_append(&table, cells);
    }
    if (!error)
        error = hs_table_seal(&table, &plain->integrity);
    hs_table_deinit(&table);
    return error;
}

static struct hs_error *write_rows(struct plain *plain)
{
    struct hs_error *error =
        hs_table_init(&plain->integrity, plain->db, hs_schema_small[HS_TABLE_INTEGRITY].name);
    for (int i = 0; i < HS_TABLE_INTEGRITY && !error; i++)
        error = i == HS_TABLE_README ? write_readme(plain) : copy_table(plain, hs_schema_small[i].name, "*");
    if (!error)
        error = copy_table(plain, "objects", OBJECTS_COLUMNS);
    if (!error)
        error = copy_table(plain, "refs", REFS_COLUMNS);
    hs_table_deinit(&plain->integrity);
    return error;
}

static struct hs_error *write_database(struct plain *plain)
{
    size_t tables = 0;
    while (tables < HS_SCHEMA_PLAIN && !hs_schema_plain[tables].index)
        tables++;
    struct hs_error *error = open_database(plain);
    if (!error)
        error = hs_schema_create(plain->db, hs_schema_small, HS_SMALL_TABLES);
    if (!error)
        error = hs_schema_create(plain->db, hs_schema_plain, tables);
    if (!error)
        error = write_rows(plain);
    /* An index over rows that are there is made by one sort, and not by a search for each row. */
    if (!error)
        error = hs_schema_create(plain->db, hs_schema_plain + tables, HS_SCHEMA_PLAIN - tables);
    return error ? error : run(plain->db, "COMMIT");
}

struct hs_error *hs_plain_write(struct hs_session *session, size_t index, const char *path,
                                const struct hs_writer_options *options, uint64_t *ret_bytes)
{
    struct plain plain = {.from = hs_session_db(session), .schema = hs_session_schema(session, index)};
    struct hs_error *error = hs_publish_create(path, options->overwrite, &plain.publish);
    if (error)
        return error;
    if (geteuid() == 0 && (options->owner_uid != (uid_t)-1 || options->owner_gid != (gid_t)-1))
        error = hs_publish_set_owner(plain.publish, options->owner_uid, options->owner_gid);
    if (!error)
        error = hs_error_prefix(write_database(&plain), "%s", path);
    sqlite3_close(plain.db);
    if (!error)
        error = hs_publish_commit(plain.publish, ret_bytes);
    hs_publish_destroy(plain.publish);
    return error;
}
