/* Dominators and retained sizes: what would be freed with an object.
 *
 * Object d dominates object o if every owning path from every root to o runs through d; the immediate
 * dominator is the last such object before o. Removing d would free o: its retained size is the sum of the
 * shallow sizes of all it dominates, itself included.
 */
#ifndef HS_QUERY_DOMINATORS_H
#define HS_QUERY_DOMINATORS_H

#include "query/graph.h"

struct hs_dominators {
    uint32_t
        *dominator; /* [nodes] HS_NO_OBJECT where only the roots together hold it, and for the unreachable */
    uint64_t *retained; /* [nodes] bytes; 0 for the unreachable */
    uint32_t *order;    /* [reached] every reachable object, dominators before what they dominate */
    uint32_t reached;
};

/* Owning references only, from all of the roots. Adds the reverse edges to the graph. No recursion; memory 16
 * B a node, and 41 B while it works. Destroy with hs_dominators_destroy(). */
struct hs_error *hs_dominators_create(struct hs_graph *graph, const struct hs_roots *roots,
                                      struct hs_dominators **ret) HS_MUST_CHECK;
void hs_dominators_destroy(struct hs_dominators *dominators);

#endif
