#include "query/chain_table.h"

#include "format/schema.h"
#include "format/sqlite.h"
#include "query/chain.h"

#include <stdlib.h>
#include <string.h>

enum column {
    COLUMN_STEP,
    COLUMN_OBJECT_ID,
    COLUMN_TYPE,
    COLUMN_KIND,
    COLUMN_NAME,
    COLUMN_PATH,
    COLUMN_OBJECT,
    COLUMN_TO
};

struct table {
    sqlite3_vtab base;
    sqlite3 *db;
    const struct hs_catalog *catalog;
    char *schema;
};

struct cursor {
    sqlite3_vtab_cursor base;
    struct hs_chain chain;
    size_t at;
    int64_t object;
};

static int table_connect(sqlite3 *db, void *catalog, int argc, const char *const *argv, sqlite3_vtab **ret,
                         char **ret_message)
{
    (void)argc, (void)ret_message;
    int rc =
        hs_catalog_declare_vtab(catalog, db,
                                "CREATE TABLE retaining_chain(step INTEGER, object_id INTEGER, type TEXT,"
                                " kind TEXT, name TEXT, path TEXT, object HIDDEN, \"to\" HIDDEN)");
    if (rc != SQLITE_OK)
        return rc;
    struct table *table = sqlite3_malloc(sizeof(*table));
    char *schema = strdup(argv[1]);
    if (!table || !schema) {
        sqlite3_free(table);
        free(schema);
        return SQLITE_NOMEM;
    }
    *table = (struct table){.db = db, .catalog = catalog, .schema = schema};
    *ret = &table->base;
    return SQLITE_OK;
}

/* Another function than xConnect, so that SQLite does not offer the module as a table by its own name, which
 * would belong to no snapshot. */
static int table_create(sqlite3 *db, void *catalog, int argc, const char *const *argv, sqlite3_vtab **ret,
                        char **ret_message)
{
    return table_connect(db, catalog, argc, argv, ret, ret_message);
}

