#include "diff/grow.h"

#include "diff/kinds.h"

#include <stdlib.h>
#include <string.h>

/* A group that gets bigger may have one more object per so many beside. */
#define FEW_MORE 8

/* What stands for a group in finder.cover instead of the growing group above it. */
#define COVER_NONE   HS_NO_GROUP
#define COVER_TOOL   (HS_NO_GROUP - 1) /* part of the tool that took the snapshot */
#define COVER_IMPORT (HS_NO_GROUP - 2) /* came with a module imported in the only step there is */

struct finder {
    const struct hs_groups *groups;
    struct hs_growth *growth;
    uint64_t *below;   /* [groups * snapshots]: shallow bytes of the group and all groups below it */
    uint32_t *cover;   /* [groups]: growing group that this one belongs to (maybe itself), or COVER_* */
    uint32_t *child;   /* [groups]: first group below */
    uint32_t *sibling; /* [groups]: next group below the same one */
    uint64_t *share;   /* [snapshots]: scratch, objects per thousand objects above */
    size_t capacity;   /* of growth->candidate */
};

static bool allocate(struct finder *finder)
{
    size_t count = finder->groups->count + (size_t)1;
    finder->below = calloc(count * finder->groups->snapshots, sizeof(*finder->below));
    finder->cover = malloc(count * sizeof(*finder->cover));
    finder->child = malloc(count * sizeof(*finder->child));
    finder->sibling = malloc(count * sizeof(*finder->sibling));
    finder->growth->of = malloc(count * sizeof(*finder->growth->of));
    finder->share = malloc(finder->groups->snapshots * sizeof(*finder->share));
    return finder->share && finder->below && finder->cover && finder->child && finder->sibling &&
           finder->growth->of;
}

/* Groups below have larger numbers, so one pass from the end sums up everything. */
static void link_groups(struct finder *finder)
{
    const struct hs_groups *groups = finder->groups;
    size_t snapshots = groups->snapshots;
    memcpy(finder->below, groups->bytes, groups->count * snapshots * sizeof(*finder->below));
    memset(finder->child, 0xff, groups->count * sizeof(*finder->child));
    memset(finder->sibling, 0xff, groups->count * sizeof(*finder->sibling));
    for (uint32_t i = groups->count; i-- > 0;) {
        uint32_t parent = groups->group[i].parent;
        if (parent == HS_NO_GROUP)
            continue;
        for (size_t s = 0; s < snapshots; s++)
            finder->below[parent * snapshots + s] += finder->below[i * snapshots + s];
        finder->sibling[i] = finder->child[parent];
        finder->child[parent] = i;
    }
}

static uint64_t added(const uint64_t *value, size_t snapshots)
{
    return value[snapshots - 1] > value[0] ? value[snapshots - 1] - value[0] : 0;
}

