#include "query/merged.h"

#include <stdlib.h>
#include <string.h>

/* What makes a step alike: below which branch, by what reference, to what type. */
struct key {
    uint32_t parent, label, type;
};

struct maker {
    const struct hs_graph *graph;
    const struct hs_roots *roots;
    const struct hs_tree *tree;
    struct hs_merged *merged;
    struct key *key;  /* [merged->count] */
    uint32_t *bucket; /* open addressing: number + 1, 0 is free */
    uint32_t buckets; /* a power of two */
    uint32_t *of;     /* [nodes] the branch of each object met, HS_NO_BRANCH: not yet */
    uint32_t *stack;  /* [nodes + 1] */
};

static uint32_t hash(struct key key)
{
    uint64_t state = (key.parent + 1) * UINT64_C(0x9e3779b97f4a7c15);
    state = (state ^ state >> 29 ^ key.label) * UINT64_C(0xbf58476d1ce4e5b9);
    state = (state ^ state >> 32 ^ key.type) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(state >> 32);
}

static struct hs_error *grow(struct maker *maker)
{
    struct hs_merged *merged = maker->merged;
    if (merged->count < maker->buckets / 2)
        return NULL;
    uint32_t buckets = maker->buckets ? 2 * maker->buckets : 256;
    struct hs_branch *branch = realloc(merged->branch, buckets / 2 * sizeof(*branch));
    merged->branch = branch ? branch : merged->branch;
    struct key *key = realloc(maker->key, buckets / 2 * sizeof(*key));
    maker->key = key ? key : maker->key;
    uint32_t *bucket = calloc(buckets, sizeof(*bucket));
    if (!branch || !key || !bucket) {
        free(bucket);
        return &hs_error_memory;
    }
    for (uint32_t i = 0; i < merged->count; i++) {
        uint32_t at = hash(key[i]) & (buckets - 1);
        while (bucket[at])
            at = (at + 1) & (buckets - 1);
        bucket[at] = i + 1;
    }
    free(maker->bucket);
    maker->bucket = bucket;
    maker->buckets = buckets;
    return NULL;
}

/* The branch of that key, made if need be. */
static struct hs_error *mint(struct maker *maker, struct key key, uint32_t object, uint32_t *ret)
{
    struct hs_error *error = grow(maker);
    if (error)
        return error;
    uint32_t at = hash(key) & (maker->buckets - 1);
    for (; maker->bucket[at]; at = (at + 1) & (maker->buckets - 1)) {
        *ret = maker->bucket[at] - 1;
        if (!memcmp(&maker->key[*ret], &key, sizeof(key)))
            return NULL;
    }
    struct hs_merged *merged = maker->merged;
    *ret = merged->count++;
    maker->bucket[at] = *ret + 1;
    maker->key[*ret] = key;
    merged->branch[*ret] = (struct hs_branch){
        .parent = key.parent,
        .depth = key.parent == HS_NO_BRANCH ? 0 : merged->branch[key.parent].depth + 1,
        .object = object,
        .root = maker->tree->root[object],
    };
    return NULL;
}

static bool is_namespace(const struct maker *maker, uint32_t object)
{
    const struct hs_graph *graph = maker->graph;
    uint32_t parent = maker->tree->parent[object];
    if (parent == HS_NO_OBJECT)
        return false;
    uint32_t label = graph->out_label[graph->out_start[parent] + maker->tree->position[object]];
    const char *name = label == HS_NO_LABEL ? NULL : hs_reader_label(graph->reader, label)->name;
    return name && !strcmp(name, "__dict__");
}

/* A number for what the reference that leads to the object is called; elements are called alike. */
static uint32_t label_of(const struct maker *maker, uint32_t object)
{
    const struct hs_graph *graph = maker->graph;
    uint64_t edge = graph->out_start[maker->tree->parent[object]] + maker->tree->position[object];
    unsigned kind = graph->out_flags[edge] & HS_EDGE_KIND;
    bool element = kind == HS_REF_ITEM || kind == HS_REF_VALUE || kind == HS_REF_KEY;
    uint32_t label = graph->out_label[edge];
    return element || label == HS_NO_LABEL ? UINT32_MAX - kind : label;
}

