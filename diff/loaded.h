/* A snapshot loaded for comparison: its graph, its explaining tree, and the signature of each object. */
#ifndef HS_DIFF_LOADED_H
#define HS_DIFF_LOADED_H

#include "diff/group.h"

/* What no root reaches, in objects and shallow bytes; the arrays are by type: [hs_reader_types()]. */
struct hs_garbage {
    uint64_t objects, bytes;
    uint64_t *objects_of, *bytes_of;
};

struct hs_loaded {
    const char *path;  /* as the user gave it */
    const char *costs; /* statements that change edge_cost; NULL: none */
    struct hs_reader *reader;
    struct hs_roots roots;
    /* These are there for the first and the last snapshot only; NULL in between. */
    struct hs_graph *graph;
    struct hs_tree *tree;
    uint32_t *group; /* [graph->nodes], HS_NO_GROUP for what no root reaches */
    struct hs_garbage garbage;
};

/* Loads all snapshots, two at a time in threads of their own, into `ret` ([count], the caller's, zeroed
 * here), and their signatures into one table. `costs`: see hs_costs_create_changed(); must outlive them.
 * Errors name the file. Deinit each with hs_loaded_deinit() also after an error. */
struct hs_error *hs_loaded_all(const char *const *paths, size_t count, const char *costs,
                               struct hs_loaded *ret, struct hs_groups *groups) HS_MUST_CHECK;
void hs_loaded_deinit(struct hs_loaded *loaded);

#endif
