/* heapsnap.so: snapshots as tables in any SQLite from 3.31 on, the sqlite3 shell's and Python's included.
 *
 *   .load heapsnap                                    in the shell; in Python: connection.load_extension(...)
 *   SELECT heapsnap_attach('after.db');               attaches the snapshot as the schema `after`
 *   SELECT heapsnap_attach('rep-1.db', 'before');     ... under a name of its own
 *   SELECT type, count(*) FROM after.objects GROUP BY type;
 *   DETACH after;
 *
 * heapsnap_attach gives the name of the schema: an in-memory database that holds what a session of heapquery
 * holds (format/catalog.h). It can only be called by a statement of the user's, not from a view or trigger.
 * In a transaction it is part of it: a rollback empties the schema. A snapshot stays open until another one
 * gets its name, or the connection is closed.
 */
#define HS_SQLITE_EXTENSION_ENTRY
#include "format/sqlite.h"

#include "format/session.h"
#include "query/derived.h"
#include "query/functions.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int sqlite3_heapsnap_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api);
EXPORT int sqlite3_extension_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api);

/* The oldest SQLite with what the tables need (sqlite3_vtab_config with SQLITE_VTAB_INNOCUOUS). */
#define OLDEST_SQLITE 3031000

static void heapsnap_attach(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct hs_catalog *catalog = sqlite3_user_data(context);
    const char *path = (const char *)sqlite3_value_text(argv[0]);
    const char *schema = argc > 1 ? (const char *)sqlite3_value_text(argv[1]) : NULL;
    if (!path || (argc > 1 && !schema)) {
        sqlite3_result_error(context,
                             "heapsnap_attach(FILE [, SCHEMA]) takes the file of a snapshot, and a name", -1);
        return;
    }
    char *name = schema ? sqlite3_mprintf("%s", schema) : hs_catalog_schema_name(catalog, path);
    if (!name) {
        sqlite3_result_error_nomem(context);
        return;
    }
    struct hs_error *error = NULL;
    if (!sqlite3_stricmp(name, "main") || !sqlite3_stricmp(name, "temp"))
        error =
            hs_error_create(HS_ERROR_USAGE, "a snapshot cannot be attached as %s; choose another name", name);
    else
        error = hs_catalog_attach(catalog, path, name);
    if (error) {
        sqlite3_free(name);
        hs_functions_error(context, error);
        return;
    }
    sqlite3_result_text(context, name, -1, sqlite3_free);
}

static int init(sqlite3 *db, char **ret_message)
{
    if (sqlite3_libversion_number() < OLDEST_SQLITE) {
        *ret_message =
            sqlite3_mprintf("heapsnap needs SQLite 3.31 or later, this is %s", sqlite3_libversion());
        return SQLITE_ERROR;
    }
    struct hs_catalog *catalog;
    struct hs_error *error = hs_catalog_create(db, &hs_graph_derived_ops, &catalog);
    if (error) {
        *ret_message = sqlite3_mprintf("%s", error->message);
        hs_error_destroy(error);
        return SQLITE_ERROR;
    }
    int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    int status =
        sqlite3_create_function(db, "heapsnap_attach", 1, flags, catalog, heapsnap_attach, NULL, NULL);
    if (!status)
        status =
            sqlite3_create_function(db, "heapsnap_attach", 2, flags, catalog, heapsnap_attach, NULL, NULL);
    return status;
}

int sqlite3_heapsnap_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api);
    return init(db, ret_message);
}

int sqlite3_extension_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api)
{
    return sqlite3_heapsnap_init(db, ret_message, api);
}
