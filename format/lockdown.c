#include "format/lockdown.h"

#include "format/catalog.h"
#include "format/schema.h"
#include "format/sqlite.h"

#include <stdbool.h>
#include <string.h>

/* PRAGMAs that only report, with or without an argument. */
static const char *const reporting_pragmas[] = {
    "collation_list", "compile_options", "database_list", "foreign_key_list", "freelist_count",
    "function_list",  "index_info",      "index_list",    "index_xinfo",      "module_list",
    "page_count",     "pragma_list",     "table_info",    "table_list",       "table_xinfo",
};
/* PRAGMAs that report without an argument and change something with one. */
static const char *const asking_pragmas[] = {
    "application_id", "cache_size",     "data_version",    "encoding",   "hard_heap_limit", "page_size",
    "query_only",     "schema_version", "soft_heap_limit", "temp_store", "trusted_schema",  "user_version",
};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!sqlite3_stricmp(name, names[i]))
            return true;
    return false;
}

static bool pragma_allowed(const char *name, const char *argument)
{
    return is_one_of(name, reporting_pragmas, sizeof(reporting_pragmas) / sizeof(*reporting_pragmas)) ||
           (!argument && is_one_of(name, asking_pragmas, sizeof(asking_pragmas) / sizeof(*asking_pragmas)));
}

static int allow(bool allowed)
{
    return allowed ? SQLITE_OK : SQLITE_DENY;
}

/* SQLite asks while it compiles a statement; what is not listed is refused. */
static int authorize(void *catalog, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
    (void)trigger;
    if (hs_catalog_is_declaring(catalog))
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        return allow(sqlite3_stricmp(second, "load_extension") != 0);
    case SQLITE_PRAGMA:
        return allow(pragma_allowed(first, second));
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
    case SQLITE_REINDEX:
    case SQLITE_ANALYZE:
        return allow(database && !strcmp(database, "temp"));
    case SQLITE_ALTER_TABLE:
        return allow(first && !sqlite3_stricmp(first, "temp"));
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW:
        return SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

/* The PRAGMAs that report are tables, too: pragma_table_info('objects'). Such a table is declared at its
 * first use, which the authorizer would take for the making of a table, and then stays. */
static void connect_pragma_tables(sqlite3 *db)
{
    for (size_t i = 0; i < sizeof(reporting_pragmas) / sizeof(*reporting_pragmas); i++) {
        sqlite3_stmt *statement = NULL;
        char *sql = sqlite3_mprintf("SELECT 1 FROM pragma_%s", reporting_pragmas[i]);
        /* Not every build has all of them. */
        if (sql)
            sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
        sqlite3_finalize(statement);
        sqlite3_free(sql);
    }
}

struct hs_error *hs_lockdown(sqlite3 *db, const struct hs_catalog *catalog)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
    };
    /* Far above what people write, far below what could exhaust the machine by itself. */
    static const struct {
        int limit, value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, 256 << 20}, {SQLITE_LIMIT_SQL_LENGTH, 1 << 20},
        {SQLITE_LIMIT_EXPR_DEPTH, 500},   {SQLITE_LIMIT_COMPOUND_SELECT, 200},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 20}, {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 5000},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        if (sqlite3_db_config(db, options[i].option, options[i].value, (int *)NULL))
            return hs_sqlite_error(db, "configure the connection");
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        sqlite3_limit(db, limits[i].limit, limits[i].value);
    connect_pragma_tables(db);
    if (sqlite3_set_authorizer(db, authorize, (void *)catalog))
        return hs_sqlite_error(db, "restrict the connection");
    return NULL;
}

static int authorize_change(void *table, int action, const char *first, const char *second,
                            const char *database, const char *trigger)
{
    (void)second, (void)database, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return allow(first && !strcmp(first, table));
    default:
        return SQLITE_DENY;
    }
}

struct hs_error *hs_lockdown_change(sqlite3 *db, const char *table, const char *subject, const char *sql)
{
    sqlite3_set_authorizer(db, authorize_change, (void *)table);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_set_authorizer(db, NULL, NULL);
    if (rc == SQLITE_OK)
        return NULL;
    return rc == SQLITE_NOMEM
               ? &hs_error_memory
               : hs_error_create(HS_ERROR_USAGE, "the statements about %s: %s", subject, sqlite3_errmsg(db));
}
