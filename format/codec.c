/* Objects of one shape look alike, so columns run over the objects of one shape at a time. */
#include "format/codec_internal.h"

#include <stdlib.h>

static struct hs_error *reserve_shapes(struct hs_codec *codec, uint32_t shapes)
{
    if (shapes <= codec->shapes_capacity)
        return NULL;
    uint32_t *group_of = realloc(codec->group_of, (size_t)shapes * sizeof(*group_of));
    if (!group_of)
        return &hs_error_memory;
    for (uint32_t i = codec->shapes_capacity; i < shapes; i++)
        group_of[i] = HS_NO_GROUP;
    codec->group_of = group_of;
    codec->shapes_capacity = shapes;
    return NULL;
}

static void free_columns(struct hs_codec *codec)
{
    free(codec->number);
    free(codec->base);
    free(codec->place);
    free(codec->src);
    free(codec->dst);
    free(codec->sibling);
    codec->number = codec->base = NULL;
    codec->place = codec->src = codec->dst = codec->sibling = NULL;
    codec->capacity = 0;
}

static struct hs_error *reserve_columns(struct hs_codec *codec, size_t count)
{
    if (count <= codec->capacity)
        return NULL;
    free_columns(codec);
    codec->number = malloc(count * sizeof(*codec->number));
    codec->base = malloc(count * sizeof(*codec->base));
    codec->place = malloc(count * sizeof(*codec->place));
    codec->src = malloc(count * sizeof(*codec->src));
    codec->dst = malloc(count * sizeof(*codec->dst));
    codec->sibling = malloc(count * sizeof(*codec->sibling));
    if (!codec->number || !codec->base || !codec->place || !codec->src || !codec->dst || !codec->sibling) {
        free_columns(codec);
        return &hs_error_memory;
    }
    codec->capacity = count;
    return NULL;
}

struct hs_error *hs_codec_create(struct hs_codec **ret)
{
    struct hs_codec *codec = calloc(1, sizeof(*codec));
    if (!codec)
        return &hs_error_memory;
    struct hs_error *error = reserve_columns(codec, HS_CHUNK_OBJECTS);
    if (error) {
        free(codec);
        return error;
    }
    *ret = codec;
    return NULL;
}

void hs_codec_destroy(struct hs_codec *codec)
{
    if (!codec)
        return;
    free_columns(codec);
    free(codec->group_of);
    free(codec);
}

static int compare_groups(const void *left, const void *right)
{
    uint32_t a = ((const struct group *)left)->shape;
    uint32_t b = ((const struct group *)right)->shape;
    return a < b ? -1 : a > b;
}

struct hs_error *hs_codec_group(struct hs_codec *codec, const struct hs_shapes *shapes,
                                const struct hs_chunk *chunk)
{
    struct hs_error *error = reserve_shapes(codec, shapes->count);
    if (error)
        return error;
    codec->groups = 0;
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint32_t shape = chunk->shape[i];
        if (codec->group_of[shape] == HS_NO_GROUP) {
            codec->group_of[shape] = codec->groups;
            codec->group[codec->groups++] = (struct group){.shape = shape};
        }
        codec->group[codec->group_of[shape]].count++;
    }
    qsort(codec->group, codec->groups, sizeof(*codec->group), compare_groups);
    uint32_t start = 0;
    for (uint32_t g = 0; g < codec->groups; g++) {
        struct group *group = &codec->group[g];
        codec->group_of[group->shape] = g;
        group->start = start;
        start += group->count;
        group->count = 0;
    }
    for (uint32_t i = 0; i < chunk->count; i++) {
        struct group *group = &codec->group[codec->group_of[chunk->shape[i]]];
        codec->order[group->start + group->count++] = i;
    }
    return NULL;
}

void hs_codec_ungroup(struct hs_codec *codec)
{
    for (uint32_t g = 0; g < codec->groups; g++)
        codec->group_of[codec->group[g].shape] = HS_NO_GROUP;
}

void hs_codec_gather_lengths(struct hs_codec *codec, const struct group *group, const struct hs_chunk *chunk)
{
    const uint32_t *order = codec->order + group->start;
    for (uint32_t i = 0; i < group->count; i++) {
        uint64_t length = chunk->length[order[i]];
        codec->base[i] = length == HS_NO_LENGTH ? 0 : length;
    }
}

struct hs_error *hs_codec_locate(struct hs_codec *codec, const struct hs_chunk *chunk,
                                 const struct column *column, size_t *ret)
{
    const uint32_t *order = codec->order + column->group->start;
    uint32_t objects = column->group->count;
    size_t count = objects;
    if (column->to_end) {
        count = 0;
        for (uint32_t i = 0; i < objects; i++)
            count += chunk->ref_start[order[i] + 1] - chunk->ref_start[order[i]];
    }
    struct hs_error *error = reserve_columns(codec, count);
    if (error)
        return error;
    size_t n = 0;
    for (uint32_t i = 0; i < objects; i++) {
        uint32_t at = chunk->ref_start[order[i]] + column->offset;
        uint32_t end = column->to_end ? chunk->ref_start[order[i] + 1] : at + 1;
        for (; at < end; at += column->step) {
            codec->place[n] = at;
            codec->src[n++] = chunk->first + order[i];
        }
    }
    *ret = n;
    return NULL;
}

/* Lets the action work on a column, and makes it the sibling of the next. Columns of one group that are
 * siblings are equally long, so scratch memory does not move between them. */
static struct hs_error *run_column(struct hs_codec *codec, struct column *column, hs_column_action *action,
                                   void *context)
{
    struct hs_error *error = action(codec, column, context);
    uint32_t *done = codec->dst;
    codec->dst = codec->sibling;
    codec->sibling = done;
    column->has_sibling = true;
    return error;
}

static struct hs_error *group_columns(struct hs_codec *codec, const struct hs_shape *shape,
                                      const struct group *group, hs_column_action *action, void *context)
{
    struct hs_error *error = NULL;
    struct column column = {.group = group, .step = 1};
    bool by_position =
        shape->tail != HS_TAIL_NONE && shape->tail != HS_TAIL_LABELLED && !hs_shape_is_variable(shape);
    uint32_t positions = shape->fields + (by_position ? shape->tail_refs : 0);
    for (; column.offset < positions && !error; column.offset++)
        error = run_column(codec, &column, action, context);
    if (shape->tail == HS_TAIL_NONE || by_position)
        return error;
    column.to_end = true;
    column.labelled = shape->tail == HS_TAIL_LABELLED;
    column.has_sibling = false;
    column.step = hs_tail_width(shape->tail);
    for (uint32_t i = 0; i < column.step && !error; i++) {
        column.offset = shape->fields + i;
        error = run_column(codec, &column, action, context);
    }
    return error;
}

struct hs_error *hs_codec_each_column(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      hs_column_action *action, void *context)
{
    struct hs_error *error = NULL;
    for (uint32_t g = 0; g < codec->groups && !error; g++) {
        const struct group *group = &codec->group[g];
        error = group_columns(codec, &shapes->shape[group->shape], group, action, context);
    }
    return error;
}

bool hs_codec_has_labels(const struct hs_shapes *shapes, const struct hs_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->count; i++)
        if (shapes->shape[chunk->shape[i]].tail == HS_TAIL_LABELLED)
            return true;
    return false;
}
