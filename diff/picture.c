#include "diff/picture.h"

#include "query/dominators.h"

#include <stdlib.h>

/* Objects whose ways are followed: enough to find all the ways there are. */
#define OBJECTS_MOST 200000

/* What is made on the way to a picture. */
struct making {
    const struct hs_loaded *last;
    struct hs_sketch sketch;
    struct hs_gather *gather;
    struct hs_dominators *dominators;
};

static void making_deinit(struct making *making)
{
    hs_gather_destroy(making->gather);
    hs_sketch_deinit(&making->sketch);
    hs_dominators_destroy(making->dominators);
}

/* Collects into `ret`, which has room for OBJECTS_MOST, objects at the place of the suspect (or, `below`,
 * instances that hang below it): those that are new, or with `all` whichever there are. */
static size_t find_objects(const struct hs_report *report, uint32_t group, bool below, bool all,
                           uint32_t *ret)
{
    const struct hs_loaded *last = &report->loaded[report->snapshots - 1];
    size_t count = 0;
    uint32_t asked = HS_NO_GROUP;
    bool under = false;
    for (uint32_t object = 0; object < last->graph->nodes && count < OBJECTS_MOST; object++) {
        uint32_t at = last->group[object];
        if (at == HS_NO_GROUP || (at == group) == below ||
            (!all && !hs_compare_is_new(report->compare, object)))
            continue;
        if (below && at != asked)
            under = hs_groups_under(report->groups, at, group) &&
                    hs_draw_kind_of(hs_groups_type(report->groups, at)) == HS_DRAW_INSTANCE;
        asked = at;
        if (!below || under)
            ret[count++] = object;
    }
    return count;
}

/* The ways to what grows, and from there to the new instances that it keeps alive. */
static struct hs_error *add_suspect(const struct hs_report *report, const struct hs_suspect *suspect,
                                    struct making *making)
{
    uint32_t example = suspect->place.example;
    uint32_t group =
        suspect->place.chain.count && example != HS_NO_OBJECT ? making->last->group[example] : HS_NO_GROUP;
    if (group == HS_NO_GROUP)
        return NULL; /* memory that no object accounts for */
    uint32_t *object = malloc(OBJECTS_MOST * sizeof(*object));
    if (!object)
        return &hs_error_memory;
    size_t count = find_objects(report, group, false, false, object);
    if (!count)
        count = find_objects(report, group, false, true, object);
    const uint8_t *fresh = report->compare->is_new;
    struct hs_error *error = hs_gather_ways(making->gather, object, count, fresh, true);
    if (!error) {
        count = find_objects(report, group, true, false, object);
        error = hs_gather_ways(making->gather, object, count, fresh, false);
    }
    free(object);
    return error;
}

static struct hs_error *make(const struct hs_report *report, size_t first, size_t end, struct making *ret)
{
    *ret = (struct making){.last = &report->loaded[report->snapshots - 1]};
    struct hs_error *error = hs_dominators_create(ret->last->graph, &ret->last->roots, &ret->dominators);
    if (!error)
        error = hs_gather_create(ret->last->graph, ret->last->tree, false, &ret->sketch, &ret->gather);
    for (size_t i = first; !error && i < end && i < report->suspects->count; i++)
        error = add_suspect(report, &report->suspects->suspect[i], ret);
    return error;
}

static struct hs_picture picture_of(const struct making *making, const struct hs_picture_budget *budget)
{
    return (struct hs_picture){.reader = making->last->reader,
                               .sketch = &making->sketch,
                               .gather = making->gather,
                               .roots = &making->last->roots,
                               .dominators = making->dominators,
                               .title = "what grows, and what holds it",
                               .direction = HS_DRAW_DOWN,
                               .budget = *budget};
}

struct hs_error *hs_report_picture(const struct hs_report *report, size_t first, size_t end,
                                   const struct hs_picture_budget *budget, enum hs_draw_format format,
                                   struct hs_drawn *ret)
{
    struct making making;
    *ret = (struct hs_drawn){0};
    struct hs_error *error = make(report, first, end, &making);
    if (!error && making.sketch.boxes) {
        struct hs_picture picture = picture_of(&making, budget);
        picture.title = NULL; /* the report says what it is */
        error = hs_picture_render(&picture, format, ret, NULL);
    }
    making_deinit(&making);
    return error;
}

struct hs_error *hs_report_draw(const struct hs_report *report, const char *path,
                                const struct hs_picture_budget *budget, bool overwrite)
{
    if (!report->suspects->count)
        return hs_error_create(HS_ERROR_USAGE, "%s: not drawn, since nothing grows like a leak", path);
    struct making making;
    struct hs_error *error = make(report, 0, HS_PICTURE_SUSPECTS, &making);
    if (!error && !making.sketch.boxes)
        error = hs_error_create(HS_ERROR_USAGE, "%s: not drawn, since no references hold what grows", path);
    if (!error) {
        struct hs_picture picture = picture_of(&making, budget);
        error = hs_picture_write(&picture, path, overwrite, NULL);
    }
    making_deinit(&making);
    return error;
}
