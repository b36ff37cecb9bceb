#include "query/retained.h"

#include "query/explain.h"

#include <stdlib.h>
#include <string.h>

/* A bit for each set of a batch: set where the node is reached without that set's help. */
#define WORDS 4
#define BATCH (64 * WORDS)

struct mask {
    uint64_t word[WORDS];
};

/* Nodes whose masks have grown since what they refer to was told; each waits once. */
struct queue {
    uint32_t *node; /* [nodes + 1], a ring */
    uint32_t room, first, count;
    uint64_t *waiting; /* bits */
};

struct search {
    const struct hs_graph *graph;
    const uint32_t *set;
    uint32_t first, end; /* the batch: sets from first to before end */
    struct mask *mask;   /* [nodes] */
    uint64_t *reached;   /* bits */
    struct queue queue;
};

static void search_deinit(struct search *search)
{
    free(search->mask);
    free(search->reached);
    free(search->queue.node);
    free(search->queue.waiting);
}

static struct hs_error *search_init(const struct hs_graph *graph, const uint32_t *set, struct search *ret)
{
    *ret = (struct search){.graph = graph, .set = set};
    ret->mask = malloc(((size_t)graph->nodes + 1) * sizeof(*ret->mask));
    ret->reached = hs_bits_create(graph->nodes);
    ret->queue.room = graph->nodes + 1;
    ret->queue.node = malloc((size_t)ret->queue.room * sizeof(*ret->queue.node));
    ret->queue.waiting = hs_bits_create(graph->nodes);
    if (ret->mask && ret->reached && ret->queue.node && ret->queue.waiting)
        return NULL;
    search_deinit(ret);
    return &hs_error_memory;
}

static void queue_add(struct queue *queue, uint32_t node)
{
    if (hs_bits_get(queue->waiting, node))
        return;
    hs_bits_set(queue->waiting, node);
    uint64_t at = (uint64_t)queue->first + queue->count++;
    queue->node[at < queue->room ? at : at - queue->room] = node;
}

static uint32_t queue_take(struct queue *queue)
{
    uint32_t node = queue->node[queue->first];
    queue->first = queue->first + 1 == queue->room ? 0 : queue->first + 1;
    queue->count--;
    queue->waiting[node / 64] &= ~(UINT64_C(1) << node % 64);
    return node;
}

static void mask_without(const struct search *search, struct mask *mask, uint32_t set)
{
    if (set >= search->first && set < search->end)
        mask->word[(set - search->first) / 64] &= ~(UINT64_C(1) << (set - search->first) % 64);
}

/* Tells `node` by which sets it need not be held. */
static void tell(struct search *search, uint32_t node, const struct mask *mask)
{
    uint64_t news = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        news |= mask->word[i] & ~search->mask[node].word[i];
        search->mask[node].word[i] |= mask->word[i];
    }
    if (!hs_bits_get(search->reached, node)) {
        hs_bits_set(search->reached, node);
        news = 1;
    }
    if (news)
        queue_add(&search->queue, node);
}

static void spread(struct search *search)
{
    const struct hs_graph *graph = search->graph;
    while (search->queue.count) {
        uint32_t node = queue_take(&search->queue);
        struct mask mask = search->mask[node];
        if (search->set)
            mask_without(search, &mask, search->set[node]);
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++)
            if (!(graph->out_flags[edge] & HS_EDGE_BORROWED))
                tell(search, graph->out_dst[edge], &mask);
    }
}

/* Adds up what each set of the batch retains. */
static void add_up(const struct search *search, struct hs_kept *ret)
{
    for (uint32_t node = 0; node < search->graph->nodes; node++) {
        if (!hs_bits_get(search->reached, node))
            continue;
        struct mask mask = search->mask[node];
        if (search->set)
            mask_without(search, &mask, search->set[node]);
        for (unsigned i = 0; i < WORDS; i++)
            for (uint64_t missing = ~mask.word[i]; missing; missing &= missing - 1) {
                uint32_t set = search->first + 64 * i + (uint32_t)__builtin_ctzll(missing);
                if (set >= search->end)
                    break;
                ret[set].objects++;
                ret[set].bytes += search->graph->size[node];
            }
    }
}

struct hs_error *hs_retained_sets(const struct hs_graph *graph, const struct hs_roots *roots,
                                  const uint32_t *set, const uint32_t *root_set, uint32_t sets,
                                  struct hs_kept *ret)
{
    struct search search;
    memset(ret, 0, sets * sizeof(*ret));
    struct hs_error *error = search_init(graph, set, &search);
    if (error)
        return error;
    for (uint64_t first = 0; first < sets; first += BATCH) {
        search.first = (uint32_t)first;
        search.end = sets - first < BATCH ? sets : (uint32_t)first + BATCH;
        memset(search.mask, 0, ((size_t)graph->nodes + 1) * sizeof(*search.mask));
        memset(search.reached, 0, ((size_t)graph->nodes / 64 + 1) * sizeof(*search.reached));
        for (size_t i = 0; i < roots->count; i++) {
            struct mask all;
            memset(&all, 0xff, sizeof(all));
            if (root_set)
                mask_without(&search, &all, root_set[i]);
            tell(&search, roots->root[i].object, &all);
        }
        spread(&search);
        add_up(&search, ret);
    }
    search_deinit(&search);
    return NULL;
}

/* Sets the bits of what the roots reach without running through `without` (NULL: nothing is left out). */
static struct hs_error *reach(const struct hs_graph *graph, const struct hs_roots *roots,
                              const uint64_t *without, uint64_t *ret)
{
    uint32_t *stack = malloc(((size_t)graph->nodes + 1) * sizeof(*stack)), depth = 0;
    if (!stack)
        return &hs_error_memory;
    for (size_t i = 0; i < roots->count; i++) {
        uint32_t node = roots->root[i].object;
        if (hs_bits_get(ret, node) || (without && hs_bits_get(without, node)))
            continue;
        hs_bits_set(ret, node);
        stack[depth++] = node;
    }
    while (depth > 0) {
        uint32_t node = stack[--depth];
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++) {
            uint32_t dst = graph->out_dst[edge];
            if (graph->out_flags[edge] & HS_EDGE_BORROWED || hs_bits_get(ret, dst) ||
                (without && hs_bits_get(without, dst)))
                continue;
            hs_bits_set(ret, dst);
            stack[depth++] = dst;
        }
    }
    free(stack);
    return NULL;
}

struct hs_error *hs_retained_nodes(const struct hs_graph *graph, const struct hs_roots *roots,
                                   const uint64_t *set, uint64_t **ret)
{
    uint64_t *all = hs_bits_create(graph->nodes), *left = hs_bits_create(graph->nodes);
    struct hs_error *error = all && left ? reach(graph, roots, NULL, all) : &hs_error_memory;
    if (!error)
        error = reach(graph, roots, set, left);
    for (size_t i = 0; !error && i <= graph->nodes / 64; i++)
        all[i] &= ~left[i];
    free(left);
    if (error)
        free(all);
    else
        *ret = all;
    return error;
}
