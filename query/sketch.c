#include "query/sketch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hs_sketch_deinit(struct hs_sketch *sketch)
{
    for (size_t i = 0; i < sketch->arrows; i++) {
        free(sketch->arrow[i].exact);
        free(sketch->arrow[i].label);
    }
    free(sketch->arrow);
    free(sketch->box);
    *sketch = (struct hs_sketch){0};
}

struct hs_error *hs_sketch_copy(const struct hs_sketch *from, struct hs_sketch *ret)
{
    *ret = (struct hs_sketch){.forward = from->forward};
    ret->box = malloc((from->boxes + 1) * sizeof(*ret->box));
    ret->arrow = calloc(from->arrows + 1, sizeof(*ret->arrow));
    if (!ret->box || !ret->arrow)
        return &hs_error_memory;
    ret->boxes_room = from->boxes + 1;
    ret->arrows_room = from->arrows + 1;
    if (from->boxes)
        memcpy(ret->box, from->box, from->boxes * sizeof(*ret->box));
    ret->boxes = from->boxes;
    for (size_t i = 0; i < from->arrows; i++) {
        struct hs_sketch_arrow *arrow = &ret->arrow[ret->arrows++];
        *arrow = from->arrow[i];
        arrow->exact = strdup(from->arrow[i].exact);
        arrow->label = strdup(from->arrow[i].label);
        if (!arrow->exact || !arrow->label)
            return &hs_error_memory;
    }
    return NULL;
}

/* Makes room for one more of `size` bytes. */
static bool reserve(void **array, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room ? *room * 2 : 64;
    void *grown = realloc(*array, more * size);
    if (!grown)
        return false;
    *array = grown;
    *room = more;
    return true;
}

struct hs_error *hs_sketch_add(struct hs_sketch *sketch, const struct hs_sketch_box *box, uint32_t *ret)
{
    void *boxes = sketch->box;
    if (!reserve(&boxes, sketch->boxes, &sketch->boxes_room, sizeof(*sketch->box)))
        return &hs_error_memory;
    sketch->box = boxes;
    *ret = (uint32_t)sketch->boxes;
    sketch->box[sketch->boxes++] = *box;
    return NULL;
}

static bool is_drawn(const struct hs_sketch *sketch, const struct hs_sketch_arrow *arrow)
{
    return arrow->count && !sketch->box[arrow->src].gone && !sketch->box[arrow->dst].gone;
}

static struct hs_sketch_arrow *find(struct hs_sketch *sketch, uint32_t src, uint32_t dst, const char *exact)
{
    for (size_t i = sketch->arrows; i-- > 0;) {
        struct hs_sketch_arrow *arrow = &sketch->arrow[i];
        if (arrow->src == src && arrow->dst == dst && is_drawn(sketch, arrow) &&
            (!exact || !strcmp(arrow->exact, exact)))
            return arrow;
    }
    return NULL;
}

/* ".a" becomes ".a, .b" with a second label, and stays that with a third. */
static struct hs_error *add_label(struct hs_sketch_arrow *arrow, const char *label)
{
    size_t bytes = strlen(label);
    const char *second = arrow->labels > 1 ? strstr(arrow->label, ", ") : NULL;
    if (!strncmp(arrow->label, label, bytes) && (!arrow->label[bytes] || arrow->label[bytes] == ','))
        return NULL;
    if (second && !strcmp(second + 2, label))
        return NULL;
    if (arrow->labels == 1) {
        char *both;
        if (asprintf(&both, "%s, %s", arrow->label, label) < 0)
            return &hs_error_memory;
        free(arrow->label);
        arrow->label = both;
    }
    arrow->labels = arrow->labels < 3 ? arrow->labels + 1 : 3;
    return NULL;
}

static struct hs_error *new_arrow(struct hs_sketch *sketch, const struct hs_sketch_arrow *arrow,
                                  const char *exact, const char *label)
{
    void *arrows = sketch->arrow;
    if (!reserve(&arrows, sketch->arrows, &sketch->arrows_room, sizeof(*sketch->arrow)))
        return &hs_error_memory;
    sketch->arrow = arrows;
    char *copy = strdup(exact), *other = strdup(label);
    if (!copy || !other) {
        free(copy);
        free(other);
        return &hs_error_memory;
    }
    struct hs_sketch_arrow *made = &sketch->arrow[sketch->arrows++];
    *made = *arrow;
    made->exact = copy;
    made->label = other;
    return NULL;
}

