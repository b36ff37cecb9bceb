#include "format/attached.h"

#include "format/catalog.h"
#include "format/session.h"

#include <stdlib.h>
#include <string.h>

void hs_attached_release(struct hs_attached *attached)
{
    if (!attached || --attached->references)
        return;
    if (attached->derived && attached->derived->destroy && attached->context)
        attached->derived->destroy(attached->context);
    hs_lookup_deinit(&attached->lookup);
    hs_reader_destroy(attached->reader);
    free(attached->schema);
    free(attached);
}

int hs_vtab_connect(sqlite3 *db, struct hs_catalog *catalog, const char *schema, const char *declaration,
                    sqlite3_vtab **ret, char **ret_message)
{
    struct hs_attached *attached = hs_catalog_acquire(catalog, schema);
    if (!attached) {
        *ret_message = sqlite3_mprintf("no snapshot is attached as %s", schema);
        return SQLITE_ERROR;
    }
    struct hs_vtab *table = sqlite3_malloc(sizeof(*table));
    int status = table ? hs_catalog_declare_vtab(catalog, db, declaration) : SQLITE_NOMEM;
    /* Reading has no effect outside the connection, so views may read the tables even where the schema is not
     * trusted. */
    if (!status)
        status = sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    if (status) {
        sqlite3_free(table);
        hs_attached_release(attached);
        return status;
    }
    *table = (struct hs_vtab){.attached = attached};
    *ret = &table->base;
    return SQLITE_OK;
}

int hs_vtab_disconnect(sqlite3_vtab *vtab)
{
    struct hs_vtab *table = (struct hs_vtab *)vtab;
    hs_attached_release(table->attached);
    sqlite3_free(table);
    return SQLITE_OK;
}

int hs_vtab_error(sqlite3_vtab *vtab, struct hs_error *error)
{
    if (!error)
        return SQLITE_OK;
    int status = error->code == HS_ERROR_MEMORY ? SQLITE_NOMEM : SQLITE_ERROR;
    sqlite3_free(vtab->zErrMsg);
    vtab->zErrMsg = sqlite3_mprintf("%s", error->message);
    hs_error_destroy(error);
    return status;
}
