#include "query/gather_internal.h"

#include "query/draw_kind.h"
#include "query/wording.h"

#include <stdlib.h>
#include <string.h>

/* Modules, classes, functions and frames that are named one by one; more of them are a crowd. */
#define NAMED_MOST 3
/* A linked list may be a chain of millions; its middle says nothing. */
#define CHAIN_MOST 200

/* References of these names and kinds lead from everything to everything, and explain nothing. */
static bool explains(const struct hs_graph *graph, uint64_t edge)
{
    static const char *const never[] = {"__class__",      "__base__",    "__bases__", "__mro__",
                                        "__subclasses__", "__globals__", "f_globals", "__builtins__",
                                        "f_builtins",     "__objclass__"};
    unsigned kind = graph->out_flags[edge] & HS_EDGE_KIND;
    if (kind == HS_REF_TYPE)
        return false;
    uint32_t label = graph->out_label[edge];
    const char *name = label == HS_NO_LABEL ? NULL : hs_reader_label(graph->reader, label)->name;
    for (size_t i = 0; name && kind != HS_REF_ATTRIBUTE && i < sizeof(never) / sizeof(never[0]); i++)
        if (!strcmp(name, never[i]))
            return false;
    return true;
}

struct hs_error *hs_gather_create(const struct hs_graph *graph, const struct hs_tree *tree, bool everything,
                                  struct hs_sketch *sketch, struct hs_gather **ret)
{
    struct hs_gather *gather = calloc(1, sizeof(*gather));
    if (!gather)
        return &hs_error_memory;
    gather->graph = graph;
    gather->tree = tree;
    gather->sketch = sketch;
    gather->everything = everything;
    size_t bytes = ((size_t)graph->nodes + 1) * sizeof(uint32_t);
    gather->box_of = malloc(bytes);
    gather->next = malloc(bytes);
    gather->seen = calloc(1, bytes);
    if (!gather->box_of || !gather->next || !gather->seen) {
        hs_gather_destroy(gather);
        return &hs_error_memory;
    }
    memset(gather->box_of, 0xff, bytes);
    memset(gather->next, 0xff, bytes);
    *ret = gather;
    return NULL;
}

void hs_gather_destroy(struct hs_gather *gather)
{
    if (!gather)
        return;
    free(gather->box_of);
    free(gather->next);
    free(gather->seen);
    free(gather->main);
    free(gather->node);
    free(gather);
}

uint32_t hs_gather_box(const struct hs_gather *gather, uint32_t object)
{
    return gather->box_of[object];
}

struct hs_error *hs_gather_new_box(struct hs_gather *gather, uint32_t object, uint32_t level, uint32_t *ret)
{
    const char *type = hs_gather_type(gather, object);
    struct hs_error *error = hs_sketch_add(gather->sketch,
                                           &(struct hs_sketch_box){.object = object,
                                                                   .count = 1,
                                                                   .bytes = gather->graph->size[object],
                                                                   .type = gather->graph->type[object],
                                                                   .level = level,
                                                                   .plumbing = hs_draw_plumbing_of(type)},
                                           ret);
    if (!error)
        gather->box_of[object] = *ret;
    return error;
}

void hs_gather_join(struct hs_gather *gather, uint32_t box, uint32_t object)
{
    struct hs_sketch_box *joined = &gather->sketch->box[box];
    joined->count++;
    joined->bytes += gather->graph->size[object];
    gather->box_of[object] = box;
    gather->next[object] = gather->next[joined->object];
    gather->next[joined->object] = object;
}

bool hs_gather_is_dict(const struct hs_gather *gather, uint64_t edge)
{
    uint32_t label = gather->graph->out_label[edge];
    if ((gather->graph->out_flags[edge] & HS_EDGE_KIND) != HS_REF_MEMBER || label == HS_NO_LABEL)
        return false;
    const char *name = hs_reader_label(gather->graph->reader, label)->name;
    return name && !strcmp(name, "__dict__");
}

