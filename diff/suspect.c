#include "diff/suspect.h"

#include "diff/garbage.h"
#include "diff/kinds.h"

#include <stdlib.h>
#include <string.h>

/* Beside the first suspect, what keeps less than this part of it is minor. */
#define MINOR_PART 200
/* Growth below this is what any program does: a name interned here, a table resized there. */
#define MINOR_BYTES 2048
/* The same where it does not grow in every step. */
#define MINOR_NOISY_BYTES 8192
/* But so many more instances of a class count even if they are small and their growth is not steady, or not
 * known to be. */
#define MANY_OBJECTS 10

/* If less than this part of the old members is left, a place whose growth is not steady, or not known to be,
 * is refilled. */
#define REFILLED_NOISY   0.25
#define REFILLED_UNKNOWN 0.1

/* What grows below a growing place more than in proportion is told beside it from this part of its bytes
 * on. */
#define PART_BELOW 4

struct work {
    const struct hs_loaded *loaded;
    size_t snapshots;
    const struct hs_groups *groups;
    const struct hs_compare *compare;
    struct hs_growth growth;
    bool all;    /* the rest is wanted, too */
    size_t cuts; /* the first so many candidates are cut */
    struct hs_cut first[HS_CUT_MAX], last[HS_CUT_MAX];
    bool folded[HS_CUT_MAX];
    uint64_t fresh[HS_CUT_MAX];  /* members that are new by identity */
    uint64_t gained[HS_CUT_MAX]; /* of these, whose holders were there before */
    uint64_t alone[HS_CUT_MAX];  /* what each candidate would free by itself, whoever holds it too */
    uint64_t bytes[HS_CUT_MAX];  /* what each candidate keeps more */
    double score[HS_CUT_MAX];
};

const char *hs_suspect_kind_name(enum hs_suspect_kind kind)
{
    static const char *const names[] = {
        [HS_SUSPECT_CONTAINER] = "container", [HS_SUSPECT_SIZE] = "size",
        [HS_SUSPECT_THREAD] = "thread",       [HS_SUSPECT_EXTERNAL] = "external",
        [HS_SUSPECT_GARBAGE] = "garbage",     [HS_SUSPECT_NATIVE] = "native",
    };
    return names[kind];
}

void hs_suspects_deinit(struct hs_suspects *suspects)
{
    for (size_t i = 0; i < suspects->count; i++) {
        struct hs_suspect *suspect = &suspects->suspect[i];
        hs_place_deinit(&suspect->place);
        hs_content_deinit(&suspect->content);
        for (size_t also = 0; also < suspect->also_count; also++)
            free(suspect->also[also]);
    }
    for (size_t i = 0; i < suspects->rest_count; i++)
        hs_place_deinit(&suspects->rest[i].place);
    free(suspects->suspect);
    free(suspects->rest);
    free(suspects->garbage);
    *suspects = (struct hs_suspects){0};
}

static const struct hs_candidate *candidate_of(const struct work *work, size_t cut)
{
    return &work->growth.candidate[cut];
}

static uint64_t difference(uint64_t more, uint64_t less)
{
    return more > less ? more - less : 0;
}

/* ---- what each candidate keeps ---- */

static void choose_candidates(struct work *work)
{
    work->cuts = work->growth.count < HS_CUT_MAX ? work->growth.count : HS_CUT_MAX;
    for (size_t i = 0; i < work->cuts; i++)
        work->first[i].holder = work->last[i].holder = candidate_of(work, i)->holder;
}

/* First what survives the cuts in the first snapshot, then who keeps what survives in the last one, then what
 * is freed in the first if those let go, too. */
static struct hs_error *run_cuts(struct work *work, const uint8_t *cut_of)
{
    const struct hs_loaded *first = &work->loaded[0], *last = &work->loaded[work->snapshots - 1];
    struct hs_error *error = hs_cut_run(first, work->groups, cut_of, work->first, work->cuts, false);
    for (size_t i = 0; i < work->cuts; i++) {
        work->last[i].old_members = work->first[i].members;
        work->last[i].old_survivors = work->first[i].survivors;
        work->alone[i] = work->first[i].freed_bytes;
    }
    if (!error)
        error = hs_cut_run(last, work->groups, cut_of, work->last, work->cuts, true);
    for (size_t i = 0; i < work->cuts; i++)
        work->alone[i] = difference(work->last[i].alone_bytes, work->alone[i]);
    memcpy(work->first, work->last, sizeof(work->first));
    return error ? error : hs_cut_run(first, work->groups, cut_of, work->first, work->cuts, false);
}

