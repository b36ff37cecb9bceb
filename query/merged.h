/* The paths to many objects as one tree: where all instances of a type are held, with counts.
 *
 * Each object brings the path that explains it best (explain.h). Steps that are alike are one branch:
 * elements of a container, whatever their position or key; a reference of the same name to the same type; a
 * __dict__ is no step; and a step that repeats (a linked list, a tree) stays where it is.
 */
#ifndef HS_QUERY_MERGED_H
#define HS_QUERY_MERGED_H

#include "query/explain.h"

#define HS_NO_BRANCH UINT32_MAX

struct hs_branch {
    uint32_t parent;         /* HS_NO_BRANCH for a root; always a smaller number than the branch's own */
    uint32_t depth;          /* 0 for a root */
    uint32_t object;         /* an example of what is there */
    uint32_t root;           /* number of the root where the path begins; for a root, else HS_NO_OBJECT */
    bool repeats;            /* the step goes on below itself */
    uint64_t objects, bytes; /* that are here or below: of those asked for, and their shallow bytes */
};
struct hs_merged {
    uint32_t count;
    struct hs_branch *branch; /* [count] */
    uint64_t unheld;          /* objects that no root leads to */
};

/* Merges the paths to the objects of `set` (bits by node). */
struct hs_error *hs_merged_create(const struct hs_graph *graph, const struct hs_roots *roots,
                                  const struct hs_tree *tree, const uint64_t *set,
                                  struct hs_merged *ret) HS_MUST_CHECK;
void hs_merged_deinit(struct hs_merged *merged);

#endif