uint32_t hs_gather_owner(const struct hs_gather *gather, uint32_t object)
{
    const struct hs_graph *graph = gather->graph;
    if (gather->everything || strcmp(hs_gather_type(gather, object), "dict"))
        return object;
    for (uint64_t in = graph->in_start[object]; in < graph->in_start[object + 1]; in++) {
        uint32_t owner = graph->in_src[in];
        for (uint64_t edge = graph->out_start[owner]; edge < graph->out_start[owner + 1]; edge++)
            if (graph->out_dst[edge] == object && hs_gather_is_dict(gather, edge))
                return owner;
    }
    return object;
}

struct hs_error *hs_gather_refer(struct hs_gather *gather, uint32_t src, uint32_t dst, uint32_t holder,
                                 uint64_t edge, bool main)
{
    const struct hs_graph *graph = gather->graph;
    uint8_t kind = graph->out_flags[edge] & HS_EDGE_KIND;
    uint32_t label = graph->out_label[edge];
    const struct hs_label *named = label == HS_NO_LABEL ? NULL : hs_reader_label(graph->reader, label);
    const char *name = named ? named->name : NULL, *type = hs_gather_type(gather, holder);
    uint32_t bytes = named ? named->bytes : 0;
    char *exact = NULL, *folded = NULL;
    struct hs_error *error =
        hs_ref_format(kind, name, bytes, hs_graph_slot(graph, holder, edge), type, &exact);
    if (!error)
        error = hs_ref_format_any(kind, name, bytes, type, &folded);
    if (!error)
        error =
            hs_sketch_refer(gather->sketch, src, dst,
                            &(struct hs_sketch_label){.exact = exact,
                                                      .folded = folded,
                                                      .owning = !(graph->out_flags[edge] & HS_EDGE_BORROWED),
                                                      .main = main},
                            gather->everything);
    free(exact);
    free(folded);
    return error;
}

/* ---- the main way ---- */

static struct hs_error *add_step(struct hs_gather *gather, const struct hs_step *step, uint32_t src,
                                 uint32_t dst)
{
    char *label = NULL;
    struct hs_error *error = hs_step_format(step, &label);
    if (!error)
        error = hs_sketch_refer(
            gather->sketch, src, dst,
            &(struct hs_sketch_label){.exact = label, .folded = label, .owning = true, .main = true},
            gather->everything);
    free(label);
    return error;
}

/* Is the step after `step` its __dict__, which is not drawn apart? */
static bool leads_to_dict(const struct hs_gather *gather, const struct hs_chain *chain, size_t step)
{
    const struct hs_step *next = step + 1 < chain->count ? &chain->step[step + 1] : NULL;
    return !gather->everything && next && step + 2 < chain->count && next->kind == HS_REF_MEMBER &&
           next->name && !strcmp(next->name, "__dict__");
}

/* The box of the step, on the main way. */
static struct hs_error *add_main(struct hs_gather *gather, const struct hs_chain *chain, size_t step,
                                 uint32_t *ret)
{
    uint32_t object = chain->step[step].object;
    struct hs_error *error = NULL;
    if (gather->box_of[object] == HS_NO_BOX)
        error = hs_gather_new_box(gather, object, (uint32_t)(chain->count - 1 - step), ret);
    if (error)
        return error;
    *ret = gather->box_of[object];
    gather->sketch->box[*ret].main = true;
    return NULL;
}

