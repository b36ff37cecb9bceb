#include "query/explain.h"

#include "query/price.h"

#include <stdlib.h>
#include <string.h>

uint64_t *hs_bits_create(uint32_t nodes)
{
    return calloc((size_t)nodes / 64 + 1, sizeof(uint64_t));
}

/* What the search works on. */
struct search {
    const struct hs_graph *graph;
    const uint16_t *price; /* [edges] */
    const uint64_t *end;   /* nodes that references are not followed to */
    struct hs_tree *tree;
};

/* Nodes waiting by cost: a ring of buckets, one per cost between the lowest waiting and the highest that can
 * be, and a bitmap of those in use. (Dial 1969: no comparison, no heap.) A node may wait in several; only the
 * cheapest is good, which the taker sees from the node's cost. */
#define BUCKETS 16384
_Static_assert(BUCKETS > HS_COST_MAX, "a bucket for each cost that can be waiting at once");

struct bucket {
    uint32_t count, room;
    uint32_t *node;
};
struct queue {
    struct bucket bucket[BUCKETS];
    uint64_t used[BUCKETS / 64];
};

static void queue_destroy(struct queue *queue)
{
    if (!queue)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        free(queue->bucket[i].node);
    free(queue);
}

static bool queue_add(struct queue *queue, uint32_t node, uint32_t cost)
{
    uint32_t at = cost % BUCKETS;
    struct bucket *bucket = &queue->bucket[at];
    if (bucket->count == bucket->room) {
        uint32_t room = bucket->room ? 2 * bucket->room : 16;
        uint32_t *grown = realloc(bucket->node, room * sizeof(*grown));
        if (!grown)
            return false;
        bucket->node = grown;
        bucket->room = room;
    }
    bucket->node[bucket->count++] = node;
    queue->used[at / 64] |= UINT64_C(1) << at % 64;
    return true;
}

/* The lowest cost from `cost` on that has a bucket in use; false if nothing waits. */
static bool queue_next(const struct queue *queue, uint64_t *cost)
{
    for (uint32_t scanned = 0; scanned <= BUCKETS;) {
        uint32_t at = (uint32_t)((*cost + scanned) % BUCKETS);
        uint64_t word = queue->used[at / 64] >> at % 64;
        if (word) {
            *cost += scanned + (uint32_t)__builtin_ctzll(word);
            return true;
        }
        scanned += 64 - at % 64;
    }
    return false;
}

static struct hs_error *start(struct hs_tree *tree, struct queue *queue, const struct hs_source *source,
                              size_t sources)
{
    for (size_t i = 0; i < sources; i++) {
        if (source[i].cost >= tree->cost[source[i].object])
            continue;
        tree->cost[source[i].object] = source[i].cost;
        tree->root[source[i].object] = source[i].root;
        if (!queue_add(queue, source[i].object, source[i].cost))
            return &hs_error_memory;
    }
    return NULL;
}

/* Lowers the costs of what `node` refers to. */
static struct hs_error *relax(const struct search *search, struct queue *queue, uint32_t node)
{
    const struct hs_graph *graph = search->graph;
    uint32_t *cost = search->tree->cost;
    for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++) {
        uint16_t price = search->price[edge];
        uint32_t dst = graph->out_dst[edge];
        uint64_t sum = (uint64_t)cost[node] + price;
        if (price == HS_COST_NEVER || sum >= cost[dst] || hs_bits_get(search->end, dst))
            continue;
        cost[dst] = (uint32_t)sum;
        if (!queue_add(queue, dst, (uint32_t)sum))
            return &hs_error_memory;
    }
    return NULL;
}

/* Nodes come in no order that memory knows: asks for what the ones after the `at`th will need. */
static inline void prefetch(const struct search *search, const struct bucket *bucket, uint32_t at)
{
    if (at + 16 < bucket->count)
        __builtin_prefetch(&search->graph->out_start[bucket->node[at + 16]]);
    if (at + 8 < bucket->count) {
        uint64_t edge = search->graph->out_start[bucket->node[at + 8]];
        __builtin_prefetch(&search->graph->out_dst[edge]);
        __builtin_prefetch(&search->price[edge]);
    }
}

