#include "diff/place.h"

#include "format/text.h"

#include <stdlib.h>
#include <string.h>

/* Steps up from a named object to the growing one above it: bounded, since what repeats folds onto one group.
 */
#define CLIMB_MAX 1000

struct finder {
    const struct hs_loaded *last;
    const struct hs_groups *groups;
    const struct hs_compare *compare;
    const struct hs_candidate *candidate;
    uint32_t *holder; /* [nodes]: scratch */
};

void hs_place_deinit(struct hs_place *place)
{
    free(place->path);
    free(place->pattern);
    free(place->inner);
    free(place->example_path);
    hs_chain_deinit(&place->chain);
    *place = (struct hs_place){0};
}

uint32_t hs_place_holder(const struct hs_loaded *loaded, const struct hs_groups *groups, uint32_t object)
{
    uint32_t parent = loaded->tree->parent[object];
    if (parent != HS_NO_OBJECT && groups->group[loaded->group[parent]].namespace)
        parent = loaded->tree->parent[parent];
    return parent;
}

/* Is it held by the candidate's holder, rather than by another of the growing objects (as in a linked list)?
 */
static bool held_directly(const struct finder *finder, uint32_t member)
{
    uint32_t holder = hs_place_holder(finder->last, finder->groups, member);
    uint32_t wanted = finder->candidate->holder;
    return holder == HS_NO_OBJECT ? wanted == HS_NO_GROUP : finder->last->group[holder] == wanted;
}

/* ---- the holder ---- */

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static size_t collect_holders(const struct finder *finder, bool new_only)
{
    size_t count = 0;
    for (uint32_t i = 0; i < finder->last->graph->nodes; i++)
        if (finder->last->group[i] == finder->candidate->top && held_directly(finder, i) &&
            (!new_only || hs_compare_is_new(finder->compare, i)))
            finder->holder[count++] = hs_place_holder(finder->last, finder->groups, i);
    return count;
}

/* The holder of most new members. If it has less than half of them, the growth is spread over many alike. */
static void find_holder(const struct finder *finder, struct hs_place *place)
{
    size_t count = collect_holders(finder, true);
    if (!count)
        count = collect_holders(finder, false);
    place->holder = HS_NO_OBJECT;
    if (!count)
        return;
    qsort(finder->holder, count, sizeof(*finder->holder), compare_ids);
    size_t distinct = 0, most = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && finder->holder[end] == finder->holder[i];)
            end++;
        distinct++;
        if (end - i > most) {
            most = end - i;
            place->holder = finder->holder[i];
        }
    }
    place->alike = most * 2 >= count ? 1 : distinct;
}

/* ---- the example ---- */

/* The growing object that a named one hangs below, or HS_NO_OBJECT. */
static uint32_t climb_to_top(const struct finder *finder, uint32_t object)
{
    for (int i = 0; i < CLIMB_MAX && object != HS_NO_OBJECT; i++) {
        if (finder->last->group[object] == finder->candidate->top)
            return object;
        object = finder->last->tree->parent[object];
    }
    return HS_NO_OBJECT;
}

/* How well an object serves as the example: under the holder shown, new, large (if size is the point), put in
 * late. */
static uint64_t fitness(const struct finder *finder, const struct hs_place *place, uint32_t object)
{
    uint32_t top = climb_to_top(finder, object);
    if (top == HS_NO_OBJECT)
        return 1;
    bool here =
        held_directly(finder, top) && hs_place_holder(finder->last, finder->groups, top) == place->holder;
    uint64_t size = finder->last->graph->size[object];
    uint64_t last =
        finder->candidate->size ? (size < UINT32_MAX ? size : UINT32_MAX) : finder->last->tree->position[top];
    return 2 +
           ((uint64_t)here << 62 | (uint64_t)hs_compare_is_new(finder->compare, object) << 61 | last << 1);
}

static void find_example(const struct finder *finder, struct hs_place *place)
{
    uint64_t best = 0;
    place->example = HS_NO_OBJECT;
    for (uint32_t i = 0; i < finder->last->graph->nodes; i++) {
        if (finder->last->group[i] != finder->candidate->named)
            continue;
        uint64_t fit = fitness(finder, place, i);
        if (fit > best) {
            best = fit;
            place->example = i;
        }
    }
}

/* ---- words ---- */