struct hs_error *hs_gather_chain(struct hs_gather *gather, const struct hs_chain *chain)
{
    struct hs_error *error = NULL;
    uint32_t before = HS_NO_BOX, box = HS_NO_BOX;
    struct hs_main_ref *grown = realloc(gather->main, (gather->mains + chain->count + 1) * sizeof(*grown));
    if (!grown)
        return &hs_error_memory;
    gather->main = grown;
    size_t left_out = chain->count > CHAIN_MOST ? chain->count - CHAIN_MOST : 0;
    for (size_t i = 0; i < chain->count && !error; i++) {
        size_t from = i;
        bool skip = left_out && i == CHAIN_MOST / 2;
        i += skip ? left_out : 0;
        error = add_main(gather, chain, i, &box);
        if (!error && skip)
            error = hs_sketch_skip(gather->sketch, before, box, left_out);
        else if (!error && before != HS_NO_BOX)
            error = add_step(gather, &chain->step[from], before, box);
        if (!error && !skip && i)
            gather->main[gather->mains++] =
                (struct hs_main_ref){.holder = chain->step[i - 1].object, .held = chain->step[i].object};
        before = box;
        bool dict = !error && leads_to_dict(gather, chain, i) && !(left_out && i + 1 == CHAIN_MOST / 2);
        i += dict;
    }
    if (!error && box != HS_NO_BOX)
        gather->sketch->box[box].target = true;
    return error;
}

/* ---- what refers to an object, and what it refers to ---- */

/* One reference of the box that is looked at, and the object at its other end. */
struct candidate {
    uint32_t other;  /* the object, or the owner of the __dict__ that it is */
    uint32_t holder; /* whose reference it is */
    uint64_t edge;
};

struct round {
    struct hs_gather *gather;
    const struct hs_gather_limits *limits;
    uint32_t box;
    struct candidate *candidate;
    size_t candidates, room;
};

