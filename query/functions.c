#include "query/functions.h"

#include "format/schema.h"
#include "format/session.h"
#include "format/sqlite.h"
#include "query/chain.h"
#include "query/chain_table.h"
#include "query/derived.h"
#include "query/object.h"

#include <stdlib.h>

void hs_functions_error(sqlite3_context *context, struct hs_error *error)
{
    if (error->code == HS_ERROR_MEMORY)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_error(context, error->message, -1);
    hs_error_destroy(error);
}

/* The snapshot that an optional last argument names; hs_catalog_count() if there is none, which is then said.
 */
static size_t find_snapshot(sqlite3_context *context, const struct hs_catalog *catalog, int count,
                            sqlite3_value **values)
{
    const char *schema = count > 1 ? (const char *)sqlite3_value_text(values[1]) : NULL;
    size_t index = hs_catalog_find(catalog, schema);
    if (index == hs_catalog_count(catalog))
        sqlite3_result_error(
            context, schema ? "no snapshot is attached under that name" : "no snapshot is attached", -1);
    return index;
}

static void function_obj(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct hs_catalog *catalog = sqlite3_user_data(context);
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t index = find_snapshot(context, catalog, count, values);
    if (!text || index == hs_catalog_count(catalog))
        return;
    uint32_t object;
    struct hs_error *error = hs_object_find(hs_catalog_reader(catalog, index), text, &object);
    if (error)
        hs_functions_error(context, error);
    else
        sqlite3_result_int64(context, object);
}

static void function_path(sqlite3_context *context, int count, sqlite3_value **values)
{
    const struct hs_catalog *catalog = sqlite3_user_data(context);
    size_t index = find_snapshot(context, catalog, count, values);
    if (index == hs_catalog_count(catalog) || sqlite3_value_type(values[0]) != SQLITE_INTEGER)
        return;
    struct hs_reader *reader = hs_catalog_reader(catalog, index);
    int64_t object = sqlite3_value_int64(values[0]);
    if (object < 0 || object >= hs_reader_objects(reader))
        return;
    struct hs_derived_value value;
    struct hs_error *error =
        hs_graph_derived_ops.get(hs_catalog_derived(catalog, index), sqlite3_context_db_handle(context),
                                 reader, (uint32_t)object, HS_DERIVED_PATH, &value);
    if (error)
        hs_functions_error(context, error);
    else if (!value.null)
        sqlite3_result_text(context, value.text, -1, SQLITE_TRANSIENT);
}

struct hs_error *hs_functions_install(struct sqlite3 *db, struct hs_catalog *catalog)
{
    static const struct {
        const char *name;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } functions[] = {{"obj", function_obj}, {"path", function_path}};
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        for (int arguments = 1; arguments <= 2; arguments++)
            if (sqlite3_create_function(db, functions[i].name, arguments, SQLITE_UTF8, catalog,
                                        functions[i].function, NULL, NULL) != SQLITE_OK)
                return hs_sqlite_error(db, "register functions");
    return hs_chain_table_register(db, catalog);
}

struct hs_error *hs_functions_declare(struct sqlite3 *db, const struct hs_catalog *catalog, size_t index)
{
    struct hs_error *error = hs_edge_cost_install(db);
    if (!error)
        error = hs_edge_cost_add_modules(db, hs_catalog_reader(catalog, index));
    if (error)
        return error;
    char *sql = sqlite3_mprintf("CREATE VIRTUAL TABLE \"%w\".retaining_chain USING retaining_chain",
                                hs_catalog_schema(catalog, index));
    if (!sql)
        return &hs_error_memory;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return rc == SQLITE_OK ? NULL : hs_sqlite_error(db, "declare retaining_chain");
}
