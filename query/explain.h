/* The explaining tree: for every object the one path from a root that explains best why it is alive.
 *
 * Each reference has a cost by its kind, name and the type of its holder; each root has one too (cost.h). The
 * tree holds, for every object, the path with the least total cost. Two rules make the answer one:
 *
 * - A module root is an end: references to it are not followed. What a module holds is explained by that
 *   module, not by whoever imported it.
 * - Among paths of equal cost, from the object back to the root: being a root wins; else the holder that
 * comes first by (kind of the reference, its name, type name of the holder, slot, id), in the order of
 * SQLite's BINARY collation with NULL first: by names first, by address last. Of several roots at one object,
 * the one that comes first by (cost, kind, name).
 *
 * The search in SQL (chain.h) and this one give the same answer.
 */
#ifndef HS_QUERY_EXPLAIN_H
#define HS_QUERY_EXPLAIN_H

#include "query/cost.h"

#define HS_UNREACHABLE UINT32_MAX

struct hs_tree {
    uint32_t *cost;     /* [nodes] total cost from the root, HS_UNREACHABLE if no owning path from a root */
    uint32_t *steps;    /* [nodes] references on that path; 0 for a root itself */
    uint32_t *parent;   /* [nodes] holder, HS_NO_OBJECT for roots and the unreachable */
    uint32_t *position; /* [nodes] which of the parent's references it is (hs_chunk_ref) */
    uint32_t *root;     /* [nodes] for the first object of a path: index in roots; else HS_NO_OBJECT */
    uint32_t *order; /* [reached] the objects with a path, by ascending cost: holders before what they hold */
    uint32_t reached;
};

/* No recursion; memory 24 B a node, and as much again while it works. Costs beyond UINT32_MAX (a line of more
 * than 42 million ordinary steps) are not told apart: what lies beyond counts as unreachable. Destroy with
 * hs_tree_destroy(). */
struct hs_error *hs_tree_create(const struct hs_graph *graph, const struct hs_roots *roots,
                                const struct hs_costs *costs, struct hs_tree **ret) HS_MUST_CHECK;

/* Sets of nodes: bit node % 64 of word node / 64. malloc'ed, empty; NULL when out of memory. */
uint64_t *hs_bits_create(uint32_t nodes);

static inline void hs_bits_set(uint64_t *bits, uint32_t node)
{
    bits[node / 64] |= UINT64_C(1) << node % 64;
}

static inline bool hs_bits_get(const uint64_t *bits, uint32_t node)
{
    return bits[node / 64] >> node % 64 & 1;
}

/* The same from other starting points. */
struct hs_source {
    uint32_t object;
    uint32_t cost; /* what starting here costs, at most HS_COST_MAX */
    uint32_t root; /* stored in hs_tree.root; of several sources at one object the first of the least cost
                      counts */
};
/* `end`: a bit for each node, set where references are not followed to (hs_bits_set()). */
struct hs_error *hs_tree_create_from(const struct hs_graph *graph, const struct hs_source *source,
                                     size_t sources, const uint64_t *end, const struct hs_costs *costs,
                                     struct hs_tree **ret) HS_MUST_CHECK;
void hs_tree_destroy(struct hs_tree *tree);

#endif