static struct hs_error *cut_candidates(struct work *work)
{
    uint8_t *cut_of = calloc(work->groups->count + (size_t)1, 1);
    if (!cut_of)
        return &hs_error_memory;
    for (uint32_t i = 0; i < work->groups->count; i++)
        if (work->growth.of[i] < work->cuts)
            cut_of[i] = (uint8_t)(work->growth.of[i] + 1);
    struct hs_error *error = run_cuts(work, cut_of);
    free(cut_of);
    return error;
}

static void count_new(struct work *work)
{
    const struct hs_loaded *last = &work->loaded[work->snapshots - 1];
    for (uint32_t i = 0; work->compare->is_new && i < last->graph->nodes; i++) {
        uint32_t group = last->group[i];
        uint32_t candidate = group == HS_NO_GROUP ? HS_NO_GROUP : work->growth.of[group];
        /* Cut number i is of candidate number i. */
        if (candidate >= work->cuts)
            continue;
        bool fresh = hs_compare_is_new(work->compare, i);
        uint32_t holder = hs_place_holder(last, work->groups, i);
        work->fresh[candidate] += fresh;
        work->gained[candidate] +=
            fresh && (holder == HS_NO_OBJECT || !hs_compare_is_new(work->compare, holder));
    }
}

/* Were the members there before, explained by another place? Then hardly any is new, and there are hardly
 * more of their type. (New ones may lie on addresses that held the same type before, so that neither tells
 * enough alone.) */
static bool has_moved(const struct work *work, size_t cut)
{
    size_t last = work->snapshots - 1;
    const char *type = hs_groups_type(work->groups, candidate_of(work, cut)->top);
    const uint64_t *objects = hs_groups_objects(work->groups, candidate_of(work, cut)->top);
    uint64_t more = difference(objects[last], objects[0]);
    if (!work->compare->same_process || work->fresh[cut] * 10 >= more)
        return false;
    for (size_t i = 0; i < work->compare->types; i++)
        if (!strcmp(work->compare->type[i].name, type))
            return difference(work->compare->type[i].count[last], work->compare->type[i].count[0]) * 2 < more;
    return false;
}

/* Are there holders of its kind that keep what they hold as long as they live? */
static bool has_fixed_holders(const struct work *work, size_t cut)
{
    uint32_t holder = candidate_of(work, cut)->holder;
    const char *type = holder == HS_NO_GROUP ? "" : hs_groups_type(work->groups, holder);
    return !strcmp(type, "tuple") || !strcmp(type, "frozenset");
}

/* Is the place, or are its holders with all they hold, filled anew again and again? Then it varies in length,
 * and a leak keeps what it has. `part`: how much of the old may be left. */
static bool is_refilled(const struct work *work, size_t cut, double part)
{
    uint64_t left = difference(work->last[cut].members, work->fresh[cut]);
    if (!work->compare->same_process)
        return false;
    return (double)left < part * (double)work->first[cut].members ||
           (has_fixed_holders(work, cut) && !work->gained[cut]);
}

static enum hs_suspect_kind kind_of(const struct work *work, const struct hs_candidate *candidate)
{
    const struct hs_edge *edge = &work->groups->edge[work->groups->group[candidate->top].edge];
    if (candidate->size)
        return HS_SUSPECT_SIZE;
    if (edge->root && edge->kind == HS_ROOT_EXTERNAL)
        return HS_SUSPECT_EXTERNAL;
    bool on_stack = edge->root && (edge->kind == HS_ROOT_FRAME || edge->kind == HS_ROOT_THREAD);
    return on_stack ? HS_SUSPECT_THREAD : HS_SUSPECT_CONTAINER;
}

