/* What SQL can call: obj(), path() and retaining_chain(), and the table edge_cost.
 *
 *   obj('webapp.DB[-1]' [, schema])   the id of the object that the text names (object.h)
 *   path(id [, schema])               its explaining path as a Python expression, NULL if it has none
 *   retaining_chain(id [, to])        a table, one in each snapshot's schema: step, object_id, type, kind,
 * name, path. `to`: 'root' (the default), 'module', or a type name (chain.h)
 *
 * Without a schema the first snapshot of the connection is meant.
 */
#ifndef HS_QUERY_FUNCTIONS_H
#define HS_QUERY_FUNCTIONS_H

#include "format/catalog.h"

struct sqlite3_context;

/* The two hooks of hs_derived_ops (format/session.h). */
struct hs_error *hs_functions_install(struct sqlite3 *db, struct hs_catalog *catalog) HS_MUST_CHECK;
struct hs_error *hs_functions_declare(struct sqlite3 *db, const struct hs_catalog *catalog,
                                      size_t index) HS_MUST_CHECK;

/* Hands an error to SQLite as the result of a function, and destroys it. */
void hs_functions_error(struct sqlite3_context *context, struct hs_error *error);

#endif
