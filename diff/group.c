#include "diff/group.h"

#include "diff/hash.h"
#include "diff/kinds.h"

#include <stdlib.h>
#include <string.h>

#define MIN_BUCKETS 1024

/* One way down the trie. Several may lead to one group: that is folding. */
struct hs_child {
    uint32_t parent, edge, type;
    uint32_t group; /* HS_NO_GROUP: the bucket is free */
};

struct hs_error *hs_groups_create(size_t snapshots, struct hs_groups **ret)
{
    struct hs_groups *groups = calloc(1, sizeof(*groups));
    if (!groups)
        return &hs_error_memory;
    groups->snapshots = snapshots;
    *ret = groups;
    return NULL;
}

void hs_groups_destroy(struct hs_groups *groups)
{
    if (!groups)
        return;
    hs_names_deinit(&groups->names);
    free(groups->edge);
    free(groups->group);
    free(groups->objects);
    free(groups->bytes);
    free(groups->child);
    free(groups->edge_bucket);
    free(groups);
}

/* ---- edges ---- */

static uint32_t hash_edge(const struct hs_edge *edge)
{
    return (uint32_t)hs_hash_mix((uint64_t)edge->name << 9 | (uint64_t)edge->kind << 1 | edge->root);
}

static uint32_t find_edge(const struct hs_groups *groups, const struct hs_edge *edge)
{
    uint32_t mask = groups->edge_buckets - 1;
    uint32_t at = hash_edge(edge) & mask;
    for (; groups->edge_bucket[at]; at = (at + 1) & mask) {
        const struct hs_edge *other = &groups->edge[groups->edge_bucket[at] - 1];
        if (other->root == edge->root && other->kind == edge->kind && other->name == edge->name)
            break;
    }
    return at;
}

static bool grow_edges(struct hs_groups *groups)
{
    if (groups->edges == groups->edge_capacity) {
        uint32_t capacity = groups->edge_capacity ? groups->edge_capacity * 2 : MIN_BUCKETS;
        struct hs_edge *edge = realloc(groups->edge, capacity * sizeof(*edge));
        if (!edge)
            return false;
        groups->edge = edge;
        groups->edge_capacity = capacity;
    }
    if (groups->edges < groups->edge_buckets / 2)
        return true;
    uint32_t buckets = groups->edge_buckets ? groups->edge_buckets * 2 : MIN_BUCKETS;
    uint32_t *bucket = calloc(buckets, sizeof(*bucket));
    if (!bucket)
        return false;
    free(groups->edge_bucket);
    groups->edge_bucket = bucket;
    groups->edge_buckets = buckets;
    for (uint32_t i = 0; i < groups->edges; i++)
        bucket[find_edge(groups, &groups->edge[i])] = i + 1;
    return true;
}

struct hs_error *hs_groups_edge(struct hs_groups *groups, const struct hs_edge *edge, uint32_t *ret)
{
    if (!grow_edges(groups))
        return &hs_error_memory;
    uint32_t at = find_edge(groups, edge);
    if (!groups->edge_bucket[at]) {
        groups->edge[groups->edges] = *edge;
        groups->edge_bucket[at] = ++groups->edges;
    }
    *ret = groups->edge_bucket[at] - 1;
    return NULL;
}

/* ---- the trie ---- */

static uint32_t find_child(const struct hs_groups *groups, uint32_t parent, uint32_t edge, uint32_t type)
{
    uint32_t mask = groups->buckets - 1;
    uint64_t key = ((uint64_t)parent << 32 | edge) ^ (uint64_t)type << 48 ^ type;
    uint32_t at = (uint32_t)hs_hash_mix(key) & mask;
    for (; groups->child[at].group != HS_NO_GROUP; at = (at + 1) & mask) {
        const struct hs_child *child = &groups->child[at];
        if (child->parent == parent && child->edge == edge && child->type == type)
            break;
    }
    return at;
}

static bool grow_children(struct hs_groups *groups)
{
    if (groups->children < groups->buckets / 2)
        return true;
    uint32_t old = groups->buckets;
    struct hs_child *child = groups->child;
    uint32_t buckets = old ? old * 2 : MIN_BUCKETS;
    struct hs_child *larger = malloc(buckets * sizeof(*larger));
    if (!larger)
        return false;
    for (uint32_t i = 0; i < buckets; i++)
        larger[i].group = HS_NO_GROUP;
    groups->child = larger;
    groups->buckets = buckets;
    for (uint32_t i = 0; i < old; i++)
        if (child[i].group != HS_NO_GROUP)
            larger[find_child(groups, child[i].parent, child[i].edge, child[i].type)] = child[i];
    free(child);
    return true;
}

static bool grow_vectors(uint64_t **vectors, size_t snapshots, uint32_t count, uint32_t capacity)
{
    uint64_t *larger = realloc(*vectors, (size_t)capacity * snapshots * sizeof(**vectors));
    if (!larger)
        return false;
    memset(larger + (size_t)count * snapshots, 0, (size_t)(capacity - count) * snapshots * sizeof(**vectors));
    *vectors = larger;
    return true;
}

static bool grow_groups(struct hs_groups *groups)
{
    if (groups->count < groups->capacity)
        return true;
    uint32_t capacity = groups->capacity ? groups->capacity * 2 : MIN_BUCKETS;
    struct hs_group *group = realloc(groups->group, capacity * sizeof(*group));
    if (!group)
        return false;
    groups->group = group;
    if (!grow_vectors(&groups->objects, groups->snapshots, groups->count, capacity) ||
        !grow_vectors(&groups->bytes, groups->snapshots, groups->count, capacity))
        return false;
    groups->capacity = capacity;
    return true;
}

