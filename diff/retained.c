#include "diff/retained.h"

#include "diff/place.h"
#include "query/dominators.h"
#include "query/picture.h"

#include <stdlib.h>
#include <string.h>

/* Boxes in all, so that a page stays small and quick whatever the heap. */
#define BOXES_MAX 2000
/* Of the whole: what is smaller has no box of its own. */
#define SMALLEST_PART 3000
/* Objects and then types with boxes of their own within one box. */
#define OBJECTS_MAX 40
#define TYPES_MAX   12
/* A path of more steps tells nobody anything. */
#define STEPS_MAX 60
/* Bytes of paths in all: what has keys of a megabyte is not worth a second per box. */
#define PATHS_MAX 2000000

/* What of one type is too small for boxes of its own; what is mostly new is kept apart, so that growth
 * shows. */
struct small {
    uint64_t count, bytes, new_bytes;
};

struct maker {
    const struct hs_loaded *last;
    const struct hs_groups *groups;
    struct hs_dominators *dominators;
    uint64_t *new_bytes; /* [nodes + 1] in what the object dominates; at [nodes] of all */
    uint32_t *first;     /* [nodes + 1] what it dominates, as a list; at [nodes] what nothing dominates */
    uint32_t *next;      /* [nodes] */
    uint64_t least;
    size_t paths_bytes;
    uint32_t *large; /* [nodes] scratch: children with boxes of their own */
    uint32_t larges;
    struct small
        *small;     /* [2 * types] scratch: at 2 * type what is not, at 2 * type + 1 what is mostly new */
    uint32_t *used; /* [2 * types] scratch: those used in `small` */
    uint32_t uses;
    struct hs_retained *ret;
};

void hs_retained_deinit(struct hs_retained *retained)
{
    for (uint32_t i = 0; i < retained->count; i++) {
        free(retained->box[i].label);
        free(retained->box[i].path);
    }
    free(retained->box);
    *retained = (struct hs_retained){0};
}

static void maker_deinit(struct maker *maker)
{
    hs_dominators_destroy(maker->dominators);
    free(maker->new_bytes);
    free(maker->first);
    free(maker->next);
    free(maker->large);
    free(maker->small);
    free(maker->used);
}

static struct hs_error *maker_init(struct maker *maker)
{
    struct hs_graph *graph = maker->last->graph;
    struct hs_error *error = hs_dominators_create(graph, &maker->last->roots, &maker->dominators);
    if (error)
        return error;
    size_t nodes = (size_t)graph->nodes + 1, types = 2 * ((size_t)hs_reader_types(graph->reader) + 1);
    maker->new_bytes = calloc(nodes, sizeof(*maker->new_bytes));
    maker->first = malloc(nodes * sizeof(*maker->first));
    maker->next = malloc(nodes * sizeof(*maker->next));
    maker->large = malloc(nodes * sizeof(*maker->large));
    maker->small = calloc(types, sizeof(*maker->small));
    maker->used = malloc(types * sizeof(*maker->used));
    maker->ret->box = calloc(BOXES_MAX, sizeof(*maker->ret->box));
    if (!maker->new_bytes || !maker->first || !maker->next || !maker->large || !maker->small ||
        !maker->used || !maker->ret->box)
        return &hs_error_memory;
    return NULL;
}

/* Turns dominators into lists of what each dominates, and sums up what is new. */
static uint64_t link_children(struct maker *maker, const struct hs_compare *compare)
{
    const struct hs_dominators *dominators = maker->dominators;
    const struct hs_graph *graph = maker->last->graph;
    uint64_t all = 0;
    memset(maker->first, 0xff, ((size_t)graph->nodes + 1) * sizeof(*maker->first));
    for (uint32_t i = dominators->reached; i-- > 0;) {
        uint32_t object = dominators->order[i], above = dominators->dominator[object];
        if (above == HS_NO_OBJECT)
            above = graph->nodes;
        maker->new_bytes[object] += hs_compare_is_new(compare, object) ? graph->size[object] : 0;
        maker->new_bytes[above] += maker->new_bytes[object];
        maker->next[object] = maker->first[above];
        maker->first[above] = object;
        all += graph->size[object];
    }
    return all;
}

/* ---- one box ---- */

static bool is_namespace(const struct maker *maker, uint32_t object)
{
    uint32_t group = maker->last->group[object];
    return group != HS_NO_GROUP && maker->groups->group[group].namespace;
}

static void add_small(struct maker *maker, uint32_t object)
{
    bool is_new = maker->new_bytes[object] > maker->dominators->retained[object] / 2;
    uint32_t use = 2 * maker->last->graph->type[object] + is_new;
    struct small *small = &maker->small[use];
    if (!small->count)
        maker->used[maker->uses++] = use;
    small->count++;
    small->bytes += maker->dominators->retained[object];
    small->new_bytes += maker->new_bytes[object];
}

static void add_children(struct maker *maker, uint32_t of)
{
    for (uint32_t child = maker->first[of]; child != HS_NO_OBJECT; child = maker->next[child]) {
        if (maker->dominators->retained[child] >= maker->least)
            maker->large[maker->larges++] = child;
        else
            add_small(maker, child);
    }
}

/* The children of a __dict__ belong to its owner. One level: a namespace holds no namespace of its own. */
static void open_namespaces(struct maker *maker, uint32_t of)
{
    if (of == maker->last->graph->nodes)
        return;
    for (uint32_t i = 0; i < maker->larges; i++) {
        uint32_t child = maker->large[i];
        if (!is_namespace(maker, child) || maker->last->tree->parent[child] != of)
            continue;
        maker->large[i] = maker->large[--maker->larges];
        add_children(maker, child);
        return;
    }
}

