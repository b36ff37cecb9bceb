#include "query/dominators.h"

#include <stdlib.h>
#include <string.h>

/* Semi-NCA (Georgiadis 2005): semidominators as Lengauer and Tarjan find them, with path compression, then
 * each immediate dominator as the nearest ancestor of the depth-first parent that does not come after the
 * semidominator. Linear in practice, also on the long lines that make iterative methods quadratic.
 *
 * All arrays are by preorder number: 0 is the super-root, which refers to all roots; node v has number[v] or
 * 0. */
struct work {
    const struct hs_graph *graph;
    uint32_t *number;   /* [nodes] */
    uint32_t *vertex;   /* [count + 1] the node with that number */
    uint32_t *parent;   /* [count + 1] in the depth-first tree */
    uint32_t *semi;     /* [count + 1] */
    uint32_t *label;    /* [count + 1] the number of least semi on the compressed path above */
    uint32_t *ancestor; /* [count + 1] compressed links; a copy of parent to begin with */
    uint32_t *idom;     /* [count + 1] */
    uint32_t *stack;    /* [count + 1] */
    uint32_t count;
};

static void work_deinit(struct work *work)
{
    free(work->number);
    free(work->vertex);
    free(work->parent);
    free(work->semi);
    free(work->label);
    free(work->ancestor);
    free(work->idom);
    free(work->stack);
}

static struct hs_error *work_init(const struct hs_graph *graph, struct work *ret)
{
    *ret = (struct work){.graph = graph};
    size_t room = (size_t)graph->nodes + 1;
    uint32_t **arrays[] = {&ret->number, &ret->vertex,   &ret->parent, &ret->semi,
                           &ret->label,  &ret->ancestor, &ret->idom,   &ret->stack};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++)
        if (!(*arrays[i] = malloc(room * sizeof(uint32_t)))) {
            work_deinit(ret);
            return &hs_error_memory;
        }
    memset(ret->number, 0, room * sizeof(uint32_t));
    return NULL;
}

static void number_node(struct work *work, uint32_t node, uint32_t parent)
{
    uint32_t number = ++work->count;
    work->number[node] = number;
    work->vertex[number] = node;
    work->parent[number] = parent;
}

/* Numbers what a root reaches, depth first. The stack holds numbers; `next` the edge at which to go on. */
static void number_from(struct work *work, uint32_t root, uint64_t *next)
{
    const struct hs_graph *graph = work->graph;
    uint32_t depth = 0;
    number_node(work, root, 0);
    work->stack[depth++] = work->count;
    next[work->count] = graph->out_start[root];
    while (depth > 0) {
        uint32_t top = work->stack[depth - 1];
        uint64_t end = graph->out_start[work->vertex[top] + 1], edge = next[top];
        while (edge < end &&
               (graph->out_flags[edge] & HS_EDGE_BORROWED || work->number[graph->out_dst[edge]]))
            edge++;
        if (edge == end) {
            depth--;
            continue;
        }
        next[top] = edge + 1;
        uint32_t dst = graph->out_dst[edge];
        number_node(work, dst, top);
        work->stack[depth++] = work->count;
        next[work->count] = graph->out_start[dst];
    }
}

static struct hs_error *number_all(struct work *work, const struct hs_roots *roots)
{
    uint64_t *next = malloc(((size_t)work->graph->nodes + 1) * sizeof(*next));
    if (!next)
        return &hs_error_memory;
    for (size_t i = 0; i < roots->count; i++)
        if (!work->number[roots->root[i].object])
            number_from(work, roots->root[i].object, next);
    free(next);
    return NULL;
}

/* The number of least semidominator on the path from v up to, but without, the last number not yet linked:
 * numbers above `linked` are. Compresses the path. */