static void put_step(struct hs_text *text, const struct hs_groups *groups, const struct hs_edge *edge)
{
    const char *name = edge->name == HS_NO_LABEL ? NULL : groups->names.text[edge->name];
    switch (edge->kind) {
    case HS_REF_ITEM:
    case HS_REF_KEY:
    case HS_REF_VALUE:
        hs_text_puts(text, "[...]");
        return;
    case HS_REF_TYPE:
        hs_text_puts(text, ".__class__");
        return;
    default:
        if (name)
            hs_text_printf(text, ".%s", name);
    }
}

/* Appends the steps from the group `above` down to `below`. */
static void put_steps(struct hs_text *text, const struct hs_groups *groups, uint32_t above, uint32_t below)
{
    uint32_t path[HS_GROUP_DEPTH + 1];
    size_t length = 0;
    for (uint32_t at = below; at != above; at = groups->group[at].parent)
        path[length++] = at;
    while (length) {
        const struct hs_edge *edge = &groups->edge[groups->group[path[--length]].edge];
        if (!edge->root)
            put_step(text, groups, edge);
    }
}

static struct hs_error *take(struct hs_text *text, char **ret)
{
    struct hs_error *error = hs_text_error(text);
    *ret = error ? NULL : strdup(hs_text_string(text));
    hs_text_deinit(text);
    return error ? error : *ret ? NULL : &hs_error_memory;
}

/* The steps from the holder down to the named group. */
static struct hs_error *format_inner(const struct finder *finder, char **ret)
{
    struct hs_text text = {0};
    put_steps(&text, finder->groups, finder->candidate->holder, finder->candidate->named);
    return take(&text, ret);
}

static uint32_t nameable(const struct hs_loaded *loaded, const struct hs_groups *groups, uint32_t object)
{
    for (int i = 0; i < CLIMB_MAX; i++) {
        const struct hs_group *group = &groups->group[loaded->group[object]];
        const struct hs_edge *edge = &groups->edge[group->edge];
        bool nameless = !edge->root && edge->kind == HS_REF_INTERNAL && edge->name == HS_NO_LABEL;
        if (loaded->tree->parent[object] == HS_NO_OBJECT || (!group->namespace && !nameless))
            break;
        object = loaded->tree->parent[object];
    }
    return object;
}

static struct hs_error *format_path(const struct hs_loaded *loaded, uint32_t object, struct hs_chain *chain,
                                    char **ret)
{
    struct hs_error *error = hs_chain_from_tree(loaded->graph, &loaded->roots, loaded->tree, object, chain);
    return error ? error : hs_path_format(chain, ret);
}

struct hs_error *hs_place_path(const struct hs_loaded *loaded, const struct hs_groups *groups,
                               uint32_t object, char **ret)
{
    struct hs_chain chain = {0};
    struct hs_error *error = format_path(loaded, nameable(loaded, groups, object), &chain, ret);
    hs_chain_deinit(&chain);
    return error;
}

struct hs_error *hs_place_pattern(const struct hs_loaded *loaded, const struct hs_groups *groups,
                                  uint32_t object, char **ret)
{
    size_t last = groups->snapshots - 1;
    uint32_t above = object;
    while (above != HS_NO_OBJECT && hs_groups_objects(groups, loaded->group[above])[last] > 1)
        above = loaded->tree->parent[above];
    uint32_t top = above == HS_NO_OBJECT ? HS_NO_GROUP : hs_groups_owner(groups, loaded->group[above]);
    if (top == HS_NO_GROUP || !hs_groups_under(groups, loaded->group[object], top))
        return hs_place_path(loaded, groups, object, ret);
    char *path;
    struct hs_error *error = hs_place_path(loaded, groups, above, &path);
    if (error)
        return error;
    struct hs_text text = {0};
    hs_text_puts(&text, path);
    free(path);
    put_steps(&text, groups, top, loaded->group[object]);
    return take(&text, ret);
}

uint32_t hs_place_outermost(const struct hs_loaded *loaded, const struct hs_groups *groups, uint32_t object)
{
    uint32_t group = loaded->group[object], outermost = object;
    if (!groups->group[group].loop)
        return object;
    for (uint32_t at = object; at != HS_NO_OBJECT; at = loaded->tree->parent[at])
        if (loaded->group[at] == group)
            outermost = at;
    return outermost;
}

