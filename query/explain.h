/* The explaining tree: for every object the one path from a root that explains best why it is alive.
 *
 * Each reference has a cost by its kind, name and the type of its holder; each root has one too. The tree holds, for
 * every object, the path with the least total cost. Among equals, from the object back to the root, the holder wins that
 * comes first by (kind of the reference, its name, type name of the holder, slot, id): by names first, by address last.
 * Costs stand in the table edge_cost, which a user sees in SQL and may change; the SQL search (chain.h) and this
 * one give the same answer.
 */
#ifndef HS_QUERY_EXPLAIN_H
#define HS_QUERY_EXPLAIN_H

#include "query/graph.h"

struct sqlite3;

/* Text of the statements that create and fill temp.edge_cost(kind, name, holder, cost):
 * kind: of the reference, or "root:module" and so on; name, holder: GLOB patterns on its name ('' if it has none) and on the holder's type
 * name; of the rows that match, the last one (highest rowid) counts. A cost of NULL: never followed. Costs are 0 .. 1000. */
extern const char hs_edge_cost_sql[];
struct hs_error *hs_edge_cost_install(struct sqlite3 *db) HS_MUST_CHECK;

struct hs_costs; /* edge_cost compiled for one snapshot */
/* `db` holds temp.edge_cost; NULL takes the built-in defaults. */
struct hs_error *hs_costs_create(struct sqlite3 *db, struct hs_reader *reader, struct hs_costs **ret) HS_MUST_CHECK;
void hs_costs_destroy(struct hs_costs *costs);
#define HS_COST_NEVER UINT16_MAX
uint16_t hs_costs_ref(const struct hs_costs *costs, uint32_t holder_type, const struct hs_ref *ref);
uint16_t hs_costs_root(const struct hs_costs *costs, const struct hs_root *root);

#define HS_UNREACHABLE UINT32_MAX
struct hs_tree {
    uint32_t *cost;     /* [nodes] total cost from the root, HS_UNREACHABLE if no owning path from a root */
    uint32_t *steps;    /* [nodes] references on that path; 0 for a root itself */
    uint32_t *parent;   /* [nodes] holder, HS_NO_OBJECT for roots and the unreachable */
    uint32_t *position; /* [nodes] which of the parent's references it is (hs_chunk_ref) */
    uint32_t *root;     /* [nodes] for a root object: index in roots; else HS_NO_OBJECT */
};
/* No recursion; memory 20 B a node. Destroy with hs_tree_destroy(). */
struct hs_error *hs_tree_create(const struct hs_graph *graph, const struct hs_roots *roots, const struct hs_costs *costs,
                                struct hs_tree **ret) HS_MUST_CHECK;
void hs_tree_destroy(struct hs_tree *tree);

#endif