/* Is it a cache that is full one day, by what its module says of itself? Those are globals of a module. */
static bool is_bounded(const struct work *work, const struct hs_candidate *candidate)
{
    const struct hs_groups *groups = work->groups;
    uint32_t holder = candidate->holder;
    while (holder != HS_NO_GROUP && groups->edge[groups->group[holder].edge].name == HS_NO_LABEL)
        holder = groups->group[holder].parent; /* the table inside of an lru_cache */
    uint32_t module = holder == HS_NO_GROUP ? HS_NO_GROUP : groups->group[holder].parent;
    if (module == HS_NO_GROUP)
        return false;
    const struct hs_edge *root = &groups->edge[groups->group[module].edge];
    if (!root->root || root->kind != HS_ROOT_MODULE || root->name == HS_NO_LABEL)
        return false;
    const char *variable = groups->names.text[groups->edge[groups->group[holder].edge].name];
    uint64_t bound = hs_cache_bound(groups->names.text[root->name], variable);
    return hs_groups_objects(groups, candidate->top)[work->snapshots - 1] <= bound;
}

/* How far to believe that a place is a leak, 0 to 1. */
static double plausibility(const struct work *work, size_t cut)
{
    const struct hs_candidate *candidate = candidate_of(work, cut);
    const uint64_t *objects = hs_groups_objects(work->groups, candidate->top);
    double belief = candidate->trend == HS_TREND_NOISY ? 0.5 : 1;
    if (candidate->size)
        return belief;
    if (has_moved(work, cut) || is_bounded(work, candidate))
        return 0;
    if (candidate->trend == HS_TREND_NOISY && is_refilled(work, cut, REFILLED_NOISY))
        return 0;
    if (candidate->trend == HS_TREND_UNKNOWN && is_refilled(work, cut, REFILLED_UNKNOWN))
        belief *= 0.3;
    if (candidate->holder != HS_NO_GROUP && !hs_groups_objects(work->groups, candidate->holder)[0])
        belief *= 0.3; /* the holder itself is new: made and filled once, perhaps */
    if (kind_of(work, candidate) == HS_SUSPECT_EXTERNAL)
        belief *= 0.5; /* C code has good reasons, too: what it waits for lies on its stack */
    if (objects[work->snapshots - 1] - objects[0] == 1)
        belief *= 0.1; /* made once, rather than again and again */
    if (hs_type_kind(hs_groups_type(work->groups, candidate->top)) == HS_TYPE_WEAK)
        belief *= 0.1; /* goes with what it refers to */
    return belief;
}

/* What the holder itself, a table or an array, got larger by. */
static uint64_t holder_growth(const struct work *work, size_t cut)
{
    uint32_t holder = candidate_of(work, cut)->holder;
    size_t last = work->snapshots - 1;
    if (holder == HS_NO_GROUP ||
        hs_groups_objects(work->groups, holder)[last] > hs_groups_objects(work->groups, holder)[0])
        return 0;
    return difference(hs_groups_bytes(work->groups, holder)[last], hs_groups_bytes(work->groups, holder)[0]);
}

static void weigh(struct work *work)
{
    count_new(work);
    for (size_t i = 0; i < work->cuts; i++) {
        const struct hs_candidate *candidate = candidate_of(work, i);
        work->bytes[i] = candidate->size ? candidate->estimate
                                         : difference(work->last[i].freed_bytes, work->first[i].freed_bytes) +
                                               holder_growth(work, i);
        work->score[i] = (double)work->bytes[i] * plausibility(work, i);
    }
}

/* ---- one leak is one suspect ---- */

/* Is there an instance of a class that both hang below? Modules and classes hold what has nothing to do
 * with each other. */
static bool same_instance(const struct work *work, uint32_t a, uint32_t b)
{
    const struct hs_groups *groups = work->groups;
    while (a != b) {
        if (a == HS_NO_GROUP || b == HS_NO_GROUP)
            return false;
        if (a > b)
            a = groups->group[a].parent;
        else
            b = groups->group[b].parent;
    }
    if (a == HS_NO_GROUP || groups->group[a].parent == HS_NO_GROUP)
        return false;
    const char *type = hs_groups_type(groups, a);
    return strcmp(type, "module") && strcmp(type, "type");
}

