/* What sets of objects keep alive together: what would be freed if all of a set went away at once.
 *
 * A dominator tree answers that for one object. What two objects of a set hold between them neither retains
 * alone, but the set does; so for sets the heap is searched again without them: exact, and for many sets in
 * one search.
 */
#ifndef HS_QUERY_RETAINED_H
#define HS_QUERY_RETAINED_H

#include "query/graph.h"

#define HS_NO_SET UINT32_MAX

struct hs_kept {
    uint64_t objects, bytes; /* the members that a root reaches themselves included; bytes are shallow ones */
};

/* `set`: [graph->nodes] the number of the set that a node is in, HS_NO_SET for none; NULL: no node is in any.
 * `root_set`: [roots->count] likewise for roots, which a set may hold too (a thread its frames' variables);
 * NULL: none is. `ret`: [sets], the caller's. Memory 37 B a node while it works. */
struct hs_error *hs_retained_sets(const struct hs_graph *graph, const struct hs_roots *roots,
                                  const uint32_t *set, const uint32_t *root_set, uint32_t sets,
                                  struct hs_kept *ret) HS_MUST_CHECK;

/* The nodes that would be freed with those of `set` (bits by node, as is `ret`, malloc'ed: hs_bits_create()
 * of explain.h). */
struct hs_error *hs_retained_nodes(const struct hs_graph *graph, const struct hs_roots *roots,
                                   const uint64_t *set, uint64_t **ret) HS_MUST_CHECK;

#endif
