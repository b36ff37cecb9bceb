#include "format/catalog.h"

#include "format/attached.h"
#include "format/schema.h"
#include "format/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries never move to another index; one whose schema was detached in SQL is replaced when its name comes
 * back. */
struct hs_catalog {
    sqlite3 *db;
    const struct hs_derived_ops *derived;
    struct hs_attached **attached;
    size_t count;
    bool declaring;
};

static void catalog_destroy(void *argument)
{
    struct hs_catalog *catalog = argument;
    for (size_t i = 0; i < catalog->count; i++)
        hs_attached_release(catalog->attached[i]);
    free(catalog->attached);
    free(catalog);
}

struct hs_error *hs_catalog_create(sqlite3 *db, const struct hs_derived_ops *derived, struct hs_catalog **ret)
{
    struct hs_catalog *catalog = calloc(1, sizeof(*catalog));
    if (!catalog)
        return &hs_error_memory;
    catalog->db = db;
    catalog->derived = derived;
    /* The last module of the connection to go takes the catalog with it; SQLite calls this on failure, too.
     */
    if (sqlite3_create_module_v2(db, HS_OBJECTS_MODULE, &hs_objects_module, catalog, catalog_destroy) ||
        sqlite3_create_module_v2(db, HS_REFS_MODULE, &hs_refs_module, catalog, NULL))
        return hs_sqlite_error(db, "register the tables of snapshots");
    *ret = catalog;
    return derived && derived->install ? derived->install(db, catalog) : NULL;
}

size_t hs_catalog_count(const struct hs_catalog *catalog)
{
    return catalog->count;
}

size_t hs_catalog_find(const struct hs_catalog *catalog, const char *schema)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (!schema || !sqlite3_stricmp(catalog->attached[i]->schema, schema))
            return i;
    return catalog->count;
}

struct hs_reader *hs_catalog_reader(const struct hs_catalog *catalog, size_t index)
{
    return catalog->attached[index]->reader;
}

const char *hs_catalog_schema(const struct hs_catalog *catalog, size_t index)
{
    return catalog->attached[index]->schema;
}

void *hs_catalog_derived(const struct hs_catalog *catalog, size_t index)
{
    return catalog->attached[index]->context;
}

int hs_catalog_declare_vtab(struct hs_catalog *catalog, sqlite3 *db, const char *declaration)
{
    catalog->declaring = true;
    int status = sqlite3_declare_vtab(db, declaration);
    catalog->declaring = false;
    return status;
}

bool hs_catalog_is_declaring(const struct hs_catalog *catalog)
{
    return catalog->declaring;
}

struct hs_attached *hs_catalog_acquire(struct hs_catalog *catalog, const char *schema)
{
    size_t index = hs_catalog_find(catalog, schema);
    if (index == catalog->count)
        return NULL;
    catalog->attached[index]->references++;
    return catalog->attached[index];
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether SQL takes the name for a schema's without quotes: not if it is a keyword like `order`. */
static bool needs_no_quotes(sqlite3 *db, const char *name)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT %s.x FROM (SELECT 1 AS x) AS %s", name, name);
    bool fine = sql && !sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return fine;
}

/* Whether a database of that name is open on the connection. */
static bool is_taken(sqlite3 *db, const char *name)
{
    return !sqlite3_stricmp(name, "temp") || sqlite3_db_readonly(db, name) >= 0;
}

char *hs_catalog_schema_name(const struct hs_catalog *catalog, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t bytes = dot && dot > name ? (size_t)(dot - name) : strlen(name);
    /* Room for a leading and a trailing underscore and a number. */
    char *schema = sqlite3_malloc64(bytes + 20);
    if (!schema)
        return NULL;
    size_t at = 0;
    if (!bytes || (name[0] >= '0' && name[0] <= '9'))
        schema[at++] = '_';
    for (size_t i = 0; i < bytes; i++)
        schema[at++] = is_word(name[i]) ? name[i] : '_';
    schema[at] = '\0';
    if (!needs_no_quotes(catalog->db, schema))
        strcpy(schema + at++, "_");
    for (unsigned number = 2; is_taken(catalog->db, schema); number++)
        snprintf(schema + at, 14, "_%u", number);
    return schema;
}

