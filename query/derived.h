/* The derived columns of `objects`, and the functions of functions.h: what format/session.h leaves to whoever
 * has graph algorithms.
 */
#ifndef HS_QUERY_DERIVED_H
#define HS_QUERY_DERIVED_H

#include "format/session.h"

/* For hs_session_open() and hs_catalog_create(). Each snapshot's context computes the graph, the explaining
 * tree and the dominators when they are first asked for and keeps them; the tree is computed again when
 * edge_cost has changed.
 *
 *   in_refs         references to the object, weak and borrowed ones too
 *   external_refs   refcount less the owning references and roots that account for it; NULL for immortal
 * objects reachable       1 if some root reaches it by owning references, else 0 distance        references
 * on its explaining path, NULL if it has none parent_id       the holder on that path, NULL for roots
 *   dominator_id    its immediate dominator, NULL if only the roots together hold it
 *   retained_bytes  what would be freed with it, NULL if it is not reachable
 *   path            the explaining path as a Python expression, NULL if it has none
 */
extern const struct hs_derived_ops hs_graph_derived_ops;

#endif
