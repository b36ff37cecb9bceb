/* One snapshot attached to a connection: what its virtual tables share. For the files of this room that
 * implement them. */
#ifndef HS_FORMAT_ATTACHED_H
#define HS_FORMAT_ATTACHED_H

#include "format/lookup.h"
#include "format/sqlite.h"

struct hs_catalog;
struct hs_derived_ops;

/* Counted: the catalog and each connected table hold a reference, since SQLite disconnects tables when it
 * likes. */
struct hs_attached {
    unsigned references;
    sqlite3 *db; /* the user's connection */
    struct hs_reader *reader;
    struct hs_lookup lookup;
    const struct hs_derived_ops *derived; /* may be NULL */
    void *context;                        /* of derived */
    char *schema;
};

void hs_attached_release(struct hs_attached *attached);
/* The snapshot of `schema` with a reference for the caller; NULL if there is none. */
struct hs_attached *hs_catalog_acquire(struct hs_catalog *catalog, const char *schema);

/* The modules; their auxiliary pointer is the catalog. */
extern const sqlite3_module hs_objects_module;
extern const sqlite3_module hs_refs_module;
#define HS_OBJECTS_MODULE "heapsnap_objects"
#define HS_REFS_MODULE    "heapsnap_refs"

/* Columns of the two tables, numbered as declared. */
enum hs_objects_column {
    HS_OBJECTS_ID = 0,
    HS_OBJECTS_ADDRESS,
    HS_OBJECTS_TYPE_ID,
    HS_OBJECTS_TYPE,
    HS_OBJECTS_SHALLOW_BYTES,
    HS_OBJECTS_REFCOUNT,
    HS_OBJECTS_GENERATION,
    HS_OBJECTS_TRACKED,
    HS_OBJECTS_INTERPRETER,
    HS_OBJECTS_LENGTH,
    HS_OBJECTS_IDENT,
    HS_OBJECTS_VALUE,
    HS_OBJECTS_ALLOCATED_AT,
    HS_OBJECTS_DERIVED, /* the first of HS_DERIVED_COLUMNS, in the order of enum hs_derived */
};
enum hs_refs_column {
    HS_REFS_SRC = 0,
    HS_REFS_DST,
    HS_REFS_KIND,
    HS_REFS_NAME,
    HS_REFS_SLOT,
    HS_REFS_OWNING,
};

/* A table over an attached snapshot, and how it starts and ends. */
struct hs_vtab {
    sqlite3_vtab base;
    struct hs_attached *attached;
};
int hs_vtab_connect(sqlite3 *db, struct hs_catalog *catalog, const char *schema, const char *declaration,
                    sqlite3_vtab **ret, char **ret_message);
int hs_vtab_disconnect(sqlite3_vtab *vtab);
/* The snapshot over which a cursor runs. */
static inline struct hs_attached *hs_vtab_attached(const sqlite3_vtab_cursor *cursor)
{
    return ((const struct hs_vtab *)cursor->pVtab)->attached;
}
/* Hands an error to SQLite, which copies the message, and destroys it. SQLITE_OK for NULL. */
int hs_vtab_error(sqlite3_vtab *vtab, struct hs_error *error);

#endif
