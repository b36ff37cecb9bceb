#include "query/derived.h"

#include "format/sqlite.h"
#include "query/chain.h"
#include "query/dominators.h"
#include "query/explain.h"
#include "query/functions.h"

#include <stdlib.h>
#include <string.h>

struct analysis {
    struct hs_graph *graph;
    struct hs_roots roots;
    bool roots_read;
    uint32_t *held_by_roots; /* [nodes] references that roots account for */
    bool *reachable;         /* [nodes] */
    struct hs_tree *tree;
    uint64_t tree_costs; /* fingerprint of the edge_cost that the tree was made with */
    int changes;         /* sqlite3_total_changes() when that was last compared */
    struct hs_dominators *dominators;
    char *path;
};

static struct hs_error *analysis_create(struct hs_reader *reader, const char *schema, void **ret)
{
    (void)reader, (void)schema;
    *ret = calloc(1, sizeof(struct analysis));
    return *ret ? NULL : &hs_error_memory;
}

static void analysis_destroy(void *context)
{
    struct analysis *analysis = context;
    if (!analysis)
        return;
    hs_tree_destroy(analysis->tree);
    hs_dominators_destroy(analysis->dominators);
    hs_graph_destroy(analysis->graph);
    hs_roots_deinit(&analysis->roots);
    free(analysis->held_by_roots);
    free(analysis->reachable);
    free(analysis->path);
    free(analysis);
}

static struct hs_error *need_graph(struct analysis *analysis, struct hs_reader *reader)
{
    struct hs_error *error = NULL;
    if (!analysis->roots_read)
        error = hs_roots_read(reader, &analysis->roots);
    if (!error)
        analysis->roots_read = true;
    if (!error && !analysis->graph)
        error = hs_graph_create(reader, &analysis->graph);
    return error;
}

static struct hs_error *need_reverse(struct analysis *analysis, struct hs_reader *reader)
{
    struct hs_error *error = need_graph(analysis, reader);
    if (!error)
        error = hs_graph_reverse(analysis->graph);
    if (error || analysis->held_by_roots)
        return error;
    analysis->held_by_roots = calloc((size_t)analysis->graph->nodes + 1, sizeof(uint32_t));
    if (!analysis->held_by_roots)
        return &hs_error_memory;
    for (size_t i = 0; i < analysis->roots.count; i++)
        if (analysis->roots.root[i].kind != HS_ROOT_EXTERNAL) /* which is what is left over */
            analysis->held_by_roots[analysis->roots.root[i].object] += analysis->roots.root[i].refs;
    return NULL;
}

/* Marks what is reachable; `stack` has room for all nodes. */
static void mark(const struct hs_graph *graph, const struct hs_roots *roots, bool *reachable, uint32_t *stack)
{
    uint32_t depth = 0;
    for (size_t i = 0; i < roots->count; i++) {
        uint32_t object = roots->root[i].object;
        if (!reachable[object])
            stack[depth++] = object;
        reachable[object] = true;
    }
    while (depth > 0) {
        uint32_t node = stack[--depth];
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++) {
            uint32_t dst = graph->out_dst[edge];
            if (reachable[dst] || graph->out_flags[edge] & HS_EDGE_BORROWED)
                continue;
            reachable[dst] = true;
            stack[depth++] = dst;
        }
    }
}

static struct hs_error *need_reachable(struct analysis *analysis, struct hs_reader *reader)
{
    struct hs_error *error = need_graph(analysis, reader);
    if (error || analysis->reachable)
        return error;
    size_t nodes = analysis->graph->nodes;
    uint32_t *stack = malloc((nodes + 1) * sizeof(*stack));
    analysis->reachable = calloc(nodes + 1, sizeof(*analysis->reachable));
    if (!stack || !analysis->reachable) {
        free(stack);
        free(analysis->reachable);
        analysis->reachable = NULL;
        return &hs_error_memory;
    }
    mark(analysis->graph, &analysis->roots, analysis->reachable, stack);
    free(stack);
    return NULL;
}

static struct hs_error *make_tree(struct analysis *analysis, struct sqlite3 *db, struct hs_reader *reader)
{
    hs_tree_destroy(analysis->tree);
    analysis->tree = NULL;
    struct hs_costs *costs;
    struct hs_error *error = hs_costs_create(db, reader, &costs);
    if (error)
        return error;
    error = hs_tree_create(analysis->graph, &analysis->roots, costs, &analysis->tree);
    hs_costs_destroy(costs);
    return error;
}

static struct hs_error *need_tree(struct analysis *analysis, struct sqlite3 *db, struct hs_reader *reader)
{
    /* edge_cost cannot have changed if no row of this connection has. */
    int changes = sqlite3_total_changes(db);
    if (analysis->tree && analysis->changes == changes)
        return NULL;
    uint64_t fingerprint;
    struct hs_error *error = need_graph(analysis, reader);
    if (!error)
        error = hs_edge_cost_fingerprint(db, &fingerprint);
    if (!error && (!analysis->tree || analysis->tree_costs != fingerprint))
        error = make_tree(analysis, db, reader);
    if (error)
        return error;
    analysis->tree_costs = fingerprint;
    analysis->changes = changes;
    return NULL;
}