static bool is_container(const struct hs_groups *groups, uint32_t group)
{
    return group != HS_NO_GROUP && hs_type_kind(hs_groups_type(groups, group)) == HS_TYPE_CONTAINER;
}

/* The group on the way up from `parent` onto which the step (type of parent, edge, type) folds, or
 * HS_NO_GROUP. */
static uint32_t find_fold(const struct hs_groups *groups, uint32_t parent, uint32_t edge, uint32_t type)
{
    if (parent == HS_NO_GROUP)
        return HS_NO_GROUP;
    if (groups->group[parent].depth >= HS_GROUP_DEPTH)
        return parent;
    uint32_t times = is_container(groups, parent) ? HS_GROUP_NESTING : 1;
    uint32_t nearest = HS_NO_GROUP;
    for (uint32_t at = parent; at != HS_NO_GROUP && times; at = groups->group[at].parent) {
        const struct hs_group *group = &groups->group[at];
        if (group->edge != edge || group->type != type || group->parent == HS_NO_GROUP)
            continue;
        if (groups->group[group->parent].type != groups->group[parent].type)
            continue;
        if (nearest == HS_NO_GROUP)
            nearest = at;
        times--;
    }
    return times ? HS_NO_GROUP : nearest;
}

static bool is_namespace(const struct hs_groups *groups, uint32_t parent, uint32_t edge)
{
    const struct hs_edge *by = &groups->edge[edge];
    return parent != HS_NO_GROUP && by->kind == HS_REF_MEMBER && !by->root && by->name != HS_NO_LABEL &&
           !strcmp(groups->names.text[by->name], "__dict__");
}

struct hs_error *hs_groups_child(struct hs_groups *groups, uint32_t parent, uint32_t edge, uint32_t type,
                                 uint32_t *ret)
{
    if (parent != HS_NO_GROUP && groups->edge[edge].kind != HS_REF_KEY)
        parent = hs_groups_owner(groups, parent);
    if (!grow_children(groups))
        return &hs_error_memory;
    uint32_t at = find_child(groups, parent, edge, type);
    if (groups->child[at].group == HS_NO_GROUP) {
        uint32_t group = find_fold(groups, parent, edge, type);
        if (group != HS_NO_GROUP) {
            groups->group[group].loop = true;
        } else {
            if (!grow_groups(groups))
                return &hs_error_memory;
            group = groups->count++;
            groups->group[group] = (struct hs_group){
                .parent = parent,
                .edge = edge,
                .type = type,
                .depth = parent == HS_NO_GROUP ? 0 : groups->group[parent].depth + 1,
                .namespace = is_namespace(groups, parent, edge),
            };
        }
        groups->child[at] = (struct hs_child){.parent = parent, .edge = edge, .type = type, .group = group};
        groups->children++;
    }
    *ret = groups->child[at].group;
    return NULL;
}

bool hs_groups_under(const struct hs_groups *groups, uint32_t below, uint32_t above)
{
    while (below != HS_NO_GROUP && below > above)
        below = groups->group[below].parent;
    return below == above;
}

/* ---- merging ---- */

static struct hs_error *merge_names(struct hs_names *into, const struct hs_names *from, uint32_t *map)
{
    for (uint32_t i = 0; i < from->count; i++) {
        struct hs_error *error = hs_names_add(into, from->text[i], from->bytes[i], &map[i]);
        if (error)
            return error;
    }
    return NULL;
}

static struct hs_error *merge_edges(struct hs_groups *into, const struct hs_groups *from,
                                    const uint32_t *names, uint32_t *map)
{
    for (uint32_t i = 0; i < from->edges; i++) {
        struct hs_edge edge = from->edge[i];
        if (edge.name != HS_NO_LABEL)
            edge.name = names[edge.name];
        struct hs_error *error = hs_groups_edge(into, &edge, &map[i]);
        if (error)
            return error;
    }
    return NULL;
}

static struct hs_error *merge_groups(struct hs_groups *into, size_t snapshot, const struct hs_groups *from,
                                     const uint32_t *names, const uint32_t *edges, uint32_t *map)
{
    for (uint32_t i = 0; i < from->count; i++) {
        const struct hs_group *group = &from->group[i];
        uint32_t parent = group->parent == HS_NO_GROUP ? HS_NO_GROUP : map[group->parent];
        struct hs_error *error =
            hs_groups_child(into, parent, edges[group->edge], names[group->type], &map[i]);
        if (error)
            return error;
        into->group[map[i]].loop |= group->loop;
        into->objects[map[i] * into->snapshots + snapshot] += from->objects[i];
        into->bytes[map[i] * into->snapshots + snapshot] += from->bytes[i];
    }
    return NULL;
}

struct hs_error *hs_groups_merge(struct hs_groups *into, size_t snapshot, const struct hs_groups *from,
                                 uint32_t **ret)
{
    uint32_t *names = malloc((from->names.count + (size_t)1) * sizeof(*names));
    uint32_t *edges = malloc((from->edges + (size_t)1) * sizeof(*edges));
    uint32_t *map = malloc((from->count + (size_t)1) * sizeof(*map));
    struct hs_error *error = names && edges && map ? NULL : &hs_error_memory;
    if (!error)
        error = merge_names(&into->names, &from->names, names);
    if (!error)
        error = merge_edges(into, from, names, edges);
    if (!error)
        error = merge_groups(into, snapshot, from, names, edges, map);
    free(names);
    free(edges);
    if (error)
        free(map);
    else
        *ret = map;
    return error;
}