/* Runs one statement made with sqlite3_mprintf(), and frees it. */
static struct hs_error *run(sqlite3 *db, char *sql, const char *action)
{
    if (!sql)
        return &hs_error_memory;
    int status = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return status ? hs_sqlite_error(db, action) : NULL;
}

static struct hs_error *copy_rows(sqlite3 *from, sqlite3_stmt *source, sqlite3 *to, sqlite3_stmt *target)
{
    int columns = sqlite3_column_count(source), status;
    while ((status = sqlite3_step(source)) == SQLITE_ROW) {
        for (int i = 0; i < columns; i++)
            if (sqlite3_bind_value(target, i + 1, sqlite3_column_value(source, i)))
                return hs_sqlite_error(to, "copy a table");
        sqlite3_step(target);
        if (sqlite3_reset(target))
            return hs_sqlite_error(to, "copy a table");
    }
    return status == SQLITE_DONE ? NULL : hs_sqlite_error(from, "read a table");
}

/* Makes one of the small tables in the schema, with the text that we know and not the file's, and fills it.
 */
static struct hs_error *copy_table(sqlite3 *db, const struct hs_attached *attached, enum hs_small_table table)
{
    static const char create[] = "CREATE TABLE ";
    const struct hs_schema_entry *entry = &hs_schema_small[table];
    sqlite3 *from = hs_reader_db(attached->reader);
    struct hs_error *error =
        run(db, sqlite3_mprintf("CREATE TABLE \"%w\".%s", attached->schema, entry->sql + strlen(create)),
            "create a table");
    if (error)
        return error;
    sqlite3_stmt *source = NULL, *target = NULL;
    char *select = sqlite3_mprintf("SELECT * FROM %s", entry->name);
    if (!select)
        return &hs_error_memory;
    if (sqlite3_prepare_v2(from, select, -1, &source, NULL))
        error = hs_sqlite_error(from, "read a table");
    sqlite3_free(select);
    if (!error) {
        sqlite3_str *insert = sqlite3_str_new(db);
        sqlite3_str_appendf(insert, "INSERT INTO \"%w\".%s VALUES (?", attached->schema, entry->name);
        for (int i = 1; i < sqlite3_column_count(source); i++)
            sqlite3_str_appendall(insert, ", ?");
        sqlite3_str_appendall(insert, ")");
        char *text = sqlite3_str_finish(insert);
        if (!text)
            error = &hs_error_memory;
        else if (sqlite3_prepare_v2(db, text, -1, &target, NULL))
            error = hs_sqlite_error(db, "fill a table");
        sqlite3_free(text);
    }
    if (!error)
        error = copy_rows(from, source, db, target);
    sqlite3_finalize(source);
    sqlite3_finalize(target);
    return hs_error_prefix(error, "table %s", entry->name);
}

static struct hs_error *declare(struct hs_catalog *catalog, size_t index)
{
    const struct hs_attached *attached = catalog->attached[index];
    struct hs_error *error = NULL;
    for (int i = 0; i < HS_SMALL_TABLES && !error; i++)
        error = copy_table(catalog->db, attached, (enum hs_small_table)i);
    /* Else the planner takes each of them for a million rows. */
    if (!error)
        error = run(catalog->db, sqlite3_mprintf("ANALYZE \"%w\"", attached->schema), "count the rows");
    if (!error)
        error = run(
            catalog->db,
            sqlite3_mprintf("CREATE VIRTUAL TABLE \"%w\".objects USING " HS_OBJECTS_MODULE, attached->schema),
            "declare the table objects");
    if (!error)
        error =
            run(catalog->db,
                sqlite3_mprintf("CREATE VIRTUAL TABLE \"%w\".refs USING " HS_REFS_MODULE, attached->schema),
                "declare the table refs");
    if (!error && catalog->derived && catalog->derived->declare)
        error = catalog->derived->declare(catalog->db, catalog, index);
    return error;
}