/* The branch of an object whose holder's is known. */
static struct hs_error *branch_of(struct maker *maker, uint32_t object, uint32_t *ret)
{
    uint32_t parent = maker->tree->parent[object];
    uint32_t type = maker->graph->type[object];
    if (parent == HS_NO_OBJECT) {
        /* Roots of one name and type are one: a variable of a function that runs in many threads. */
        const struct hs_root *root = &maker->roots->root[maker->tree->root[object]];
        uint32_t name = root->kind;
        for (const char *at = root->name; *at; at++)
            name = (name ^ (unsigned char)*at) * 16777619;
        return mint(maker, (struct key){HS_NO_BRANCH, name, type}, object, ret);
    }
    uint32_t above = maker->of[parent];
    if (is_namespace(maker, object)) {
        *ret = above;
        return NULL;
    }
    struct key key = {above, label_of(maker, object), type};
    struct hs_branch *branch = &maker->merged->branch[above];
    if (branch->depth && maker->key[above].label == key.label && maker->key[above].type == type &&
        type == maker->graph->type[branch->object]) {
        branch->repeats = true;
        *ret = above;
        return NULL;
    }
    return mint(maker, key, object, ret);
}

/* Adds an object: its holders first, from the root down. */
static struct hs_error *add(struct maker *maker, uint32_t object)
{
    uint32_t depth = 0;
    struct hs_error *error = NULL;
    for (uint32_t at = object; at != HS_NO_OBJECT && maker->of[at] == HS_NO_BRANCH;
         at = maker->tree->parent[at])
        maker->stack[depth++] = at;
    while (!error && depth > 0) {
        uint32_t at = maker->stack[--depth];
        error = branch_of(maker, at, &maker->of[at]);
    }
    if (!error) {
        struct hs_branch *branch = &maker->merged->branch[maker->of[object]];
        branch->objects++;
        branch->bytes += maker->graph->size[object];
    }
    return error;
}

static struct hs_error *add_all(struct maker *maker, const uint64_t *set)
{
    struct hs_error *error = NULL;
    for (uint32_t node = 0; !error && node < maker->graph->nodes; node++) {
        if (!hs_bits_get(set, node))
            continue;
        if (maker->tree->cost[node] == HS_UNREACHABLE)
            maker->merged->unheld++;
        else
            error = add(maker, node);
    }
    return error;
}

struct hs_error *hs_merged_create(const struct hs_graph *graph, const struct hs_roots *roots,
                                  const struct hs_tree *tree, const uint64_t *set, struct hs_merged *ret)
{
    *ret = (struct hs_merged){0};
    size_t room = (size_t)graph->nodes + 1;
    struct maker maker = {.graph = graph, .roots = roots, .tree = tree, .merged = ret};
    maker.of = malloc(room * sizeof(*maker.of));
    maker.stack = malloc(room * sizeof(*maker.stack));
    struct hs_error *error = maker.of && maker.stack ? NULL : &hs_error_memory;
    if (!error) {
        memset(maker.of, 0xff, room * sizeof(*maker.of)); /* HS_NO_BRANCH */
        error = add_all(&maker, set);
    }
    for (uint32_t i = ret->count; !error && i-- > 0;)
        if (ret->branch[i].parent != HS_NO_BRANCH) {
            ret->branch[ret->branch[i].parent].objects += ret->branch[i].objects;
            ret->branch[ret->branch[i].parent].bytes += ret->branch[i].bytes;
        }
    free(maker.of);
    free(maker.stack);
    free(maker.key);
    free(maker.bucket);
    if (error)
        hs_merged_deinit(ret);
    return error;
}

void hs_merged_deinit(struct hs_merged *merged)
{
    free(merged->branch);
    *merged = (struct hs_merged){0};
}