/* Settles costs, and the order in which they were settled. References cost at least 1, so that a bucket is
 * complete when its turn comes, and holders come strictly before what they hold. */
static struct hs_error *settle(const struct search *search, const struct hs_source *source, size_t sources)
{
    struct hs_tree *tree = search->tree;
    struct queue *queue = calloc(1, sizeof(*queue));
    if (!queue)
        return &hs_error_memory;
    struct hs_error *error = start(tree, queue, source, sources);
    for (uint64_t cost = 0; !error && queue_next(queue, &cost); cost++) {
        uint32_t at = (uint32_t)(cost % BUCKETS);
        for (uint32_t i = 0; !error && i < queue->bucket[at].count; i++) {
            prefetch(search, &queue->bucket[at], i);
            uint32_t node = queue->bucket[at].node[i];
            if (tree->cost[node] != cost)
                continue;
            tree->order[tree->reached++] = node;
            error = relax(search, queue, node);
        }
        queue->bucket[at].count = 0;
        queue->used[at / 64] &= ~(UINT64_C(1) << at % 64);
    }
    queue_destroy(queue);
    return error;
}

/* Ranks by name, equal names having equal ranks, so that ties are settled by comparing numbers. */
struct ranks {
    uint32_t *of_label;             /* [labels] by (kind name, name) */
    uint32_t *of_type;              /* [types] by name */
    uint32_t of_kind[HS_REF_KINDS]; /* of a reference without label; on the scale of of_label */
};

struct named {
    const char *kind; /* NULL for types */
    const char *name; /* NULL sorts first */
    uint32_t *rank;   /* where the rank goes */
};