static int table_disconnect(sqlite3_vtab *base)
{
    struct table *table = (struct table *)base;
    free(table->schema);
    sqlite3_free(table);
    return SQLITE_OK;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    (void)base;
    int object = -1, to = -1;
    for (int i = 0; i < info->nConstraint; i++) {
        if (info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        bool usable = info->aConstraint[i].usable;
        if (info->aConstraint[i].iColumn == COLUMN_OBJECT && (object = usable ? i : -1) < 0)
            return SQLITE_CONSTRAINT; /* its value comes from a table that must be further out */
        if (info->aConstraint[i].iColumn == COLUMN_TO && (to = usable ? i : -1) < 0)
            return SQLITE_CONSTRAINT;
    }
    if (object >= 0) {
        info->aConstraintUsage[object].argvIndex = 1;
        info->aConstraintUsage[object].omit = 1;
    }
    if (object >= 0 && to >= 0) {
        info->aConstraintUsage[to].argvIndex = 2;
        info->aConstraintUsage[to].omit = 1;
    }
    info->idxNum = (object >= 0) | (to >= 0) << 1;
    info->estimatedRows = 15;
    info->estimatedCost = object >= 0 ? 10000 : 1e12;
    return SQLITE_OK;
}

static int table_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
    (void)base;
    struct cursor *cursor = sqlite3_malloc(sizeof(*cursor));
    if (!cursor)
        return SQLITE_NOMEM;
    *cursor = (struct cursor){.object = -1};
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int table_close(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    hs_chain_deinit(&cursor->chain);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* Makes an error the table's, and frees it. */
static int table_error(sqlite3_vtab *base, struct hs_error *error)
{
    int rc = error->code == HS_ERROR_MEMORY ? SQLITE_NOMEM : SQLITE_ERROR;
    sqlite3_free(base->zErrMsg);
    base->zErrMsg = sqlite3_mprintf("%s", error->message);
    hs_error_destroy(error);
    return rc;
}

static struct hs_error *search(struct cursor *cursor, const struct table *table, const char *to)
{
    size_t index = hs_catalog_find(table->catalog, table->schema);
    if (index == hs_catalog_count(table->catalog))
        return hs_error_create(HS_ERROR_USAGE, "no snapshot is attached as %s", table->schema);
    struct hs_reader *reader = hs_catalog_reader(table->catalog, index);
    if (cursor->object < 0 || cursor->object >= hs_reader_objects(reader))
        return NULL;
    enum hs_chain_to end = !to || !strcmp(to, "root") ? HS_TO_ROOT
                           : !strcmp(to, "module")    ? HS_TO_MODULE
                                                      : HS_TO_TYPE;
    return hs_chain_find(table->db, table->schema, reader, (uint32_t)cursor->object, end, to, &cursor->chain);
}

static int table_filter(sqlite3_vtab_cursor *base, int plan, const char *unused, int argc,
                        sqlite3_value **argv)
{
    (void)unused;
    struct cursor *cursor = (struct cursor *)base;
    const struct table *table = (const struct table *)base->pVtab;
    hs_chain_deinit(&cursor->chain);
    cursor->at = 0;
    cursor->object = -1;
    if (!(plan & 1))
        return table_error(base->pVtab,
                           hs_error_create(HS_ERROR_USAGE, "retaining_chain wants an object id: "
                                                           "SELECT * FROM retaining_chain(123)"));
    if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER)
        cursor->object = sqlite3_value_int64(argv[0]);
    struct hs_error *error =
        search(cursor, table, argc > 1 ? (const char *)sqlite3_value_text(argv[1]) : NULL);
    return error ? table_error(base->pVtab, error) : SQLITE_OK;
}

static int table_next(sqlite3_vtab_cursor *base)
{
    ((struct cursor *)base)->at++;
    return SQLITE_OK;
}

static int table_eof(sqlite3_vtab_cursor *base)
{
    const struct cursor *cursor = (const struct cursor *)base;
    return cursor->at >= cursor->chain.count;
}

/* The path of the first steps up to where the cursor stands. */
static int result_path(sqlite3_context *context, const struct cursor *cursor)
{
    struct hs_chain part = cursor->chain;
    part.count = cursor->at + 1;
    char *path;
    struct hs_error *error = hs_path_format(&part, &path);
    if (error)
        return table_error(cursor->base.pVtab, error);
    sqlite3_result_text(context, path, -1, SQLITE_TRANSIENT);
    free(path);
    return SQLITE_OK;
}

static int table_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    const struct cursor *cursor = (const struct cursor *)base;
    const struct hs_step *step = &cursor->chain.step[cursor->at];
    bool is_root = cursor->at == 0;
    switch ((enum column)column) {
    case COLUMN_STEP:
        sqlite3_result_int64(context, (int64_t)cursor->at);
        break;
    case COLUMN_OBJECT_ID:
        sqlite3_result_int64(context, step->object);
        break;
    case COLUMN_TYPE:
        sqlite3_result_text(context, step->type, -1, SQLITE_TRANSIENT);
        break;
    case COLUMN_KIND:
        if (!is_root || cursor->chain.root_kind < HS_ROOT_KINDS)
            sqlite3_result_text(context,
                                is_root ? hs_root_kind_name(step->kind) : hs_ref_kind_name(step->kind), -1,
                                SQLITE_STATIC);
        break;
    case COLUMN_NAME:
        sqlite3_result_text(context, step->name, -1, SQLITE_TRANSIENT);
        break;
    case COLUMN_PATH:
        return result_path(context, cursor);
    case COLUMN_OBJECT:
        sqlite3_result_int64(context, cursor->object);
        break;
    case COLUMN_TO:
        break; /* as it was given: NULL is never compared, the constraint is taken */
    }
    return SQLITE_OK;
}

static int table_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((const struct cursor *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 1,
    .xCreate = table_create,
    .xConnect = table_connect,
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xDestroy = table_disconnect,
    .xOpen = table_open,
    .xClose = table_close,
    .xFilter = table_filter,
    .xNext = table_next,
    .xEof = table_eof,
    .xColumn = table_column,
    .xRowid = table_rowid,
};

struct hs_error *hs_chain_table_register(struct sqlite3 *db, struct hs_catalog *catalog)
{
    return sqlite3_create_module_v2(db, "retaining_chain", &module, catalog, NULL) == SQLITE_OK
               ? NULL
               : hs_sqlite_error(db, "register retaining_chain");
}
