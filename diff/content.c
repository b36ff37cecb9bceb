#include "diff/content.h"

#include "diff/kinds.h"
#include "query/origin.h"

#include <stdlib.h>
#include <string.h>

/* Steps up from an object to the growing one that carries it: bounded, since what repeats folds onto one
 * group. */
#define CLIMB_MAX 1000

struct finder {
    const struct hs_loaded *last;
    const struct hs_groups *groups;
    uint8_t *origin; /* [groups]: of the group's type */
    uint32_t named, example;
};

void hs_content_deinit(struct hs_content *content)
{
    hs_chain_deinit(&content->chain);
    *content = (struct hs_content){0};
}

/* All objects of a group are of types of one name. */
static struct hs_error *find_origins(struct finder *finder)
{
    const struct hs_loaded *last = finder->last;
    uint8_t *of_type = NULL;
    struct hs_error *error = hs_type_origins(last->reader, &of_type);
    if (error)
        return error;
    finder->origin = malloc(finder->groups->count + (size_t)1);
    if (finder->origin) {
        memset(finder->origin, HS_ORIGIN_BUILTIN, finder->groups->count);
        for (uint32_t i = 0; i < last->graph->nodes; i++)
            if (last->group[i] != HS_NO_GROUP)
                finder->origin[last->group[i]] = of_type[last->graph->type[i]];
    }
    free(of_type);
    return finder->origin ? NULL : &hs_error_memory;
}

static uint64_t growth(const struct finder *finder, uint32_t group)
{
    const uint64_t *objects = hs_groups_objects(finder->groups, group);
    uint64_t first = objects[0], last = objects[finder->groups->snapshots - 1];
    return last > first ? last - first : 0;
}

/* Is `a` what people would rather hear of than `b`? Closer to the program, then closer to the growing thing,
 * then more of it. */
static bool tells_more(const struct finder *finder, uint32_t a, uint32_t b)
{
    const struct hs_group *x = &finder->groups->group[a], *y = &finder->groups->group[b];
    if (finder->origin[a] != finder->origin[b])
        return finder->origin[a] < finder->origin[b];
    if (x->depth != y->depth)
        return x->depth < y->depth;
    return growth(finder, a) > growth(finder, b);
}

/* The group below the growing one that tells most, of those that grow with it. */
static uint32_t find_group(const struct finder *finder)
{
    uint32_t best = HS_NO_GROUP;
    uint8_t origin = finder->origin[finder->named];
    if (origin == HS_ORIGIN_APPLICATION)
        return best;
    for (uint32_t i = finder->named + 1; i < finder->groups->count; i++) {
        if (finder->origin[i] >= origin || finder->origin[i] > HS_ORIGIN_SITE ||
            growth(finder, i) * 2 < growth(finder, finder->named) ||
            hs_type_kind(hs_groups_type(finder->groups, i)) != HS_TYPE_NAMED ||
            !hs_groups_under(finder->groups, i, finder->named))
            continue;
        if (best == HS_NO_GROUP || tells_more(finder, i, best))
            best = i;
    }
    return best;
}

static bool carried(const struct finder *finder, uint32_t object)
{
    for (int i = 0; i < CLIMB_MAX && object != HS_NO_OBJECT; i++) {
        if (object == finder->example)
            return true;
        object = finder->last->tree->parent[object];
    }
    return false;
}

static struct hs_error *find_content(const struct finder *finder, struct hs_content *ret)
{
    const struct hs_loaded *last = finder->last;
    uint32_t group = find_group(finder);
    for (uint32_t i = 0; group != HS_NO_GROUP && i < last->graph->nodes; i++) {
        if (last->group[i] != group || !carried(finder, i))
            continue;
        ret->type = hs_groups_type(finder->groups, group);
        ret->counts = hs_groups_objects(finder->groups, group);
        return hs_chain_from_tree(last->graph, &last->roots, last->tree, i, &ret->chain);
    }
    return NULL;
}

struct hs_error *hs_contents_find(const struct hs_loaded *last, const struct hs_groups *groups,
                                  const uint32_t *named, const uint32_t *example, size_t count,
                                  struct hs_content *ret)
{
    memset(ret, 0, count * sizeof(*ret));
    struct finder finder = {.last = last, .groups = groups};
    struct hs_error *error = count ? find_origins(&finder) : NULL;
    for (size_t i = 0; !error && i < count; i++) {
        finder.named = named[i];
        finder.example = example[i];
        if (example[i] != HS_NO_OBJECT)
            error = find_content(&finder, &ret[i]);
    }
    free(finder.origin);
    return error;
}