static int compare_text(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

static int compare_named(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    int order = compare_text(a->kind, b->kind);
    return order ? order : compare_text(a->name, b->name);
}

static void rank_named(struct named *named, size_t count)
{
    qsort(named, count, sizeof(*named), compare_named);
    uint32_t rank = 0;
    for (size_t i = 0; i < count; i++) {
        rank += i > 0 && compare_named(&named[i - 1], &named[i]) != 0;
        *named[i].rank = rank;
    }
}

static void ranks_deinit(struct ranks *ranks)
{
    free(ranks->of_label);
    free(ranks->of_type);
}

static struct hs_error *ranks_init(const struct hs_reader *reader, struct ranks *ret)
{
    uint32_t labels = hs_reader_labels(reader), types = hs_reader_types(reader);
    size_t most = (labels > types ? labels : types) + (size_t)HS_REF_KINDS;
    struct named *named = malloc(most * sizeof(*named));
    ret->of_label = malloc((labels + (size_t)1) * sizeof(*ret->of_label));
    ret->of_type = malloc((types + (size_t)1) * sizeof(*ret->of_type));
    if (!named || !ret->of_label || !ret->of_type) {
        free(named);
        ranks_deinit(ret);
        return &hs_error_memory;
    }
    for (uint32_t i = 0; i < labels; i++) {
        const struct hs_label *label = hs_reader_label(reader, i);
        const char *name = label->kind == HS_REF_VALUE ? NULL : label->name;
        named[i] = (struct named){hs_ref_kind_name(label->kind), name, &ret->of_label[i]};
    }
    for (unsigned kind = 0; kind < HS_REF_KINDS; kind++)
        named[labels + kind] = (struct named){hs_ref_kind_name(kind), NULL, &ret->of_kind[kind]};
    rank_named(named, labels + (size_t)HS_REF_KINDS);
    for (uint32_t i = 0; i < types; i++)
        named[i] = (struct named){NULL, hs_reader_type(reader, i)->name, &ret->of_type[i]};
    rank_named(named, types);
    free(named);
    return NULL;
}

/* What decides between two holders of equal cost, but for the id, in which holders are visited. */
struct claim {
    uint32_t label, type, slot; /* ranks; slot + 1, so that none is 0 */
};

static struct claim claim_of(const struct hs_graph *graph, const struct ranks *ranks, uint32_t node,
                             uint64_t edge)
{
    uint32_t label = graph->out_label[edge];
    return (struct claim){
        .label = label == HS_NO_LABEL ? ranks->of_kind[graph->out_flags[edge] & HS_EDGE_KIND]
                                      : ranks->of_label[label],
        .type = ranks->of_type[graph->type[node]],
        .slot = hs_graph_slot(graph, node, edge) + 1,
    };
}

static bool claim_before(struct claim a, struct claim b)
{
    if (a.label != b.label)
        return a.label < b.label;
    if (a.type != b.type)
        return a.type < b.type;
    return a.slot < b.slot;
}

/* Offers `node` as the parent of what it refers to by the edge at `edge`. */
static void offer_parent(const struct hs_graph *graph, const struct ranks *ranks, struct hs_tree *tree,
                         uint32_t node, uint64_t edge)
{
    uint32_t dst = graph->out_dst[edge];
    uint32_t other = tree->parent[dst];
    if (other != HS_NO_OBJECT) {
        uint64_t other_edge = graph->out_start[other] + tree->position[dst];
        if (!claim_before(claim_of(graph, ranks, node, edge), claim_of(graph, ranks, other, other_edge)))
            return;
    }
    tree->parent[dst] = node;
    tree->position[dst] = (uint32_t)(edge - graph->out_start[node]);
}

/* Chooses parents among the holders on paths of least cost. Holders come by ascending id, and a later one
 * must be strictly better, so that the lowest id wins what names leave open. `first` are the nodes that have
 * no parent: starts of paths, and ends of the search. */
static void choose_parents(const struct search *search, const struct ranks *ranks, const uint64_t *first)
{
    const struct hs_graph *graph = search->graph;
    struct hs_tree *tree = search->tree;
    for (uint32_t node = 0; node < graph->nodes; node++) {
        uint32_t cost = tree->cost[node];
        if (cost == HS_UNREACHABLE)
            continue;
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++) {
            uint32_t dst = graph->out_dst[edge];
            uint16_t price = search->price[edge];
            if (price != HS_COST_NEVER && tree->cost[dst] == (uint64_t)cost + price &&
                !hs_bits_get(first, dst))
                offer_parent(graph, ranks, tree, node, edge);
        }
    }
}

static void count_steps(struct hs_tree *tree)
{
    for (uint32_t i = 0; i < tree->reached; i++) {
        uint32_t node = tree->order[i], parent = tree->parent[node];
        tree->steps[node] = parent == HS_NO_OBJECT ? 0 : tree->steps[parent] + 1;
    }
}

/* Settles which sources begin a path: one that is reached more cheaply from elsewhere does not. Adds those
 * that do to `first`. */
static void settle_sources(struct hs_tree *tree, const struct hs_source *source, size_t sources,
                           uint64_t *first)
{
    for (size_t i = 0; i < sources; i++) {
        uint32_t object = source[i].object;
        if (source[i].root == tree->root[object] && source[i].cost > tree->cost[object])
            tree->root[object] = HS_NO_OBJECT;
        if (tree->root[object] != HS_NO_OBJECT)
            hs_bits_set(first, object);
    }
}

static struct hs_error *tree_allocate(uint32_t nodes, struct hs_tree **ret)
{
    struct hs_tree *tree = calloc(1, sizeof(*tree));
    if (!tree)
        return &hs_error_memory;
    size_t bytes = (nodes + (size_t)1) * sizeof(uint32_t);
    uint32_t **arrays[] = {&tree->cost,     &tree->steps, &tree->parent,
                           &tree->position, &tree->root,  &tree->order};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
        *arrays[i] = malloc(bytes);
        if (!*arrays[i]) {
            hs_tree_destroy(tree);
            return &hs_error_memory;
        }
        memset(*arrays[i], 0xff, bytes); /* HS_UNREACHABLE, HS_NO_OBJECT */
    }
    *ret = tree;
    return NULL;
}