/* Takes what declare() creates back if it fails. A savepoint works inside a transaction of the user's, too.
 */
static struct hs_error *declare_all_or_nothing(struct hs_catalog *catalog, size_t index)
{
    struct hs_error *error = run(catalog->db, sqlite3_mprintf("SAVEPOINT heapsnap_attach"), "begin");
    if (error)
        return error;
    error = declare(catalog, index);
    if (error)
        hs_error_destroy(run(catalog->db, sqlite3_mprintf("ROLLBACK TO heapsnap_attach"), "roll back"));
    struct hs_error *end = run(catalog->db, sqlite3_mprintf("RELEASE heapsnap_attach"), "commit");
    if (!error)
        return end;
    hs_error_destroy(end);
    return error;
}

/* Enters a snapshot, whose reference it takes, under the name of its schema; in the place of one that was
 * detached. */
static struct hs_error *enter(struct hs_catalog *catalog, struct hs_attached *attached)
{
    size_t index = hs_catalog_find(catalog, attached->schema);
    struct hs_attached *before = NULL;
    if (index < catalog->count) {
        before = catalog->attached[index];
    } else {
        struct hs_attached **grown = realloc(catalog->attached, (catalog->count + 1) * sizeof(*grown));
        if (!grown) {
            hs_attached_release(attached);
            return &hs_error_memory;
        }
        catalog->attached = grown;
        catalog->count++;
    }
    catalog->attached[index] = attached;
    struct hs_error *error = declare_all_or_nothing(catalog, index);
    if (!error) {
        hs_attached_release(before);
        return NULL;
    }
    if (before)
        catalog->attached[index] = before;
    else
        catalog->count--;
    hs_attached_release(attached);
    return error;
}

static struct hs_error *attached_create(const struct hs_catalog *catalog, const char *path,
                                        const char *schema, struct hs_attached **ret)
{
    struct hs_attached *attached = calloc(1, sizeof(*attached));
    if (!attached)
        return &hs_error_memory;
    *attached = (struct hs_attached){.references = 1, .db = catalog->db, .derived = catalog->derived};
    attached->schema = strdup(schema);
    struct hs_error *error = attached->schema ? hs_reader_open(path, &attached->reader) : &hs_error_memory;
    if (!error)
        error = hs_error_prefix(hs_lookup_init(&attached->lookup, attached->reader), "%s", path);
    if (!error && catalog->derived && catalog->derived->create)
        error = hs_error_prefix(catalog->derived->create(attached->reader, schema, &attached->context), "%s",
                                path);
    if (error) {
        hs_attached_release(attached);
        return error;
    }
    *ret = attached;
    return NULL;
}

struct hs_error *hs_catalog_attach(struct hs_catalog *catalog, const char *path, const char *schema)
{
    struct hs_attached *attached;
    struct hs_error *error = attached_create(catalog, path, schema, &attached);
    if (error)
        return error;
    /* Fails if the name is in use; so what the catalog still has under that name was detached. */
    bool is_main = !sqlite3_stricmp(schema, "main");
    if (!is_main)
        error = run(catalog->db, sqlite3_mprintf("ATTACH ':memory:' AS \"%w\"", schema), "attach a database");
    if (error) {
        hs_attached_release(attached);
        return hs_error_prefix(error, "%s", path);
    }
    error = enter(catalog, attached);
    if (error && !is_main)
        hs_error_destroy(run(catalog->db, sqlite3_mprintf("DETACH \"%w\"", schema), "detach a database"));
    return hs_error_prefix(error, "%s", path);
}