static struct hs_error *add_candidate(struct round *round, const struct candidate *candidate)
{
    if (round->candidates == round->room) {
        size_t room = round->room ? round->room * 2 : 256;
        struct candidate *grown = realloc(round->candidate, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        round->candidate = grown;
        round->room = room;
    }
    round->candidate[round->candidates++] = *candidate;
    return NULL;
}

static bool is_weak(const struct hs_graph *graph, uint64_t edge)
{
    return graph->out_flags[edge] & HS_EDGE_BORROWED;
}

/* Is it the reference that the main way has an arrow for? Of several between the same two, one is. */
static bool is_drawn_already(const struct hs_gather *gather, const struct candidate *candidate)
{
    uint32_t held = gather->graph->out_dst[candidate->edge];
    for (size_t i = 0; i < gather->mains; i++) {
        struct hs_main_ref *main = &gather->main[i];
        if (main->holder == candidate->holder && main->held == held && !main->met)
            return main->met = true;
    }
    return false;
}

/* Takes one reference of the box: into an arrow if its other end has a box, else for later. */
static struct hs_error *take(struct round *round, const struct candidate *candidate)
{
    struct hs_gather *gather = round->gather;
    struct hs_sketch_box *box = &gather->sketch->box[round->box];
    bool shown =
        explains(gather->graph, candidate->edge) && (!is_weak(gather->graph, candidate->edge) || box->target);
    uint32_t other = gather->box_of[candidate->other];
    if (other == round->box && !gather->everything) {
        box->inside++;
        return NULL;
    }
    if (box->main && is_drawn_already(gather, candidate))
        return NULL;
    if (!shown && !gather->everything) {
        /* Each box names the type of its objects. */
        bool said = gather->sketch->forward &&
                    (gather->graph->out_flags[candidate->edge] & HS_EDGE_KIND) == HS_REF_TYPE;
        box->more += !said;
        return NULL;
    }
    return add_candidate(round, candidate);
}

/* The references of one holder to the objects of the box. */
static struct hs_error *take_holder(struct round *round, uint32_t holder)
{
    const struct hs_graph *graph = round->gather->graph;
    uint32_t owner = hs_gather_owner(round->gather, holder);
    struct hs_error *error = NULL;
    for (uint64_t edge = graph->out_start[holder]; edge < graph->out_start[holder + 1] && !error; edge++) {
        if (round->gather->box_of[graph->out_dst[edge]] != round->box)
            continue;
        error = take(round, &(struct candidate){.other = owner, .holder = holder, .edge = edge});
    }
    return error;
}

static struct hs_error *take_holders(struct round *round)
{
    struct hs_gather *gather = round->gather;
    const struct hs_graph *graph = gather->graph;
    struct hs_error *error = NULL;
    gather->round++;
    uint32_t object = gather->sketch->box[round->box].object;
    for (; object != HS_NO_OBJECT && !error; object = gather->next[object]) {
        for (uint64_t in = graph->in_start[object]; in < graph->in_start[object + 1] && !error; in++) {
            uint32_t holder = graph->in_src[in];
            if (gather->seen[holder] == gather->round)
                continue;
            gather->seen[holder] = gather->round;
            error = take_holder(round, holder);
        }
    }
    return error;
}

/* The references from one object, those of its __dict__ among them. */
static struct hs_error *take_held(struct round *round, uint32_t object)
{
    struct hs_gather *gather = round->gather;
    const struct hs_graph *graph = gather->graph;
    struct hs_error *error = NULL;
    uint32_t dict = HS_NO_OBJECT;
    for (uint64_t edge = graph->out_start[object]; edge < graph->out_start[object + 1] && !error; edge++) {
        if (!gather->everything && hs_gather_is_dict(gather, edge) &&
            gather->box_of[graph->out_dst[edge]] == HS_NO_BOX)
            dict = graph->out_dst[edge];
        else
            error = take(round,
                         &(struct candidate){.other = graph->out_dst[edge], .holder = object, .edge = edge});
    }
    if (dict == HS_NO_OBJECT)
        return error;
    for (uint64_t edge = graph->out_start[dict]; edge < graph->out_start[dict + 1] && !error; edge++)
        error = take(round, &(struct candidate){.other = graph->out_dst[edge], .holder = dict, .edge = edge});
    return error;
}

static struct hs_error *take_all_held(struct round *round)
{
    struct hs_error *error = NULL;
    uint32_t object = round->gather->sketch->box[round->box].object;
    for (; object != HS_NO_OBJECT && !error; object = round->gather->next[object])
        error = take_held(round, object);
    return error;
}

/* A run of candidates that would share a box. */
struct crowd {
    size_t first, count;
    uint32_t cost; /* of the object nearest to a root */
};

static int compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* By what makes them alike, then by object. */
static int compare_candidates(const void *left, const void *right, void *context)
{
    const struct candidate *a = left, *b = right;
    const struct hs_graph *graph = ((const struct hs_gather *)context)->graph;
    int order = compare_numbers(graph->type[a->other], graph->type[b->other]);
    if (!order)
        order = compare_numbers(graph->out_flags[a->edge], graph->out_flags[b->edge]);
    if (!order)
        order = compare_numbers(graph->out_label[a->edge], graph->out_label[b->edge]);
    if (!order)
        order = compare_numbers(a->other, b->other);
    return order ? order : compare_numbers(a->edge, b->edge);
}

static bool is_alike(const struct hs_gather *gather, const struct candidate *a, const struct candidate *b)
{
    const struct hs_graph *graph = gather->graph;
    if (gather->everything)
        return a->other == b->other;
    return graph->type[a->other] == graph->type[b->other] &&
           graph->out_flags[a->edge] == graph->out_flags[b->edge] &&
           graph->out_label[a->edge] == graph->out_label[b->edge];
}

/* How much hangs on a named thing: the references from it or from its __dict__. */
static uint64_t count_held(const struct hs_gather *gather, uint32_t object)
{
    const struct hs_graph *graph = gather->graph;
    uint64_t held = graph->out_start[object + 1] - graph->out_start[object];
    for (uint64_t edge = graph->out_start[object]; edge < graph->out_start[object + 1]; edge++)
        if (hs_gather_is_dict(gather, edge))
            held += graph->out_start[graph->out_dst[edge] + 1] - graph->out_start[graph->out_dst[edge]];
    return held;
}

static int compare_crowds(const void *left, const void *right)
{
    const struct crowd *a = left, *b = right;
    int order = compare_numbers(a->cost, b->cost);
    return order ? order : compare_numbers(a->first, b->first);
}

/* Cuts the sorted candidates into crowds. `ret` has room for all; gives their number. */
static size_t find_crowds(const struct round *round, struct crowd *ret)
{
    const struct hs_tree *tree = round->gather->tree;
    size_t crowds = 0;
    for (size_t i = 0; i < round->candidates; i++) {
        const struct candidate *candidate = &round->candidate[i];
        bool alike = i && is_alike(round->gather, candidate - 1, candidate);
        if (!alike)
            ret[crowds++] = (struct crowd){.first = i, .cost = HS_UNREACHABLE};
        struct crowd *crowd = &ret[crowds - 1];
        crowd->count++;
        if (tree->cost[candidate->other] < crowd->cost)
            crowd->cost = tree->cost[candidate->other];
    }
    qsort(ret, crowds, sizeof(*ret), compare_crowds);
    return crowds;
}

/* Things with names of their own. Of functions and frames a crowd is often one name, many times. */
static bool has_names(const char *type, bool crowd)
{
    enum hs_draw_kind kind = hs_draw_kind_of(type);
    if (kind == HS_DRAW_FUNCTION || kind == HS_DRAW_FRAME)
        return !crowd && !hs_draw_plumbing_of(type);
    return kind == HS_DRAW_MODULE || kind == HS_DRAW_CLASS || kind == HS_DRAW_THREAD;
}

static struct hs_error *draw_reference(struct round *round, const struct candidate *candidate)
{
    struct hs_gather *gather = round->gather;
    bool forward = gather->sketch->forward;
    uint32_t other = gather->box_of[candidate->other];
    return hs_gather_refer(gather, forward ? round->box : other, forward ? other : round->box,
                           candidate->holder, candidate->edge, false);
}

/* Which objects of a crowd of named things get boxes of their own: all, if they are few; else those on which
 * most hangs. `ret` are NAMED_MOST. */
static size_t find_named(const struct round *round, const struct crowd *crowd, uint32_t *ret)
{
    const struct hs_gather *gather = round->gather;
    const struct candidate *candidate = &round->candidate[crowd->first];
    uint64_t held[NAMED_MOST];
    size_t count = 0, objects = 0;
    if (!has_names(hs_gather_type(gather, candidate->other), false))
        return 0;
    for (size_t i = 0; i < crowd->count; i++) {
        uint32_t object = candidate[i].other;
        if ((i && candidate[i - 1].other == object) || gather->box_of[object] != HS_NO_BOX)
            continue;
        uint64_t mine = count_held(gather, object);
        objects++;
        size_t at = count;
        for (; at > 0 && held[at - 1] < mine; at--) {
            if (at < NAMED_MOST) {
                held[at] = held[at - 1];
                ret[at] = ret[at - 1];
            }
        }
        if (at < NAMED_MOST) {
            held[at] = mine;
            ret[at] = object;
            count += count < NAMED_MOST;
        }
    }
    return has_names(hs_gather_type(gather, candidate->other), objects > NAMED_MOST) ? count : 0;
}

/* Gives boxes to the objects of a crowd that have none, and an arrow to all; without room, counts. */
static struct hs_error *place(struct round *round, const struct crowd *crowd, unsigned *boxes)
{
    struct hs_gather *gather = round->gather;
    struct hs_sketch *sketch = gather->sketch;
    const struct candidate *candidate = &round->candidate[crowd->first];
    uint32_t named[NAMED_MOST], shared = HS_NO_BOX;
    size_t names = gather->everything ? 0 : find_named(round, crowd, named);
    struct hs_error *error = NULL;
    for (size_t i = 0; i < crowd->count && !error; i++, candidate++) {
        uint32_t other = candidate->other, made;
        bool room = *boxes < round->limits->fan && hs_sketch_drawn(sketch) < round->limits->boxes;
        bool alone = gather->everything;
        for (size_t j = 0; j < names; j++)
            alone |= named[j] == other;
        if (gather->box_of[other] == HS_NO_BOX && shared != HS_NO_BOX && !alone) {
            hs_gather_join(gather, shared, other);
        } else if (gather->box_of[other] == HS_NO_BOX && room) {
            error = hs_gather_new_box(gather, other, sketch->box[round->box].level + 1, &made);
            if (!alone)
                shared = made;
            ++*boxes;
        }
        if (!error && gather->box_of[other] != HS_NO_BOX)
            error = draw_reference(round, candidate);
        else
            sketch->box[round->box].more++;
    }
    return error;
}

/* Looks at one box: what refers to it, or what it refers to. */
static struct hs_error *spread(struct hs_gather *gather, uint32_t box, const struct hs_gather_limits *limits)
{
    struct round round = {.gather = gather, .limits = limits, .box = box};
    struct hs_error *error = gather->sketch->forward ? take_all_held(&round) : take_holders(&round);
    struct crowd *crowd = NULL;
    if (!error && round.candidates) {
        qsort_r(round.candidate, round.candidates, sizeof(*round.candidate), compare_candidates, gather);
        crowd = malloc(round.candidates * sizeof(*crowd));
        error = crowd ? NULL : &hs_error_memory;
    }
    size_t crowds = crowd ? find_crowds(&round, crowd) : 0;
    unsigned boxes = 0;
    for (size_t i = 0; i < crowds && !error; i++)
        error = place(&round, &crowd[i], &boxes);
    free(crowd);
    free(round.candidate);
    return error;
}

/* A module holds by itself, and what imports it explains nothing. A type has a box for its name only: its own
 * references are another story. */
static bool is_end(const struct hs_gather *gather, const struct hs_sketch_box *box)
{
    enum hs_draw_kind kind = hs_draw_kind_of(hs_gather_type(gather, box->object));
    if (box->target)
        return false;
    return kind == HS_DRAW_MODULE || (gather->sketch->forward && kind == HS_DRAW_CLASS);
}

/* What is not looked at is counted. */
static void count_more(struct hs_gather *gather, uint32_t box)
{
    struct hs_sketch *sketch = gather->sketch;
    const struct hs_graph *graph = gather->graph;
    uint64_t all = 0, drawn = 0;
    for (uint32_t object = sketch->box[box].object; object != HS_NO_OBJECT; object = gather->next[object])
        all += sketch->forward ? graph->out_start[object + 1] - graph->out_start[object]
                               : graph->in_start[object + 1] - graph->in_start[object];
    for (size_t i = 0; i < sketch->arrows; i++)
        if ((sketch->forward ? sketch->arrow[i].src : sketch->arrow[i].dst) == box)
            drawn += sketch->arrow[i].count;
    sketch->box[box].more = all > drawn ? all - drawn : 0;
}

/* The box nearest to the object that was not looked at yet. */
static uint32_t find_nearest(const struct hs_sketch *sketch, const bool *done)
{
    uint32_t nearest = HS_NO_BOX;
    for (uint32_t i = 0; i < sketch->boxes; i++)
        if (!done[i] && (nearest == HS_NO_BOX || sketch->box[i].level < sketch->box[nearest].level))
            nearest = i;
    return nearest;
}

struct hs_error *hs_gather_fan(struct hs_gather *gather, uint32_t object,
                               const struct hs_gather_limits *limits)
{
    struct hs_sketch *sketch = gather->sketch;
    struct hs_error *error = NULL;
    uint32_t box = gather->box_of[object];
    if (box == HS_NO_BOX)
        error = hs_gather_new_box(gather, object, 0, &box);
    if (error)
        return error;
    sketch->box[box].target = true;
    sketch->box[box].main = true;
    bool *done = calloc(limits->boxes + sketch->boxes + 1, sizeof(*done));
    if (!done)
        return &hs_error_memory;
    while (!error && (box = find_nearest(sketch, done)) != HS_NO_BOX) {
        done[box] = true;
        if (is_end(gather, &sketch->box[box]))
            continue;
        if (sketch->box[box].level >= limits->depth)
            count_more(gather, box);
        else
            error = spread(gather, box, limits);
    }
    free(done);
    return error;
}