/* Do both grow in the same steps by the same numbers, or by a multiple? */
static bool in_step(const struct work *work, const struct hs_candidate *a, const struct hs_candidate *b)
{
    const uint64_t *x = hs_groups_objects(work->groups, a->top), *y = hs_groups_objects(work->groups, b->top);
    size_t last = work->snapshots - 1;
    uint64_t whole_x = difference(x[last], x[0]), whole_y = difference(y[last], y[0]);
    for (size_t i = 1; i <= last; i++)
        if (difference(x[i], x[i - 1]) * whole_y != difference(y[i], y[i - 1]) * whole_x)
            return false;
    return whole_x && whole_y && (whole_x % whole_y == 0 || whole_y % whole_x == 0);
}

/* Are both sides of one tree? Then they begin at one holder, with the same type. */
static bool same_tree(const struct work *work, const struct hs_candidate *a, const struct hs_candidate *b)
{
    const struct hs_group *x = &work->groups->group[a->top], *y = &work->groups->group[b->top];
    return a->holder == b->holder && x->type == y->type && x->loop && y->loop;
}

static bool is_within(const struct work *work, uint32_t a, uint32_t b)
{
    return a != HS_NO_GROUP && b != HS_NO_GROUP &&
           (hs_groups_under(work->groups, a, b) || hs_groups_under(work->groups, b, a));
}

/* Does what holds members of one hold members of the other, too: a thread, say, its queue and its lock? */
static bool share_holder(const struct work *work, size_t cut, size_t other)
{
    const struct hs_cut *a = &work->last[cut], *b = &work->last[other];
    for (size_t i = 0; i < a->also_count; i++)
        for (size_t j = 0; j < b->also_count; j++)
            if (is_within(work, a->also[i].group, b->also[j].group))
                return true;
    return false;
}

/* The one object of a group in the last snapshot; HS_NO_OBJECT if there are several. */
static uint32_t only_object(const struct work *work, uint32_t group)
{
    const struct hs_loaded *last = &work->loaded[work->snapshots - 1];
    if (hs_groups_objects(work->groups, group)[work->snapshots - 1] != 1)
        return HS_NO_OBJECT;
    uint32_t object = 0;
    while (object < last->graph->nodes && last->group[object] != group)
        object++;
    return object < last->graph->nodes ? object : HS_NO_OBJECT;
}

/* Does an object of `group` refer to `object`? */
static bool group_refers(const struct work *work, uint32_t group, uint32_t object)
{
    const struct hs_loaded *last = &work->loaded[work->snapshots - 1];
    for (uint32_t i = 0; i < last->graph->nodes; i++)
        for (uint64_t e = last->graph->out_start[i];
             last->group[i] == group && e < last->graph->out_start[i + 1]; e++)
            if (last->graph->out_dst[e] == object)
                return true;
    return false;
}

/* Is the holder of `b` the same field of the same class as that of `a`, in an object that lies among those of
 * `a` and has a name of its own beside? A variable that a loop leaves behind is one. */
static bool is_alias(const struct work *work, const struct hs_candidate *a, const struct hs_candidate *b)
{
    const struct hs_group *group = work->groups->group;
    if (a->holder == HS_NO_GROUP || b->holder == HS_NO_GROUP || a->holder == b->holder)
        return false;
    const struct hs_group *x = &group[a->holder], *y = &group[b->holder];
    if (x->edge != y->edge || x->type != y->type || x->parent == HS_NO_GROUP || y->parent == HS_NO_GROUP ||
        group[a->top].type != group[b->top].type || group[x->parent].type != group[y->parent].type ||
        group[x->parent].parent == HS_NO_GROUP)
        return false;
    uint32_t owner = only_object(work, y->parent);
    return owner != HS_NO_OBJECT && group_refers(work, group[x->parent].parent, owner);
}

/* Does the growth of `other` come with that of `cut`? One's holder holds the objects of the other too; or
 * they are of one tree; or the other's is one of the holders by another name; or the other is a small part
 * below it; or both grow in step below one instance; or it is a table of weak references to them. */