static uint64_t added_below(const struct finder *finder, uint32_t group)
{
    size_t snapshots = finder->groups->snapshots;
    return added(finder->below + group * snapshots, snapshots);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

/* The Python package of this project: its module, its functions' frames, instances of its classes. */
static bool is_tool(const struct finder *finder, uint32_t group)
{
    const struct hs_groups *groups = finder->groups;
    if (has_prefix(hs_groups_type(groups, group), "heapdump."))
        return true;
    const struct hs_edge *edge = &groups->edge[groups->group[group].edge];
    if (!edge->root || edge->name == HS_NO_LABEL)
        return false;
    const char *name = groups->names.text[edge->name];
    return !strcmp(name, HS_GROUP_TOOL) || has_prefix(name, "heapdump.");
}

static bool is_import(const struct finder *finder, uint32_t group)
{
    const struct hs_groups *groups = finder->groups;
    const struct hs_edge *edge = &groups->edge[groups->group[group].edge];
    return groups->snapshots == 2 && edge->root && edge->kind == HS_ROOT_MODULE &&
           !hs_groups_objects(groups, group)[0];
}

/* Does the group grow by more than the growing group above explains: more and more of it per object there? */
static bool exceeds(const struct finder *finder, uint32_t group, uint32_t above)
{
    size_t snapshots = finder->groups->snapshots;
    const uint64_t *inner = hs_groups_objects(finder->groups, group);
    const uint64_t *outer = hs_groups_objects(finder->groups, above);
    uint64_t *share = finder->share;
    for (size_t i = 0; i < snapshots; i++) {
        if (!outer[i])
            return false;
        share[i] = inner[i] * 1000 / outer[i];
    }
    return share[0] && share[snapshots - 1] * 100 > share[0] * HS_GROW_EXCESS &&
           hs_trend_grows(hs_trend_of(share, snapshots));
}

/* Bytes that a group has more than its number of objects explains: they get bigger, rather than more. */
static uint64_t excess_bytes(const struct finder *finder, uint32_t group)
{
    size_t last = finder->groups->snapshots - 1;
    const uint64_t *objects = hs_groups_objects(finder->groups, group);
    const uint64_t *bytes = hs_groups_bytes(finder->groups, group);
    if (!objects[0])
        return 0;
    double proportional = (double)bytes[0] * (double)objects[last] / (double)objects[0];
    return (double)bytes[last] > proportional ? bytes[last] - (uint64_t)proportional : 0;
}

/* Do a few of the objects get bigger while hardly more of them come? */
static bool is_size(const struct finder *finder, uint32_t group)
{
    size_t snapshots = finder->groups->snapshots;
    const uint64_t *objects = hs_groups_objects(finder->groups, group);
    uint64_t excess = excess_bytes(finder, group);
    return excess >= HS_GROW_SIZE_BYTES &&
           excess >= added(hs_groups_bytes(finder->groups, group), snapshots) / 2 &&
           added(objects, snapshots) * FEW_MORE <= objects[0];
}

/* One object is no growth in number, however late it came: what it holds may be. Nor are the keys of a
 * __dict__, which are names that the program has anyway. */
static bool grows(const struct finder *finder, uint32_t group)
{
    uint32_t parent = finder->groups->group[group].parent;
    if (parent != HS_NO_GROUP && finder->groups->group[parent].namespace)
        return false;
    const uint64_t *objects = hs_groups_objects(finder->groups, group);
    size_t snapshots = finder->groups->snapshots;
    return objects[snapshots - 1] > 1 && hs_trend_grows(hs_trend_of(objects, snapshots)) &&
           !is_size(finder, group);
}

static uint32_t find_cover(const struct finder *finder, uint32_t group)
{
    uint32_t parent = finder->groups->group[group].parent;
    uint32_t cover = parent == HS_NO_GROUP ? COVER_NONE : finder->cover[parent];
    if (cover == COVER_TOOL || is_tool(finder, group))
        return COVER_TOOL;
    if (cover == COVER_IMPORT || is_import(finder, group))
        return COVER_IMPORT;
    if (cover == COVER_NONE)
        return grows(finder, group) ? group : COVER_NONE;
    return grows(finder, group) && exceeds(finder, group, cover) ? group : cover;
}

/* ---- candidates ---- */

static struct hs_candidate *add_candidate(struct finder *finder)
{
    struct hs_growth *growth = finder->growth;
    if (growth->count == finder->capacity) {
        size_t capacity = finder->capacity ? finder->capacity * 2 : 64;
        struct hs_candidate *candidate = realloc(growth->candidate, capacity * sizeof(*candidate));
        if (!candidate)
            return NULL;
        growth->candidate = candidate;
        finder->capacity = capacity;
    }
    return &growth->candidate[growth->count++];
}

static bool on_stack(const struct hs_edge *edge)
{
    return edge->root && (edge->kind == HS_ROOT_FRAME || edge->kind == HS_ROOT_THREAD);
}

static bool is_element(const struct hs_edge *edge)
{
    return !edge->root && edge->name == HS_NO_LABEL;
}

/* The slot in by_holder of the candidate that a growing group belongs to: elements of one holder are one
 * candidate, and so is what the stacks of threads hold. Variables and attributes are places of their own:
 * HS_NO_GROUP. */
static uint32_t holder_slot(const struct hs_groups *groups, uint32_t group)
{
    const struct hs_edge *edge = &groups->edge[groups->group[group].edge];
    if (on_stack(edge))
        return groups->count;
    return is_element(edge) ? groups->group[group].parent : HS_NO_GROUP;
}

/* Does `group` speak better for a candidate than its `top`? What weighs more does, but a value before its
 * key. */
static bool speaks_better(const struct finder *finder, uint32_t group, uint32_t top)
{
    const struct hs_groups *groups = finder->groups;
    bool key = groups->edge[groups->group[group].edge].kind == HS_REF_KEY;
    bool top_is_key = groups->edge[groups->group[top].edge].kind == HS_REF_KEY;
    if (key != top_is_key) {
        uint32_t one = key ? group : top, other = key ? top : group;
        bool plain = hs_type_kind(hs_groups_type(groups, one)) == HS_TYPE_SCALAR &&
                     hs_type_kind(hs_groups_type(groups, other)) != HS_TYPE_SCALAR;
        if (plain && added(hs_groups_objects(groups, other), groups->snapshots) * 2 >=
                         added(hs_groups_objects(groups, one), groups->snapshots))
            return !key;
    }
    return added_below(finder, group) > added_below(finder, top);
}

static struct hs_error *add_top(struct finder *finder, uint32_t group, uint32_t *by_holder)
{
    uint32_t slot = holder_slot(finder->groups, group);
    uint32_t number = slot == HS_NO_GROUP ? HS_NO_GROUP : by_holder[slot];
    uint64_t bytes = added_below(finder, group);
    if (number == HS_NO_GROUP) {
        struct hs_candidate *candidate = add_candidate(finder);
        if (!candidate)
            return &hs_error_memory;
        *candidate = (struct hs_candidate){
            .holder = finder->groups->group[group].parent, .top = group, .estimate = bytes};
        number = (uint32_t)(finder->growth->count - 1);
        if (slot != HS_NO_GROUP)
            by_holder[slot] = number;
    } else {
        struct hs_candidate *candidate = &finder->growth->candidate[number];
        if (speaks_better(finder, group, candidate->top))
            candidate->top = group;
        candidate->estimate += bytes;
    }
    finder->growth->of[group] = number;
    return NULL;
}

static struct hs_error *add_tops(struct finder *finder)
{
    const struct hs_groups *groups = finder->groups;
    uint32_t *by_holder = malloc((groups->count + (size_t)1) * sizeof(*by_holder));
    if (!by_holder)
        return &hs_error_memory;
    memset(by_holder, 0xff, (groups->count + (size_t)1) * sizeof(*by_holder));
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < groups->count; i++)
        if (finder->cover[i] == i)
            error = add_top(finder, i, by_holder);
    free(by_holder);
    return error;
}

