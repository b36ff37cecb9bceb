#include "diff/fan.h"

#include <stdlib.h>

struct name {
    uint32_t parent, type, group;
    uint8_t kind;
};

static int compare_places(const struct name *x, const struct name *y)
{
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

static int compare_names(const void *a, const void *b)
{
    const struct name *x = a, *y = b;
    int order = compare_places(x, y);
    return order ? order : x->group < y->group ? -1 : x->group > y->group;
}

/* A name that came since the first snapshot, below something that was there already. Modules are no fan:
 * they are imports. */
static bool is_new_name(const struct hs_groups *groups, uint32_t group)
{
    const struct hs_group *self = &groups->group[group];
    return groups->edge[self->edge].name != HS_NO_LABEL && self->parent != HS_NO_GROUP &&
           !hs_groups_objects(groups, group)[0] && hs_groups_objects(groups, self->parent)[0];
}

static size_t collect(const struct hs_groups *groups, struct name *name)
{
    size_t count = 0;
    for (uint32_t i = 0; i < groups->count; i++)
        if (is_new_name(groups, i))
            name[count++] = (struct name){
                .parent = groups->group[i].parent,
                .type = groups->group[i].type,
                .group = i,
                .kind = groups->edge[groups->group[i].edge].kind,
            };
    if (count)
        qsort(name, count, sizeof(*name), compare_names);
    return count;
}

/* Marks the groups of fans; gives how many there are. */
static size_t mark(const struct name *name, size_t count, bool *in_fan)
{
    size_t marked = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && !compare_places(&name[i], &name[end]);)
            end++;
        if (end - i < HS_FAN_NAMES)
            continue;
        for (size_t j = i; j < end; j++)
            in_fan[name[j].group] = true;
        marked += end - i;
    }
    return marked;
}

/* Names and edges keep their numbers, since they are added in the same order. */
static struct hs_error *copy_words(const struct hs_groups *from, struct hs_groups *into)
{
    uint32_t number;
    for (uint32_t i = 0; i < from->names.count; i++) {
        struct hs_error *error =
            hs_names_add(&into->names, from->names.text[i], from->names.bytes[i], &number);
        if (error)
            return error;
    }
    for (uint32_t i = 0; i < from->edges; i++) {
        struct hs_error *error = hs_groups_edge(into, &from->edge[i], &number);
        if (error)
            return error;
    }
    return NULL;
}

static struct hs_error *find_fan_edge(struct hs_groups *into, uint32_t edge, uint32_t *ret)
{
    struct hs_edge any = into->edge[edge];
    struct hs_error *error = hs_names_add(&into->names, "*", 1, &any.name);
    return error ? error : hs_groups_edge(into, &any, ret);
}

static struct hs_error *copy_groups(const struct hs_groups *from, struct hs_groups *into, const bool *in_fan,
                                    uint32_t *map)
{
    for (uint32_t i = 0; i < from->count; i++) {
        const struct hs_group *group = &from->group[i];
        uint32_t parent = group->parent == HS_NO_GROUP ? HS_NO_GROUP : map[group->parent];
        uint32_t edge = group->edge;
        struct hs_error *error = in_fan[i] ? find_fan_edge(into, edge, &edge) : NULL;
        if (!error)
            error = hs_groups_child(into, parent, edge, group->type, &map[i]);
        if (error)
            return error;
        into->group[map[i]].loop |= group->loop;
        for (size_t s = 0; s < from->snapshots; s++) {
            into->objects[map[i] * into->snapshots + s] += hs_groups_objects(from, i)[s];
            into->bytes[map[i] * into->snapshots + s] += hs_groups_bytes(from, i)[s];
        }
    }
    return NULL;
}

static struct hs_error *fold(struct hs_groups *groups, const bool *in_fan, uint32_t *map)
{
    struct hs_groups *folded;
    struct hs_error *error = hs_groups_create(groups->snapshots, &folded);
    if (error)
        return error;
    error = copy_words(groups, folded);
    if (!error)
        error = copy_groups(groups, folded, in_fan, map);
    if (!error) {
        struct hs_groups old = *groups;
        *groups = *folded;
        *folded = old;
    }
    hs_groups_destroy(folded);
    return error;
}

struct hs_error *hs_groups_fold_fans(struct hs_groups *groups, uint32_t **ret_map)
{
    struct name *name = malloc((groups->count + (size_t)1) * sizeof(*name));
    bool *in_fan = calloc(groups->count + (size_t)1, sizeof(*in_fan));
    uint32_t *map = malloc((groups->count + (size_t)1) * sizeof(*map));
    struct hs_error *error = name && in_fan && map ? NULL : &hs_error_memory;
    bool any = !error && mark(name, collect(groups, name), in_fan);
    if (any)
        error = fold(groups, in_fan, map);
    free(name);
    free(in_fan);
    *ret_map = any && !error ? map : NULL;
    if (!*ret_map)
        free(map);
    return error;
}