static bool comes_with(const struct work *work, size_t cut, size_t other)
{
    for (size_t i = 0; i < work->last[cut].also_count; i++) {
        const struct hs_also *also = &work->last[cut].also[i];
        if (also->cut == other + 1)
            return true;
        if (!also->cut && also->group != HS_NO_GROUP && work->last[other].holder != HS_NO_GROUP &&
            hs_groups_under(work->groups, also->group, work->last[other].holder))
            return true;
    }
    for (size_t i = 0; i < work->last[other].also_count; i++)
        if (work->last[other].also[i].cut == cut + 1)
            return true;
    if (share_holder(work, cut, other))
        return true;
    const struct hs_candidate *a = candidate_of(work, cut), *b = candidate_of(work, other);
    if (same_tree(work, a, b) || is_alias(work, a, b))
        return true;
    if (hs_groups_under(work->groups, b->top, a->top) && work->bytes[other] < work->bytes[cut] / PART_BELOW)
        return true;
    if (same_instance(work, a->holder, b->holder) && in_step(work, a, b))
        return true;
    return hs_type_kind(hs_groups_type(work->groups, b->top)) == HS_TYPE_WEAK &&
           hs_groups_objects(work->groups, b->top)[work->snapshots - 1] <= work->last[cut].members * 2;
}

static void order(const struct work *work, size_t *rank)
{
    for (size_t i = 0; i < work->cuts; i++) {
        size_t at = i;
        for (; at > 0 && work->score[rank[at - 1]] < work->score[i]; at--)
            rank[at] = rank[at - 1];
        rank[at] = i;
    }
}

/* Is it a place that a program could clear: no stack, and no table of weak references? */
static bool is_place(const struct work *work, size_t cut)
{
    const struct hs_candidate *candidate = candidate_of(work, cut);
    return candidate->holder != HS_NO_GROUP &&
           hs_type_kind(hs_groups_type(work->groups, candidate->top)) != HS_TYPE_WEAK;
}

/* Of two places of one leak the one that frees more by letting go alone is told, at the rank of the first. */
static void tell_by_holder(struct work *work, size_t *rank, size_t first, size_t other)
{
    size_t a = rank[first], b = rank[other];
    if (work->alone[b] / 2 <= work->alone[a] || !is_place(work, a) || !is_place(work, b) ||
        work->score[b] <= 0)
        return;
    rank[first] = b;
    rank[other] = a;
    work->score[b] = work->score[a];
}

static void fold(struct work *work, size_t *rank)
{
    for (size_t i = 0; i < work->cuts; i++) {
        if (work->folded[rank[i]])
            continue;
        for (size_t j = i + 1; j < work->cuts; j++) {
            if (work->folded[rank[j]] || work->score[rank[j]] <= 0 || candidate_of(work, rank[j])->size ||
                !comes_with(work, rank[i], rank[j]))
                continue;
            tell_by_holder(work, rank, i, j);
            work->folded[rank[j]] = true;
            work->bytes[rank[i]] += work->bytes[rank[j]];
        }
    }
}

/* ---- the list ---- */

/* Does the program itself make what grows, again and again? Then there is no size from which it counts. */
static bool is_made_on_purpose(const struct work *work, const struct hs_candidate *candidate)
{
    const char *type = hs_groups_type(work->groups, candidate->named);
    const uint64_t *objects = hs_groups_objects(work->groups, candidate->top);
    uint64_t more = difference(objects[work->snapshots - 1], objects[0]);
    if (candidate->size || !strchr(type, '.') || hs_type_kind(type) != HS_TYPE_NAMED)
        return false;
    return candidate->trend == HS_TREND_EVERY_STEP ? more > 1 : more >= MANY_OBJECTS;
}

/* Does it grow as any program does? */
static bool is_noise(const struct work *work, size_t cut)
{
    const struct hs_candidate *candidate = candidate_of(work, cut);
    uint64_t bytes = candidate->trend == HS_TREND_NOISY ? MINOR_NOISY_BYTES : MINOR_BYTES;
    return !work->bytes[cut] || (work->bytes[cut] < bytes && !is_made_on_purpose(work, candidate));
}

static bool is_minor(const struct work *work, size_t cut, double best)
{
    return work->score[cut] * MINOR_PART < best || is_noise(work, cut);
}

static void fill_suspect(const struct work *work, size_t cut, struct hs_suspect *ret)
{
    const struct hs_candidate *candidate = candidate_of(work, cut);
    const uint64_t *counts = hs_groups_objects(work->groups, candidate->named);
    *ret = (struct hs_suspect){
        .kind = kind_of(work, candidate),
        .trend = candidate->trend,
        .type = hs_groups_type(work->groups, candidate->named),
        .counts = counts,
        .entries = hs_groups_objects(work->groups, candidate->top),
        .sizes = hs_groups_bytes(work->groups, candidate->named),
        .objects = (int64_t)(counts[work->snapshots - 1] - counts[0]),
        .bytes = (int64_t)work->bytes[cut],
        .score = work->score[cut],
        .candidate = (uint32_t)cut,
    };
}