struct hs_error *hs_sketch_refer(struct hs_sketch *sketch, uint32_t src, uint32_t dst,
                                 const struct hs_sketch_label *label, bool apart)
{
    struct hs_sketch_arrow *arrow = find(sketch, src, dst, apart ? label->exact : NULL);
    if (!arrow)
        return new_arrow(sketch,
                         &(struct hs_sketch_arrow){.src = src,
                                                   .dst = dst,
                                                   .count = 1,
                                                   .labels = 1,
                                                   .owning = label->owning,
                                                   .main = label->main},
                         label->exact, label->folded);
    arrow->count++;
    arrow->owning |= label->owning;
    arrow->main |= label->main;
    return add_label(arrow, label->folded);
}

struct hs_error *hs_sketch_skip(struct hs_sketch *sketch, uint32_t src, uint32_t dst, uint64_t through)
{
    return new_arrow(sketch,
                     &(struct hs_sketch_arrow){.src = src,
                                               .dst = dst,
                                               .count = 1,
                                               .labels = 1,
                                               .through = through,
                                               .owning = true,
                                               .main = true,
                                               .skip = true},
                     "", "");
}

size_t hs_sketch_drawn(const struct hs_sketch *sketch)
{
    size_t drawn = 0;
    for (size_t i = 0; i < sketch->boxes; i++)
        drawn += !sketch->box[i].gone;
    return drawn;
}

/* How a box hangs in the picture. */
struct ends {
    uint32_t in, out; /* arrows */
    struct hs_sketch_arrow *first_in, *first_out;
};

static struct ends *find_ends(struct hs_sketch *sketch)
{
    struct ends *ends = calloc(sketch->boxes + 1, sizeof(*ends));
    for (size_t i = 0; ends && i < sketch->arrows; i++) {
        struct hs_sketch_arrow *arrow = &sketch->arrow[i];
        if (!is_drawn(sketch, arrow))
            continue;
        ends[arrow->dst].in++;
        ends[arrow->dst].first_in = arrow;
        ends[arrow->src].out++;
        ends[arrow->src].first_out = arrow;
    }
    return ends;
}

/* The two arrows of a box that goes become one: `in` carries on as it, `out` stands for nothing any more. */
static struct hs_error *join(struct hs_sketch_arrow *in, struct hs_sketch_arrow *out)
{
    char *exact = NULL, *label = NULL;
    const char *first = in->count == 1 ? in->exact : in->label,
               *then = out->count == 1 ? out->exact : out->label;
    if (asprintf(&exact, "%s%s", in->exact, out->exact) < 0)
        exact = NULL;
    if (asprintf(&label, "%s%s", first, then) < 0)
        label = NULL;
    if (!exact || !label) {
        free(exact);
        free(label);
        return &hs_error_memory;
    }
    free(in->exact);
    free(in->label);
    in->exact = exact;
    in->label = label;
    in->dst = out->dst;
    in->through += 1 + out->through;
    in->count = in->count > out->count ? in->count : out->count;
    in->labels = 1;
    in->owning &= out->owning;
    out->count = 0;
    return NULL;
}

static bool only_passes_on(const struct hs_sketch_box *box, const struct ends *ends, enum hs_plumbing most)
{
    return box->plumbing && box->plumbing <= most && !box->gone && !box->target && !box->more &&
           !box->inside && ends->in == 1 && ends->out == 1 && !ends->first_in->skip &&
           !ends->first_out->skip && ends->first_in->labels == 1 && ends->first_out->labels == 1 &&
           ends->first_in->main == ends->first_out->main && ends->first_in->src != ends->first_out->dst;
}

struct hs_error *hs_sketch_fold(struct hs_sketch *sketch, enum hs_plumbing most, bool main)
{
    struct ends *ends = find_ends(sketch);
    struct hs_error *error = ends ? NULL : &hs_error_memory;
    for (size_t i = 0; i < sketch->boxes && !error; i++) {
        if (!only_passes_on(&sketch->box[i], &ends[i], most) || (sketch->box[i].main && !main))
            continue;
        struct hs_sketch_arrow *in = ends[i].first_in, *out = ends[i].first_out;
        error = join(in, out);
        sketch->box[i].gone = true;
        if (ends[in->dst].first_in == out)
            ends[in->dst].first_in = in;
    }
    free(ends);
    return error;
}