/* ---- what gets bigger ---- */

static bool child_grows(const struct finder *finder, uint32_t group)
{
    for (uint32_t i = finder->child[group]; i != HS_NO_GROUP; i = finder->sibling[i])
        if (added(hs_groups_objects(finder->groups, i), finder->groups->snapshots))
            return true;
    return false;
}

static bool gets_bigger(const struct finder *finder, uint32_t group)
{
    size_t snapshots = finder->groups->snapshots;
    const uint64_t *objects = hs_groups_objects(finder->groups, group);
    const uint64_t *bytes = hs_groups_bytes(finder->groups, group);
    if (finder->cover[group] != COVER_NONE || !objects[0])
        return false;
    uint64_t excess = excess_bytes(finder, group);
    if (excess < HS_GROW_SIZE_BYTES || excess < bytes[0] / 8)
        return false;
    return hs_trend_grows(hs_trend_of(bytes, snapshots)) && !child_grows(finder, group);
}

static struct hs_error *add_bigger(struct finder *finder)
{
    for (uint32_t i = 0; i < finder->groups->count; i++) {
        if (!gets_bigger(finder, i))
            continue;
        struct hs_candidate *candidate = add_candidate(finder);
        if (!candidate)
            return &hs_error_memory;
        *candidate = (struct hs_candidate){
            .size = true,
            .holder = finder->groups->group[i].parent,
            .top = i,
            .named = i,
            .trend = hs_trend_of(hs_groups_bytes(finder->groups, i), finder->groups->snapshots),
            .estimate = added(hs_groups_bytes(finder->groups, i), finder->groups->snapshots),
        };
    }
    return NULL;
}

/* ---- names and order ---- */