static struct hs_error *list(struct work *work, struct hs_suspects *ret, size_t *cuts)
{
    size_t rank[HS_CUT_MAX];
    order(work, rank);
    fold(work, rank);
    ret->suspect = calloc(HS_SUSPECTS_ROOM, sizeof(*ret->suspect));
    ret->rest = calloc(HS_CUT_MAX, sizeof(*ret->rest));
    if (!ret->suspect || !ret->rest)
        return &hs_error_memory;
    double best = work->cuts ? work->score[rank[0]] : 0;
    for (size_t i = 0; i < work->cuts; i++) {
        if (work->folded[rank[i]] || work->score[rank[i]] <= 0)
            continue;
        if (ret->count == HS_SUSPECTS_MAX || is_minor(work, rank[i], best)) {
            ret->minor += work->bytes[rank[i]] >= MINOR_BYTES;
            if (work->all && !is_noise(work, rank[i]))
                fill_suspect(work, rank[i], &ret->rest[ret->rest_count++]);
            continue;
        }
        cuts[ret->count] = rank[i];
        fill_suspect(work, rank[i], &ret->suspect[ret->count++]);
    }
    return NULL;
}

static struct hs_error *find_places(const struct work *work, struct hs_suspect *suspect, size_t count)
{
    uint32_t number[HS_CUT_MAX] = {0};
    struct hs_place place[HS_CUT_MAX];
    for (size_t i = 0; i < count; i++)
        number[i] = suspect[i].candidate;
    struct hs_error *error = hs_places_find(&work->loaded[work->snapshots - 1], work->groups, work->compare,
                                            &work->growth, number, count, place);
    for (size_t i = 0; i < count; i++)
        suspect[i].place = place[i];
    return error;
}

static struct hs_error *format_also(const struct work *work, const struct hs_also *also, char **ret)
{
    const struct hs_loaded *last = &work->loaded[work->snapshots - 1];
    if (also->group == HS_NO_GROUP)
        return hs_place_root(last, also->root, ret);
    return hs_place_pattern(last, work->groups, hs_place_outermost(last, work->groups, also->object), ret);
}

static struct hs_error *find_also(const struct work *work, struct hs_suspects *suspects, const size_t *cuts)
{
    const struct hs_loaded *last = &work->loaded[work->snapshots - 1];
    for (size_t i = 0; i < suspects->count; i++) {
        struct hs_suspect *suspect = &suspects->suspect[i];
        const struct hs_cut *cut = &work->last[cuts[i]];
        size_t j = 0;
        /* Modules are roots by their names in sys.modules, which is what holds them. */
        if (suspect->kind == HS_SUSPECT_CONTAINER && suspect->place.holder == HS_NO_OBJECT &&
            cut->also_count && cut->also[0].group != HS_NO_GROUP) {
            struct hs_error *error =
                hs_place_set_holder(last, work->groups, cut->also[0].object, &suspect->place);
            if (error)
                return error;
            j = 1;
        }
        for (; suspect->kind != HS_SUSPECT_SIZE && j < cut->also_count; j++) {
            struct hs_error *error = format_also(work, &cut->also[j], &suspect->also[suspect->also_count]);
            if (error)
                return error;
            suspect->also_count++;
        }
    }
    return NULL;
}

static struct hs_error *find_contents(const struct work *work, struct hs_suspects *suspects)
{
    uint32_t named[HS_SUSPECTS_MAX], example[HS_SUSPECTS_MAX];
    struct hs_content content[HS_SUSPECTS_MAX];
    for (size_t i = 0; i < suspects->count; i++) {
        named[i] = candidate_of(work, suspects->suspect[i].candidate)->named;
        example[i] = suspects->suspect[i].place.example;
    }
    struct hs_error *error = hs_contents_find(&work->loaded[work->snapshots - 1], work->groups, named,
                                              example, suspects->count, content);
    for (size_t i = 0; i < suspects->count; i++)
        suspects->suspect[i].content = content[i];
    return error;
}