/* Takes a box out; the references that go with it count as not drawn. */
static void leave_out(struct hs_sketch *sketch, uint32_t box)
{
    for (size_t i = 0; i < sketch->arrows; i++) {
        struct hs_sketch_arrow *arrow = &sketch->arrow[i];
        if ((arrow->src != box && arrow->dst != box) || !is_drawn(sketch, arrow))
            continue;
        uint32_t at = sketch->forward ? arrow->src : arrow->dst;
        if (at != box)
            sketch->box[at].more += arrow->count;
    }
    sketch->box[box].gone = true;
}

/* What goes first: not on the way, farthest, last found. */
static uint32_t find_least(const struct hs_sketch *sketch)
{
    uint32_t least = HS_NO_BOX;
    for (uint32_t i = 0; i < sketch->boxes; i++) {
        const struct hs_sketch_box *box = &sketch->box[i];
        if (box->gone || box->main)
            continue;
        if (least == HS_NO_BOX || box->level >= sketch->box[least].level)
            least = i;
    }
    return least;
}

/* The boxes of the main way in its order, from its start; for a way that has no start or forks, as far as it
 * is one. `way` has room for all. */
static size_t find_way(struct hs_sketch *sketch, struct hs_sketch_arrow **way)
{
    uint32_t at = HS_NO_BOX;
    for (uint32_t i = 0; i < sketch->boxes && at == HS_NO_BOX; i++) {
        bool held = false;
        for (size_t j = 0; j < sketch->arrows; j++)
            held |= sketch->arrow[j].main && sketch->arrow[j].dst == i && is_drawn(sketch, &sketch->arrow[j]);
        if (sketch->box[i].main && !sketch->box[i].gone && !held)
            at = i;
    }
    size_t steps = 0;
    while (at != HS_NO_BOX && steps < sketch->arrows) {
        struct hs_sketch_arrow *next = NULL;
        size_t ways = 0;
        for (size_t j = 0; j < sketch->arrows; j++) {
            struct hs_sketch_arrow *arrow = &sketch->arrow[j];
            if (arrow->main && arrow->src == at && arrow->dst != at && is_drawn(sketch, arrow)) {
                next = arrow;
                ways++;
            }
        }
        if (ways != 1)
            break;
        way[steps++] = next;
        at = next->dst;
    }
    return steps;
}

/* Leaves `out` boxes out of the middle of the main way; the arrow that stands for them accounts for its
 * steps. */
static struct hs_error *shorten(struct hs_sketch *sketch, size_t out)
{
    struct hs_sketch_arrow **way = malloc((sketch->arrows + 1) * sizeof(struct hs_sketch_arrow *));
    if (!way)
        return &hs_error_memory;
    size_t steps = find_way(sketch, way);
    /* Between `steps` arrows there are one box less; both ends stay. */
    if (steps < 2 || !out) {
        free(way);
        return NULL;
    }
    if (out > steps - 1)
        out = steps - 1;
    size_t first = (steps - 1 - out) / 2 + ((steps - 1 - out) & 1);
    uint32_t src = way[first]->src, dst = way[first + out]->dst;
    uint64_t through = out;
    for (size_t i = first; i <= first + out; i++) {
        through += way[i]->through;
        way[i]->count = 0;
    }
    for (size_t i = first + 1; i <= first + out; i++)
        leave_out(sketch, way[i]->src);
    free(way);
    return hs_sketch_skip(sketch, src, dst, through);
}

/* Leaves out what is not on the main way, until there are `budget` boxes or no more such. */
static size_t thin_out(struct hs_sketch *sketch, size_t budget)
{
    size_t drawn = hs_sketch_drawn(sketch);
    for (uint32_t least; drawn > budget && (least = find_least(sketch)) != HS_NO_BOX; drawn--)
        leave_out(sketch, least);
    return drawn;
}

struct hs_error *hs_sketch_fit(struct hs_sketch *sketch, size_t budget)
{
    struct hs_error *error = NULL;
    if (hs_sketch_drawn(sketch) > budget)
        error = hs_sketch_fold(sketch, HS_PLUMBING_TIGHT, false);
    if (!error && thin_out(sketch, budget) > budget)
        error = hs_sketch_fold(sketch, HS_PLUMBING_TIGHT, true);
    size_t drawn = hs_sketch_drawn(sketch);
    return !error && drawn > budget ? shorten(sketch, drawn - budget) : error;
}
