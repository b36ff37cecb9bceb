/* All that a picture asks of a snapshot, computed once: its graph, forwards and backwards, the explaining
 * tree and the dominators. */
#ifndef HS_QUERY_SCENE_H
#define HS_QUERY_SCENE_H

#include "query/dominators.h"
#include "query/explain.h"

struct hs_scene {
    struct hs_graph *graph;
    struct hs_roots roots;
    struct hs_tree *tree;
    struct hs_dominators *dominators;
};

/* `db` as in hs_costs_create(). Deinit also after an error. */
struct hs_error *hs_scene_init(struct hs_scene *scene, struct sqlite3 *db,
                               struct hs_reader *reader) HS_MUST_CHECK;
void hs_scene_deinit(struct hs_scene *scene);

#endif