struct hs_error *hs_place_root(const struct hs_loaded *loaded, uint32_t number, char **ret)
{
    const struct hs_root *root = &loaded->roots.root[number];
    struct hs_chain chain = {.root_kind = root->kind};
    chain.step = calloc(1, sizeof(*chain.step));
    if (!chain.step)
        return &hs_error_memory;
    chain.count = 1;
    *chain.step = (struct hs_step){.object = root->object, .kind = root->kind, .slot = HS_NO_LABEL};
    chain.step->name = root->name ? strdup(root->name) : NULL;
    struct hs_error *error = root->name && !chain.step->name ? &hs_error_memory : NULL;
    if (!error)
        error = hs_chain_describe(loaded->reader, &chain);
    if (!error)
        error = hs_path_format(&chain, ret);
    hs_chain_deinit(&chain);
    return error;
}

static struct hs_error *read_address(struct hs_reader *reader, uint32_t object, uint64_t *ret)
{
    const struct hs_chunk *chunk;
    struct hs_error *error = hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, HS_PART_OBJECTS, &chunk);
    if (error)
        return error;
    *ret = chunk->address[object - chunk->first];
    hs_reader_release(reader, chunk);
    return NULL;
}

static bool same_step(const struct hs_groups *groups, uint32_t a, uint32_t b)
{
    const struct hs_group *x = &groups->group[a], *y = &groups->group[b];
    return x->parent != HS_NO_GROUP && y->parent != HS_NO_GROUP && x->edge == y->edge && x->type == y->type &&
           groups->group[x->parent].type == groups->group[y->parent].type;
}

/* Of nested containers that grow in depth the levels that are told apart say nothing: the outermost is the
 * holder. */
static uint32_t climb_nesting(const struct finder *finder, uint32_t holder)
{
    const struct hs_groups *groups = finder->groups;
    if (!groups->group[finder->candidate->top].loop)
        return holder;
    while (same_step(groups, finder->last->group[holder], finder->candidate->top))
        holder = finder->last->tree->parent[holder];
    return holder;
}

static struct hs_error *describe_holder(const struct hs_loaded *loaded, const struct hs_groups *groups,
                                        struct hs_place *place)
{
    place->holder = nameable(loaded, groups, place->holder);
    place->type = hs_groups_type(groups, loaded->group[place->holder]);
    struct hs_error *error = hs_place_path(loaded, groups, place->holder, &place->path);
    return error ? error : read_address(loaded->reader, place->holder, &place->address);
}

struct hs_error *hs_place_set_holder(const struct hs_loaded *loaded, const struct hs_groups *groups,
                                     uint32_t holder, struct hs_place *place)
{
    char *inner = strdup("[...]");
    if (!inner)
        return &hs_error_memory;
    free(place->inner);
    place->inner = inner;
    place->holder = holder;
    place->alike = 1;
    return describe_holder(loaded, groups, place);
}

static struct hs_error *find_place(const struct finder *finder, struct hs_place *place)
{
    find_holder(finder, place);
    find_example(finder, place);
    struct hs_error *error = NULL;
    if (place->holder != HS_NO_OBJECT) {
        place->holder = climb_nesting(finder, place->holder);
        place->holder = hs_place_outermost(finder->last, finder->groups, place->holder);
        error = describe_holder(finder->last, finder->groups, place);
    }
    if (!error && place->alike > 1)
        error = hs_place_pattern(finder->last, finder->groups, place->holder, &place->pattern);
    if (!error)
        error = format_inner(finder, &place->inner);
    if (!error && place->example != HS_NO_OBJECT)
        error = format_path(finder->last, place->example, &place->chain, &place->example_path);
    return error;
}

struct hs_error *hs_places_find(const struct hs_loaded *last, const struct hs_groups *groups,
                                const struct hs_compare *compare, const struct hs_growth *growth,
                                const uint32_t *number, size_t count, struct hs_place *ret)
{
    memset(ret, 0, count * sizeof(*ret));
    struct finder finder = {.last = last, .groups = groups, .compare = compare};
    finder.holder = malloc(((size_t)last->graph->nodes + 1) * sizeof(*finder.holder));
    struct hs_error *error = finder.holder ? NULL : &hs_error_memory;
    for (size_t i = 0; !error && i < count; i++) {
        finder.candidate = &growth->candidate[number[i]];
        error = find_place(&finder, &ret[i]);
    }
    free(finder.holder);
    return error;
}