static struct hs_error *need_dominators(struct analysis *analysis, struct hs_reader *reader)
{
    struct hs_error *error = need_graph(analysis, reader);
    if (error || analysis->dominators)
        return error;
    return hs_dominators_create(analysis->graph, &analysis->roots, &analysis->dominators);
}

static void set_number(struct hs_derived_value *value, int64_t number)
{
    value->null = false;
    value->number = number;
}

static struct hs_error *external_refs(const struct analysis *analysis, struct hs_reader *reader,
                                      uint32_t object, struct hs_derived_value *ret)
{
    const struct hs_chunk *chunk;
    struct hs_error *error = hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, HS_PART_OBJECTS, &chunk);
    if (error)
        return error;
    uint64_t refcount = chunk->refcount[object - chunk->first];
    hs_reader_release(reader, chunk);
    if (refcount >= HS_REFCOUNT_IMMORTAL)
        return NULL;
    const struct hs_graph *graph = analysis->graph;
    uint64_t known = graph->in_start[object + 1] - graph->in_start[object] - graph->in_borrowed[object] +
                     analysis->held_by_roots[object];
    set_number(ret, (int64_t)refcount - (int64_t)known);
    return NULL;
}

static struct hs_error *find_path(struct analysis *analysis, uint32_t object, struct hs_derived_value *ret)
{
    free(analysis->path);
    analysis->path = NULL;
    struct hs_chain chain;
    struct hs_error *error =
        hs_chain_from_tree(analysis->graph, &analysis->roots, analysis->tree, object, &chain);
    if (!error && chain.count)
        error = hs_path_format(&chain, &analysis->path);
    hs_chain_deinit(&chain);
    ret->null = !analysis->path;
    ret->text = analysis->path;
    return error;
}

static struct hs_error *get_from_tree(struct analysis *analysis, struct sqlite3 *db, struct hs_reader *reader,
                                      uint32_t object, enum hs_derived column, struct hs_derived_value *ret)
{
    struct hs_error *error = need_tree(analysis, db, reader);
    if (error || analysis->tree->cost[object] == HS_UNREACHABLE)
        return error;
    if (column == HS_DERIVED_PATH)
        return find_path(analysis, object, ret);
    if (column == HS_DERIVED_DISTANCE)
        set_number(ret, analysis->tree->steps[object]);
    else if (analysis->tree->parent[object] != HS_NO_OBJECT)
        set_number(ret, analysis->tree->parent[object]);
    return NULL;
}

static struct hs_error *get_from_dominators(struct analysis *analysis, struct hs_reader *reader,
                                            uint32_t object, enum hs_derived column,
                                            struct hs_derived_value *ret)
{
    struct hs_error *error = need_dominators(analysis, reader);
    if (!error)
        error = need_reachable(analysis, reader);
    if (error || !analysis->reachable[object])
        return error;
    if (column == HS_DERIVED_RETAINED_BYTES)
        set_number(ret, (int64_t)analysis->dominators->retained[object]);
    else if (analysis->dominators->dominator[object] != HS_NO_OBJECT)
        set_number(ret, analysis->dominators->dominator[object]);
    return NULL;
}

static struct hs_error *get(void *context, struct sqlite3 *db, struct hs_reader *reader, uint32_t object,
                            enum hs_derived column, struct hs_derived_value *ret)
{
    struct analysis *analysis = context;
    struct hs_error *error;
    *ret = (struct hs_derived_value){.null = true};
    switch (column) {
    case HS_DERIVED_IN_REFS:
        error = need_reverse(analysis, reader);
        if (!error)
            set_number(ret,
                       (int64_t)(analysis->graph->in_start[object + 1] - analysis->graph->in_start[object]));
        return error;
    case HS_DERIVED_EXTERNAL_REFS:
        error = need_reverse(analysis, reader);
        return error ? error : external_refs(analysis, reader, object, ret);
    case HS_DERIVED_REACHABLE:
        error = need_reachable(analysis, reader);
        if (!error)
            set_number(ret, analysis->reachable[object]);
        return error;
    case HS_DERIVED_DOMINATOR_ID:
    case HS_DERIVED_RETAINED_BYTES:
        return get_from_dominators(analysis, reader, object, column, ret);
    default:
        return get_from_tree(analysis, db, reader, object, column, ret);
    }
}

const struct hs_derived_ops hs_graph_derived_ops = {
    .get = get,
    .create = analysis_create,
    .destroy = analysis_destroy,
    .install = hs_functions_install,
    .declare = hs_functions_declare,
};