static uint32_t evaluate(struct work *work, uint32_t v, uint32_t linked)
{
    uint32_t depth = 0;
    while (work->ancestor[v] > linked) {
        work->stack[depth++] = v;
        v = work->ancestor[v];
    }
    uint32_t best = work->label[v], top = work->ancestor[v];
    while (depth > 0) {
        v = work->stack[--depth];
        if (work->semi[best] < work->semi[work->label[v]])
            work->label[v] = best;
        else
            best = work->label[v];
        work->ancestor[v] = top;
    }
    return best;
}

static void semidominators(struct work *work, const bool *is_root)
{
    const struct hs_graph *graph = work->graph;
    for (uint32_t v = 0; v <= work->count; v++) {
        work->semi[v] = work->label[v] = v;
        work->ancestor[v] = v ? work->parent[v] : 0;
    }
    for (uint32_t v = work->count; v > 0; v--) {
        uint32_t node = work->vertex[v], semi = is_root[node] ? 0 : work->parent[v];
        uint64_t end = graph->in_start[node + 1] - graph->in_borrowed[node];
        for (uint64_t i = graph->in_start[node]; semi && i < end; i++) {
            uint32_t u = work->number[graph->in_src[i]];
            if (!u)
                continue;
            uint32_t candidate = u <= v ? u : work->semi[evaluate(work, u, v)];
            if (candidate < semi)
                semi = candidate;
        }
        work->semi[v] = semi;
    }
}

static void immediate_dominators(struct work *work)
{
    work->idom[0] = 0;
    for (uint32_t v = 1; v <= work->count; v++) {
        uint32_t dominator = work->parent[v];
        while (dominator > work->semi[v])
            dominator = work->idom[dominator];
        work->idom[v] = dominator;
    }
}

static struct hs_error *result(const struct work *work, struct hs_dominators **ret)
{
    const struct hs_graph *graph = work->graph;
    struct hs_dominators *dominators = calloc(1, sizeof(*dominators));
    if (!dominators)
        return &hs_error_memory;
    size_t room = (size_t)graph->nodes + 1;
    dominators->dominator = malloc(room * sizeof(*dominators->dominator));
    dominators->retained = calloc(room, sizeof(*dominators->retained));
    dominators->order = malloc(room * sizeof(*dominators->order));
    if (!dominators->dominator || !dominators->retained || !dominators->order) {
        hs_dominators_destroy(dominators);
        return &hs_error_memory;
    }
    memset(dominators->dominator, 0xff, room * sizeof(*dominators->dominator)); /* HS_NO_OBJECT */
    dominators->reached = work->count;
    for (uint32_t v = 1; v <= work->count; v++) {
        uint32_t node = work->vertex[v];
        dominators->order[v - 1] = node;
        dominators->retained[node] = graph->size[node];
        if (work->idom[v])
            dominators->dominator[node] = work->vertex[work->idom[v]];
    }
    for (uint32_t v = work->count; v > 0; v--) {
        uint32_t node = work->vertex[v];
        if (dominators->dominator[node] != HS_NO_OBJECT)
            dominators->retained[dominators->dominator[node]] += dominators->retained[node];
    }
    *ret = dominators;
    return NULL;
}

struct hs_error *hs_dominators_create(struct hs_graph *graph, const struct hs_roots *roots,
                                      struct hs_dominators **ret)
{
    struct hs_error *error = hs_graph_reverse(graph);
    if (error)
        return error;
    struct work work;
    error = work_init(graph, &work);
    if (error)
        return error;
    bool *is_root = calloc((size_t)graph->nodes + 1, sizeof(*is_root));
    error = is_root ? number_all(&work, roots) : &hs_error_memory;
    if (!error) {
        for (size_t i = 0; i < roots->count; i++)
            is_root[roots->root[i].object] = true;
        semidominators(&work, is_root);
        immediate_dominators(&work);
        error = result(&work, ret);
    }
    free(is_root);
    work_deinit(&work);
    return error;
}

void hs_dominators_destroy(struct hs_dominators *dominators)
{
    if (!dominators)
        return;
    free(dominators->dominator);
    free(dominators->retained);
    free(dominators->order);
    free(dominators);
}
