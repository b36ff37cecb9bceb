/* The snapshots attached to one SQLite connection, each as a schema.
 *
 * Shared by the tools (format/session.h) and by the loadable extension. Attaching declares `objects` and
 * `refs` as virtual tables in an in-memory database of the given name and copies the small tables into it.
 * Modules and functions that work on a snapshot find it here by the name of its schema, which SQLite hands to
 * xConnect as argv[1].
 */
#ifndef HS_FORMAT_CATALOG_H
#define HS_FORMAT_CATALOG_H

#include "format/error.h"
#include "format/reader.h"

struct hs_catalog;
struct hs_derived_ops;
struct sqlite3;

/* Registers the modules on `db` and calls derived->install. `derived` may be NULL; it must outlive the
 * catalog. The connection owns the catalog: it goes when the connection is closed. */
struct hs_error *hs_catalog_create(struct sqlite3 *db, const struct hs_derived_ops *derived,
                                   struct hs_catalog **ret) HS_MUST_CHECK;

/* Opens the snapshot `path` and makes it the schema `schema`: "main", or a name for which an in-memory
 * database is attached. A name in use is an error, unless its snapshot has been detached in SQL. Nothing is
 * left behind on failure. */
struct hs_error *hs_catalog_attach(struct hs_catalog *catalog, const char *path,
                                   const char *schema) HS_MUST_CHECK;

/* A name for the schema of the snapshot `path` that is free and needs no quotes in SQL: "dir/rep-1.db" gives
 * rep_1, or rep_1_2 where rep_1 is taken. Freed with sqlite3_free(); NULL without memory. */
char *hs_catalog_schema_name(const struct hs_catalog *catalog, const char *path);

size_t hs_catalog_count(const struct hs_catalog *catalog);
/* The snapshot of that schema (compared as SQLite does, without regard to ASCII case); hs_catalog_count() if
 * there is none. NULL asks for the first one attached. */
size_t hs_catalog_find(const struct hs_catalog *catalog, const char *schema);
struct hs_reader *hs_catalog_reader(const struct hs_catalog *catalog, size_t index);
const char *hs_catalog_schema(const struct hs_catalog *catalog, size_t index);
/* The context that derived->create made for that snapshot; NULL without ops. */
void *hs_catalog_derived(const struct hs_catalog *catalog, size_t index);

/* sqlite3_declare_vtab() for the xConnect of modules that work on snapshots. SQLite asks the authorizer about
 * the declaration as if somebody made a table of it, and connects again whenever a rollback makes it read the
 * schema anew; this is how a locked connection (format/lockdown.h) tells one from the other. */
int hs_catalog_declare_vtab(struct hs_catalog *catalog, struct sqlite3 *db, const char *declaration);
bool hs_catalog_is_declaring(const struct hs_catalog *catalog);

#endif
