/* The table-valued function retaining_chain, a virtual table in each snapshot's schema.
 *
 *   step       INTEGER  0 at the root, counting up to the object
 *   object_id  INTEGER
 *   type       TEXT
 *   kind       TEXT     of the reference from the step before; of the root in the first step
 *   name       TEXT     its name
 *   path       TEXT     a Python expression for this step
 *   object     HIDDEN   the object asked for; must be given
 *   to         HIDDEN   'root' (the default), 'module', or a type name
 *
 * xBestIndex asks for an equality on `object` and takes one on `to`; idxNum bit 0: `to` is in argv, too.
 */
#ifndef HS_QUERY_CHAIN_TABLE_H
#define HS_QUERY_CHAIN_TABLE_H

#include "format/catalog.h"

struct hs_error *hs_chain_table_register(struct sqlite3 *db, struct hs_catalog *catalog) HS_MUST_CHECK;

#endif
