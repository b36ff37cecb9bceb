#include "query/gather_internal.h"

#include <stdlib.h>

/* A step that repeats is looked for as many boxes back: node -> children -> node. */
#define REPEAT_BACK 3

/* One step of a way: an object, and the reference of the explaining tree that leads to it. */
struct way_step {
    uint32_t object, holder; /* holder: HS_NO_OBJECT for what a root holds */
    uint64_t edge;
};

struct ways {
    struct hs_gather *gather;
    const uint8_t *fresh;
    bool main;
    struct way_step *step;
    size_t steps, steps_room;
};

static bool is_fresh(const struct ways *ways, uint32_t object)
{
    return ways->fresh && ways->fresh[object / 8] >> object % 8 & 1;
}

static struct hs_error *push_step(struct ways *ways, const struct way_step *step)
{
    if (ways->steps == ways->steps_room) {
        size_t room = ways->steps_room ? ways->steps_room * 2 : 64;
        struct way_step *grown = realloc(ways->step, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        ways->step = grown;
        ways->steps_room = room;
    }
    ways->step[ways->steps++] = *step;
    return NULL;
}

static uint64_t edge_to(const struct hs_gather *gather, uint32_t object)
{
    return gather->graph->out_start[gather->tree->parent[object]] + gather->tree->position[object];
}

/* From the object up to one that has a box, or to a root; what is a __dict__ on the way is its owner. */
static struct hs_error *climb(struct ways *ways, uint32_t object)
{
    const struct hs_gather *gather = ways->gather;
    const struct hs_tree *tree = gather->tree;
    struct hs_error *error = NULL;
    ways->steps = 0;
    while (!error && gather->box_of[object] == HS_NO_BOX) {
        uint32_t holder = tree->parent[object];
        if (holder == HS_NO_OBJECT) {
            error = push_step(ways, &(struct way_step){.object = object, .holder = HS_NO_OBJECT});
            break;
        }
        error = push_step(
            ways, &(struct way_step){.object = object, .holder = holder, .edge = edge_to(gather, object)});
        bool dict =
            tree->parent[holder] != HS_NO_OBJECT && hs_gather_is_dict(gather, edge_to(gather, holder));
        object = dict ? tree->parent[holder] : holder;
    }
    return error;
}

static bool is_like(const struct hs_way_node *a, const struct hs_way_node *b)
{
    return a->type == b->type && a->label == b->label && a->flags == b->flags;
}

/* The box that a step leads to: one that has led there before, from the same box or, for what repeats, from
 * one a little above. */
static uint32_t find_child(const struct ways *ways, const struct hs_way_node *wanted)
{
    uint32_t above = wanted->parent;
    for (int i = 0; i < REPEAT_BACK && above != HS_NO_BOX; i++, above = ways->gather->node[above].parent)
        if (ways->gather->node[above].parent != HS_NO_BOX && is_like(&ways->gather->node[above], wanted))
            return above;
    for (uint32_t box = 0; box < ways->gather->sketch->boxes; box++)
        if (ways->gather->node[box].parent == wanted->parent && is_like(&ways->gather->node[box], wanted))
            return box;
    return HS_NO_BOX;
}

static struct hs_error *new_node(struct ways *ways, uint32_t object, const struct hs_way_node *node,
                                 uint32_t *ret)
{
    struct hs_error *error = hs_gather_new_box(ways->gather, object, 0, ret);
    if (error)
        return error;
    struct hs_gather *gather = ways->gather;
    if (*ret >= gather->nodes_room) {
        size_t room = gather->nodes_room ? gather->nodes_room * 2 : 64;
        struct hs_way_node *grown = realloc(gather->node, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        gather->node = grown;
        gather->nodes_room = room;
    }
    gather->node[*ret] = *node;
    gather->sketch->box[*ret].level = UINT32_MAX;
    return NULL;
}

/* Gives the step's object a box below `parent`. */
static struct hs_error *descend(struct ways *ways, const struct way_step *step, uint32_t parent,
                                uint32_t *ret)
{
    struct hs_gather *gather = ways->gather;
    struct hs_way_node node = {
        .parent = parent, .type = gather->graph->type[step->object], .label = HS_NO_LABEL};
    if (parent != HS_NO_BOX) {
        node.label = gather->graph->out_label[step->edge];
        node.flags = gather->graph->out_flags[step->edge];
    } else {
        node.label = step->object; /* each root its own */
    }
    struct hs_error *error = NULL;
    *ret = find_child(ways, &node);
    if (*ret == HS_NO_BOX)
        error = new_node(ways, step->object, &node, ret);
    else
        hs_gather_join(gather, *ret, step->object);
    if (error)
        return error;
    gather->sketch->box[*ret].fresh += is_fresh(ways, step->object);
    return parent == HS_NO_BOX ? NULL
                               : hs_gather_refer(gather, parent, *ret, step->holder, step->edge, false);
}

static struct hs_error *add_way(struct ways *ways, uint32_t object)
{
    struct hs_gather *gather = ways->gather;
    if (gather->tree->cost[object] == HS_UNREACHABLE)
        return NULL;
    struct hs_error *error = climb(ways, object);
    uint32_t box = gather->box_of[object];
    if (!error && ways->steps && ways->step[ways->steps - 1].holder != HS_NO_OBJECT) {
        uint32_t holder = ways->step[ways->steps - 1].holder;
        bool dict = gather->box_of[holder] == HS_NO_BOX;
        box = gather->box_of[dict ? gather->tree->parent[holder] : holder];
    }
    for (size_t i = ways->steps; i-- > 0 && !error;) {
        uint32_t parent = ways->step[i].holder == HS_NO_OBJECT ? HS_NO_BOX : box;
        error = descend(ways, &ways->step[i], parent, &box);
    }
    if (!error)
        gather->sketch->box[box].target |= ways->main;
    return error;
}

/* A box where ways end, and how many do. */
struct end {
    uint32_t box;
    uint64_t ways;
};

static int compare_ends(const void *left, const void *right)
{
    const struct end *a = left, *b = right;
    if (a->ways != b->ways)
        return a->ways < b->ways ? 1 : -1;
    return (a->box > b->box) - (a->box < b->box);
}

static void mark_main(struct hs_gather *gather, uint32_t box, uint32_t parent)
{
    for (size_t i = 0; i < gather->sketch->arrows; i++) {
        struct hs_sketch_arrow *arrow = &gather->sketch->arrow[i];
        if (arrow->dst == box && arrow->src == parent)
            arrow->main = true;
    }
}

/* The way that most take may be the main one. The levels of the others are their ranks, so that those that
 * few take are left out first, and as a whole. */
static void rank(struct hs_gather *gather, struct end *end, size_t ends, bool main)
{
    qsort(end, ends, sizeof(*end), compare_ends);
    for (size_t i = 0; i < ends; i++) {
        for (uint32_t box = end[i].box, parent; box != HS_NO_BOX; box = parent) {
            struct hs_sketch_box *on = &gather->sketch->box[box];
            parent = gather->node[box].parent;
            if (on->level > i)
                on->level = (uint32_t)i;
            on->main |= main && i == 0;
            if (main && i == 0 && parent != HS_NO_BOX)
                mark_main(gather, box, parent);
        }
    }
}

static struct hs_error *count_end(struct end **end, size_t *ends, uint32_t box)
{
    for (size_t i = 0; i < *ends; i++) {
        if ((*end)[i].box == box) {
            (*end)[i].ways++;
            return NULL;
        }
    }
    struct end *grown = realloc(*end, (*ends + 1) * sizeof(*grown));
    if (!grown)
        return &hs_error_memory;
    *end = grown;
    grown[(*ends)++] = (struct end){.box = box, .ways = 1};
    return NULL;
}

struct hs_error *hs_gather_ways(struct hs_gather *gather, const uint32_t *object, size_t count,
                                const uint8_t *fresh, bool main)
{
    struct ways ways = {.gather = gather, .fresh = fresh, .main = main};
    struct end *end = NULL;
    size_t ends = 0;
    struct hs_error *error = NULL;
    gather->sketch->forward = true;
    for (size_t i = 0; i < count && !error; i++) {
        error = add_way(&ways, object[i]);
        if (!error && gather->box_of[object[i]] != HS_NO_BOX)
            error = count_end(&end, &ends, gather->box_of[object[i]]);
    }
    if (!error && ends)
        rank(gather, end, ends, main);
    free(end);
    free(ways.step);
    return error;
}