static uint32_t heaviest_below(const struct finder *finder, uint32_t group, bool named)
{
    uint32_t heaviest = HS_NO_GROUP;
    for (uint32_t i = finder->child[group]; i != HS_NO_GROUP; i = finder->sibling[i])
        if ((!named || hs_type_kind(hs_groups_type(finder->groups, i)) == HS_TYPE_NAMED) &&
            (heaviest == HS_NO_GROUP || added_below(finder, i) > added_below(finder, heaviest)))
            heaviest = i;
    return heaviest;
}

/* Down from the growing group along what makes most of it, to the first thing that people would name. What is
 * a small part of the growth does not speak for it; a fourth is enough for a thing that has a name. */
static uint32_t find_named(const struct finder *finder, uint32_t top)
{
    uint64_t half = added_below(finder, top) / 2;
    for (uint32_t at = top; at != HS_NO_GROUP;) {
        if (hs_type_kind(hs_groups_type(finder->groups, at)) == HS_TYPE_NAMED)
            return at;
        uint32_t named = heaviest_below(finder, at, true), heaviest = heaviest_below(finder, at, false);
        if (half && named != HS_NO_GROUP && added_below(finder, named) >= half / 2)
            return named;
        if (heaviest == HS_NO_GROUP || !half || added_below(finder, heaviest) < half)
            return top;
        at = heaviest;
    }
    return top;
}

static int compare_candidates(const void *a, const void *b)
{
    const struct hs_candidate *x = a, *y = b;
    if (x->estimate != y->estimate)
        return x->estimate > y->estimate ? -1 : 1;
    return x->top < y->top ? -1 : x->top > y->top;
}

static void describe(struct finder *finder)
{
    const struct hs_groups *groups = finder->groups;
    for (size_t i = 0; i < finder->growth->count; i++) {
        struct hs_candidate *candidate = &finder->growth->candidate[i];
        candidate->number = (uint32_t)i;
        if (candidate->size)
            continue;
        candidate->named = find_named(finder, candidate->top);
        candidate->trend = hs_trend_of(hs_groups_objects(groups, candidate->top), groups->snapshots);
    }
}

/* Sorts the candidates, and numbers them anew in growth->of. */
static struct hs_error *sort(struct finder *finder)
{
    struct hs_growth *growth = finder->growth;
    uint32_t *moved = malloc((growth->count + 1) * sizeof(*moved));
    if (!moved)
        return &hs_error_memory;
    if (growth->count)
        qsort(growth->candidate, growth->count, sizeof(*growth->candidate), compare_candidates);
    for (size_t i = 0; i < growth->count; i++) {
        moved[growth->candidate[i].number] = (uint32_t)i;
        growth->candidate[i].number = (uint32_t)i;
    }
    for (uint32_t i = 0; i < finder->groups->count; i++)
        if (growth->of[i] != HS_NO_GROUP)
            growth->of[i] = moved[growth->of[i]];
    free(moved);
    return NULL;
}

static void add_up_imports(struct finder *finder)
{
    for (uint32_t i = 0; i < finder->groups->count; i++) {
        if (finder->cover[i] != COVER_IMPORT || finder->groups->group[i].parent != HS_NO_GROUP)
            continue;
        finder->growth->imported_modules++;
        finder->growth->imported_bytes += added_below(finder, i);
    }
}

static struct hs_error *find(struct finder *finder)
{
    link_groups(finder);
    memset(finder->growth->of, 0xff, finder->groups->count * sizeof(*finder->growth->of));
    for (uint32_t i = 0; i < finder->groups->count; i++)
        finder->cover[i] = find_cover(finder, i);
    add_up_imports(finder);
    struct hs_error *error = add_tops(finder);
    if (!error)
        error = add_bigger(finder);
    if (error)
        return error;
    describe(finder);
    return sort(finder);
}

struct hs_error *hs_growth_find(const struct hs_groups *groups, struct hs_growth *ret)
{
    *ret = (struct hs_growth){0};
    struct finder finder = {.groups = groups, .growth = ret};
    struct hs_error *error = allocate(&finder) ? find(&finder) : &hs_error_memory;
    free(finder.below);
    free(finder.cover);
    free(finder.child);
    free(finder.sibling);
    free(finder.share);
    if (error)
        hs_growth_deinit(ret);
    return error;
}

void hs_growth_deinit(struct hs_growth *growth)
{
    free(growth->candidate);
    free(growth->of);
    *growth = (struct hs_growth){0};
}