static struct hs_error *find_paths(const struct search *search, const struct hs_source *source,
                                   size_t sources)
{
    struct ranks ranks;
    struct hs_error *error = settle(search, source, sources);
    if (error)
        return error;
    uint32_t nodes = search->graph->nodes;
    uint64_t *first = hs_bits_create(nodes);
    if (!first)
        return &hs_error_memory;
    error = ranks_init(search->graph->reader, &ranks);
    if (!error) {
        memcpy(first, search->end, ((size_t)nodes / 64 + 1) * sizeof(*first));
        settle_sources(search->tree, source, sources, first);
        choose_parents(search, &ranks, first);
        count_steps(search->tree);
        ranks_deinit(&ranks);
    }
    free(first);
    return error;
}

struct hs_error *hs_tree_create_from(const struct hs_graph *graph, const struct hs_source *source,
                                     size_t sources, const uint64_t *end, const struct hs_costs *costs,
                                     struct hs_tree **ret)
{
    struct hs_tree *tree;
    uint16_t *price = NULL;
    struct hs_error *error = tree_allocate(graph->nodes, &tree);
    if (error)
        return error;
    error = hs_prices_create(graph, costs, &price);
    if (!error)
        error = find_paths(&(struct search){.graph = graph, .price = price, .end = end, .tree = tree}, source,
                           sources);
    free(price);
    if (error)
        hs_tree_destroy(tree);
    else
        *ret = tree;
    return error;
}

struct indexed_source {
    struct hs_source source;
    const struct hs_root *root;
};

static int compare_sources(const void *left, const void *right)
{
    const struct indexed_source *a = left, *b = right;
    if (a->source.object != b->source.object)
        return a->source.object < b->source.object ? -1 : 1;
    if (a->source.cost != b->source.cost)
        return a->source.cost < b->source.cost ? -1 : 1;
    int order = strcmp(hs_root_kind_name(a->root->kind), hs_root_kind_name(b->root->kind));
    if (!order)
        order = strcmp(a->root->name, b->root->name);
    return order ? order : (a->source.root > b->source.root) - (a->source.root < b->source.root);
}

struct hs_error *hs_tree_create(const struct hs_graph *graph, const struct hs_roots *roots,
                                const struct hs_costs *costs, struct hs_tree **ret)
{
    struct indexed_source *indexed = malloc((roots->count + 1) * sizeof(*indexed));
    struct hs_source *source = malloc((roots->count + 1) * sizeof(*source));
    uint64_t *end = hs_bits_create(graph->nodes);
    struct hs_error *error = indexed && source && end ? NULL : &hs_error_memory;
    size_t count = 0;
    for (size_t i = 0; !error && i < roots->count; i++) {
        const struct hs_root *root = &roots->root[i];
        uint16_t cost = hs_costs_root(costs, root);
        if (root->kind == HS_ROOT_MODULE)
            hs_bits_set(end, root->object);
        if (cost != HS_COST_NEVER && hs_avoid_starts(hs_costs_avoid(costs), root->object))
            indexed[count++] = (struct indexed_source){
                .source = {.object = root->object, .cost = cost, .root = (uint32_t)i}, .root = root};
    }
    if (!error) {
        qsort(indexed, count, sizeof(*indexed), compare_sources);
        for (size_t i = 0; i < count; i++)
            source[i] = indexed[i].source;
        error = hs_tree_create_from(graph, source, count, end, costs, ret);
    }
    free(indexed);
    free(source);
    free(end);
    return error;
}

void hs_tree_destroy(struct hs_tree *tree)
{
    if (!tree)
        return;
    free(tree->cost);
    free(tree->steps);
    free(tree->parent);
    free(tree->position);
    free(tree->root);
    free(tree->order);
    free(tree);
}