/* Garbage is at no place, so that it is found apart, and comes where its bytes belong. */
static struct hs_error *add_garbage(const struct work *work, struct hs_suspects *suspects)
{
    struct hs_suspect suspect;
    bool found;
    suspects->garbage = calloc(2 * work->snapshots, sizeof(*suspects->garbage));
    if (!suspects->garbage)
        return &hs_error_memory;
    struct hs_error *error =
        hs_garbage_suspect(work->loaded, work->snapshots, suspects->garbage, &suspect, &found);
    if (error || !found || suspect.bytes < MINOR_BYTES)
        return error;
    size_t at = suspects->count++;
    for (; at > 0 && suspects->suspect[at - 1].score < suspect.score; at--)
        suspects->suspect[at] = suspects->suspect[at - 1];
    suspects->suspect[at] = suspect;
    return NULL;
}

static struct hs_error *find(struct work *work, struct hs_suspects *ret)
{
    struct hs_error *error = hs_growth_find(work->groups, &work->growth);
    if (error)
        return error;
    ret->imported_modules = work->growth.imported_modules;
    ret->imported_bytes = work->growth.imported_bytes;
    choose_candidates(work);
    size_t cuts[HS_SUSPECTS_MAX];
    error = cut_candidates(work);
    if (!error) {
        weigh(work);
        error = list(work, ret, cuts);
    }
    if (!error)
        error = find_places(work, ret->suspect, ret->count);
    if (!error && ret->rest_count)
        error = find_places(work, ret->rest, ret->rest_count);
    if (error)
        return error;
    error = find_also(work, ret, cuts);
    if (!error)
        error = find_contents(work, ret);
    return error ? error : add_garbage(work, ret);
}

static struct hs_error *find_suspects(const struct hs_loaded *loaded, size_t count,
                                      const struct hs_groups *groups, const struct hs_compare *compare,
                                      bool all, struct hs_suspects *ret)
{
    *ret = (struct hs_suspects){0};
    struct work *work = calloc(1, sizeof(*work));
    if (!work)
        return &hs_error_memory;
    work->loaded = loaded;
    work->snapshots = count;
    work->groups = groups;
    work->compare = compare;
    work->all = all;
    struct hs_error *error = find(work, ret);
    hs_growth_deinit(&work->growth);
    free(work);
    if (error)
        hs_suspects_deinit(ret);
    return error;
}

struct hs_error *hs_suspects_find(const struct hs_loaded *loaded, size_t count,
                                  const struct hs_groups *groups, const struct hs_compare *compare,
                                  struct hs_suspects *ret)
{
    return find_suspects(loaded, count, groups, compare, false, ret);
}

struct hs_error *hs_suspects_find_all(const struct hs_loaded *loaded, size_t count,
                                      const struct hs_groups *groups, const struct hs_compare *compare,
                                      struct hs_suspects *ret)
{
    return find_suspects(loaded, count, groups, compare, true, ret);
}

static bool keeps_step(const uint64_t *bytes, const uint64_t *counts, size_t snapshots)
{
    size_t last = snapshots - 1;
    if (bytes[last] <= bytes[0] || counts[last] <= counts[0])
        return false;
    double whole = (double)(bytes[last] - bytes[0]) / (double)(counts[last] - counts[0]);
    for (size_t i = 1; i <= last; i++) {
        if (bytes[i] <= bytes[i - 1] || counts[i] <= counts[i - 1])
            return false;
        double each = (double)(bytes[i] - bytes[i - 1]) / (double)(counts[i] - counts[i - 1]);
        if (each < whole * 0.8 || each > whole * 1.2)
            return false;
    }
    return true;
}

size_t hs_suspects_in_step(const struct hs_suspects *suspects, size_t which, size_t snapshots)
{
    const struct hs_suspect *suspect = suspects->suspect;
    for (size_t i = 0; snapshots > 2 && i < suspects->count; i++) {
        bool place = suspect[i].kind == HS_SUSPECT_CONTAINER || suspect[i].kind == HS_SUSPECT_THREAD;
        if (i != which && place && keeps_step(suspect[which].sizes, suspect[i].counts, snapshots))
            return i;
    }
    return suspects->count;
}