static int compare_large(const void *a, const void *b, void *context)
{
    const uint64_t *retained = ((struct maker *)context)->dominators->retained;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (retained[x] != retained[y])
        return retained[x] < retained[y] ? 1 : -1;
    return x < y ? -1 : x > y;
}

static int compare_uses(const void *a, const void *b, void *context)
{
    const struct small *small = ((struct maker *)context)->small;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (small[x].bytes != small[y].bytes)
        return small[x].bytes < small[y].bytes ? 1 : -1;
    return x < y ? -1 : x > y;
}

static const char *type_name(const struct maker *maker, uint32_t type)
{
    return hs_reader_type(maker->last->reader, type)->name;
}

/* NULL when the page has boxes enough. */
static struct hs_box *add_box(struct maker *maker, uint32_t parent)
{
    struct hs_retained *ret = maker->ret;
    if (ret->count == BOXES_MAX)
        return NULL;
    struct hs_box *box = &ret->box[ret->count++];
    *box = (struct hs_box){.parent = parent, .object = HS_NO_OBJECT};
    return box;
}

/* Is the box of its holder, or of the owner of the __dict__ that holds it, the one that it is in? */
static bool is_held_by(const struct maker *maker, uint32_t object, uint32_t owner)
{
    uint32_t holder = maker->last->tree->parent[object];
    if (holder != HS_NO_OBJECT && holder != owner && is_namespace(maker, holder))
        holder = maker->last->tree->parent[holder];
    return holder != HS_NO_OBJECT && holder == owner;
}

static struct hs_error *name_step(const struct maker *maker, struct hs_box *box)
{
    const struct hs_loaded *last = maker->last;
    struct hs_chain chain = {0};
    struct hs_error *error = hs_chain_from_tree(last->graph, &last->roots, last->tree, box->object, &chain);
    if (!error)
        error = hs_step_format(&chain.step[chain.count - 1], &box->label);
    hs_chain_deinit(&chain);
    return error;
}

static struct hs_error *name_box(struct maker *maker, struct hs_box *box)
{
    const struct hs_tree *tree = maker->last->tree;
    /* Dominators are of all that roots reach; the tree leaves out what costs too much. */
    if (tree->cost[box->object] == HS_UNREACHABLE || tree->steps[box->object] > STEPS_MAX ||
        maker->paths_bytes > PATHS_MAX)
        return NULL;
    struct hs_error *error = NULL;
    if (is_held_by(maker, box->object, maker->ret->box[box->parent].object))
        error = name_step(maker, box);
    if (!error)
        error = hs_place_path(maker->last, maker->groups, box->object, &box->path);
    maker->paths_bytes += error ? 0 : strlen(box->path);
    return error;
}

static struct hs_error *add_large_boxes(struct maker *maker, uint32_t parent)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < maker->larges; i++) {
        uint32_t object = maker->large[i];
        struct hs_box *box = i < OBJECTS_MAX ? add_box(maker, parent) : NULL;
        if (!box) {
            add_small(maker, object);
            continue;
        }
        box->object = object;
        box->type = type_name(maker, maker->last->graph->type[object]);
        box->count = 1;
        box->bytes = maker->dominators->retained[object];
        box->new_bytes = maker->new_bytes[object];
        error = name_box(maker, box);
    }
    return error;
}

static void add_small_boxes(struct maker *maker, uint32_t parent)
{
    struct hs_box *more = NULL;
    qsort_r(maker->used, maker->uses, sizeof(*maker->used), compare_uses, maker);
    for (uint32_t i = 0; i < maker->uses; i++) {
        struct small *small = &maker->small[maker->used[i]];
        bool own = i < TYPES_MAX && (small->bytes >= maker->least || maker->uses == 1);
        struct hs_box *box = own || !more ? add_box(maker, parent) : more;
        if (own && box)
            box->type = type_name(maker, maker->used[i] / 2);
        else
            more = box;
        if (box) {
            box->count += small->count;
            box->bytes += small->bytes;
            box->new_bytes += small->new_bytes;
        }
        *small = (struct small){0};
    }
}

/* Fills a box with what it holds. What nothing has room for shows as the part of the box that is not
 * filled. */
static struct hs_error *fill(struct maker *maker, uint32_t number)
{
    const struct hs_box *box = &maker->ret->box[number];
    uint32_t of = number ? box->object : maker->last->graph->nodes;
    maker->larges = maker->uses = 0;
    add_children(maker, of);
    open_namespaces(maker, of);
    qsort_r(maker->large, maker->larges, sizeof(*maker->large), compare_large, maker);
    struct hs_error *error = add_large_boxes(maker, number);
    add_small_boxes(maker, number);
    return error;
}

struct hs_error *hs_retained_create(const struct hs_loaded *last, const struct hs_groups *groups,
                                    const struct hs_compare *compare, struct hs_retained *ret)
{
    *ret = (struct hs_retained){0};
    struct maker maker = {.last = last, .groups = groups, .ret = ret};
    struct hs_error *error = maker_init(&maker);
    if (!error) {
        struct hs_box *all = add_box(&maker, HS_NO_BOX);
        all->count = maker.dominators->reached;
        all->bytes = link_children(&maker, compare);
        all->new_bytes = maker.new_bytes[last->graph->nodes];
        maker.least = all->bytes / SMALLEST_PART + 1;
        for (uint32_t i = 0; !error && i < ret->count && ret->count < BOXES_MAX; i++)
            if (!i || (ret->box[i].object != HS_NO_OBJECT && ret->box[i].bytes >= 2 * maker.least))
                error = fill(&maker, i);
    }
    maker_deinit(&maker);
    if (error)
        hs_retained_deinit(ret);
    return error;
}
