#include "query/scene.h"

struct hs_error *hs_scene_init(struct hs_scene *scene, struct sqlite3 *db, struct hs_reader *reader)
{
    struct hs_costs *costs = NULL;
    *scene = (struct hs_scene){0};
    struct hs_error *error = hs_roots_read(reader, &scene->roots);
    if (!error)
        error = hs_graph_create(reader, &scene->graph);
    if (!error)
        error = hs_costs_create(db, reader, &costs);
    if (!error)
        error = hs_tree_create(scene->graph, &scene->roots, costs, &scene->tree);
    if (!error)
        error = hs_dominators_create(scene->graph, &scene->roots, &scene->dominators);
    hs_costs_destroy(costs);
    return error;
}

void hs_scene_deinit(struct hs_scene *scene)
{
    hs_dominators_destroy(scene->dominators);
    hs_tree_destroy(scene->tree);
    hs_roots_deinit(&scene->roots);
    hs_graph_destroy(scene->graph);
}
