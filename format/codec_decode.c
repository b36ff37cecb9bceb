#include "format/codec_internal.h"
#include "format/column.h"

/* Reads the list of groups; `group_of` is not touched. */
static struct hs_error *decode_groups(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      struct hs_cursor *cursor, uint32_t objects)
{
    uint64_t groups;
    struct hs_error *error = hs_cursor_varint_max(cursor, objects, "the count of shapes", &groups);
    uint64_t expected = 0;
    uint64_t start = 0;
    for (uint64_t g = 0; g < groups && !error; g++) {
        uint64_t skipped = 0;
        uint64_t count = 0;
        error = hs_cursor_varint_max(cursor, UINT32_MAX, "a shape", &skipped);
        if (!error)
            error = hs_cursor_varint_max(cursor, objects - start, "the count of objects of a shape", &count);
        if (error)
            return error;
        if (expected + skipped >= shapes->count)
            return hs_cursor_error(cursor, "shape %llu of %u", (unsigned long long)(expected + skipped),
                                   shapes->count);
        if (count == 0)
            return hs_cursor_error(cursor, "a shape without objects");
        codec->group[g] = (struct group){
            .shape = (uint32_t)(expected + skipped), .start = (uint32_t)start, .count = (uint32_t)count};
        expected += skipped + 1;
        start += count;
    }
    if (!error && start != objects)
        return hs_cursor_error(cursor, "shapes of %llu objects, but the chunk has %u",
                               (unsigned long long)start, objects);
    if (!error)
        codec->groups = (uint32_t)groups;
    return error;
}

static struct hs_error *decode_shapes(struct hs_codec *codec, struct hs_cursor *cursor,
                                      struct hs_chunk *chunk)
{
    uint32_t seen[HS_CHUNK_OBJECTS];
    memset(seen, 0, codec->groups * sizeof(*seen));
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint64_t g = 0;
        struct hs_error *error = codec->groups < 2 ? NULL : hs_cursor_varint(cursor, &g);
        if (error)
            return error;
        if (g >= codec->groups || seen[g] == codec->group[g].count)
            return hs_cursor_error(cursor, "object %u is not one of the shapes' objects", chunk->first + i);
        codec->order[codec->group[g].start + seen[g]++] = i;
        chunk->shape[i] = codec->group[g].shape;
    }
    return NULL;
}

static struct hs_error *scatter(const struct hs_codec *codec, const struct group *group,
                                const struct hs_cursor *cursor, enum object_column column,
                                struct hs_chunk *chunk)
{
    const uint32_t *order = codec->order + group->start;
    const uint64_t *number = codec->number;
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t k = order[i];
        switch (column) {
        case COLUMN_DISTANCE:
            chunk->address[k] = number[i];
            break;
        case COLUMN_LENGTH:
            chunk->length[k] = number[i] - 1;
            break;
        case COLUMN_SIZE:
            chunk->size[k] = number[i];
            break;
        case COLUMN_REFCOUNT:
            chunk->refcount[k] = number[i];
            break;
        case COLUMN_GENERATION:
            if (number[i] > HS_GENERATION_UNTRACKED)
                return hs_cursor_error(cursor, "an object of generation %llu", (unsigned long long)number[i]);
            chunk->generation[k] = (uint8_t)number[i];
            break;
        default:
            if (number[i] > UINT16_MAX)
                return hs_cursor_error(cursor, "an ident of more than 16 bits");
            chunk->ident[k] = (uint16_t)number[i];
        }
    }
    return NULL;
}

/* Turns distances, which address holds, into addresses. */
static struct hs_error *add_distances(const struct hs_cursor *cursor, uint64_t first, unsigned shift,
                                      struct hs_chunk *chunk)
{
    uint64_t address = first;
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint64_t distance = chunk->address[i];
        chunk->address[i] = address;
        bool last = i + 1 == chunk->count;
        if ((distance == 0) != last || distance > (INT64_MAX - address) >> shift)
            return hs_cursor_error(cursor, "the address of object %u is out of order", chunk->first + i);
        address += distance << shift;
    }
    return NULL;
}

static struct hs_error *decode_numbers(struct hs_codec *codec, struct hs_cursor *cursor,
                                       struct hs_chunk *chunk)
{
    uint8_t shift = 0;
    uint64_t first = 0;
    struct hs_error *error = hs_cursor_byte(cursor, &shift);
    if (!error && shift > 63)
        error = hs_cursor_error(cursor, "addresses shifted by %u", shift);
    if (!error)
        error = hs_cursor_varint_max(cursor, INT64_MAX, "an address", &first);
    for (int column = 0; column < OBJECT_COLUMNS && !error; column++) {
        for (uint32_t g = 0; g < codec->groups && !error; g++) {
            const struct group *group = &codec->group[g];
            if (column == COLUMN_SIZE)
                hs_codec_gather_lengths(codec, group, chunk);
            error = hs_column_get_numbers(cursor, codec->number, column == COLUMN_SIZE ? codec->base : NULL,
                                          group->count);
            if (!error)
                error = scatter(codec, group, cursor, (enum object_column)column, chunk);
        }
    }
    return error ? error : add_distances(cursor, first, shift, chunk);
}

/* Puts the number of references of each object in ref_start[i + 1]; `refs` is what is left of those the chunk
 * may have. */
static struct hs_error *decode_counts(struct hs_codec *codec, const struct hs_shapes *shapes, uint64_t refs,
                                      struct hs_cursor *cursor, struct hs_chunk *chunk)
{
    for (uint32_t g = 0; g < codec->groups; g++) {
        const struct group *group = &codec->group[g];
        const struct hs_shape *shape = &shapes->shape[group->shape];
        uint64_t fixed = hs_shape_fixed_refs(shape);
        bool variable = hs_shape_is_variable(shape);
        if (variable) {
            hs_codec_gather_lengths(codec, group, chunk);
            struct hs_error *error = hs_column_get_numbers(cursor, codec->number, codec->base, group->count);
            if (error)
                return error;
        }
        for (uint32_t i = 0; i < group->count; i++) {
            uint64_t entries = variable ? codec->number[i] : 0;
            /* Compared before it is multiplied: so nothing overflows. */
            if (fixed > refs || entries > (refs - fixed) / hs_tail_width(shape->tail))
                return hs_cursor_error(cursor, "more references than the chunk has");
            uint64_t count = fixed + entries * hs_tail_width(shape->tail);
            chunk->ref_start[codec->order[group->start + i] + 1] = (uint32_t)count;
            refs -= count;
        }
    }
    if (refs)
        return hs_cursor_error(cursor, "%llu references fewer than the chunk has", (unsigned long long)refs);
    chunk->ref_start[0] = 0;
    for (uint32_t i = 0; i < chunk->count; i++)
        chunk->ref_start[i + 1] += chunk->ref_start[i];
    return NULL;
}

struct hs_error *hs_codec_decode_objects(struct hs_codec *codec, const struct hs_shapes *shapes,
                                         uint64_t refs, struct hs_cursor *cursor, struct hs_chunk *chunk)
{
    struct hs_error *error = decode_groups(codec, shapes, cursor, chunk->count);
    if (!error)
        error = decode_shapes(codec, cursor, chunk);
    if (!error)
        error = decode_numbers(codec, cursor, chunk);
    if (!error)
        error = decode_counts(codec, shapes, refs, cursor, chunk);
    return error ? error : hs_cursor_finish(cursor);
}

struct decode_context {
    uint32_t labels;
    uint32_t objects;
    struct hs_cursor *cursor;
    struct hs_chunk *chunk;
};

static struct hs_error *decode_labels(struct hs_codec *codec, const struct decode_context *context,
                                      size_t count)
{
    struct hs_error *error = hs_column_get_numbers(context->cursor, codec->number, NULL, count);
    for (size_t i = 0; i < count && !error; i++) {
        if (codec->number[i] >= context->labels)
            error = hs_cursor_error(context->cursor, "label %llu of %u", (unsigned long long)codec->number[i],
                                    context->labels);
        else
            context->chunk->label[codec->place[i]] = (uint32_t)codec->number[i];
    }
    return error;
}

static struct hs_error *decode_column(struct hs_codec *codec, const struct column *column, void *opaque)
{
    const struct decode_context *context = opaque;
    struct hs_chunk *chunk = context->chunk;
    size_t count;
    struct hs_error *error = hs_codec_locate(codec, chunk, column, &count);
    if (!error && column->labelled)
        error = decode_labels(codec, context, count);
    if (!error)
        error = hs_column_get_refs(context->cursor, codec->dst, codec->src,
                                   column->has_sibling ? codec->sibling : NULL, count, context->objects);
    for (size_t i = 0; i < count && !error; i++)
        chunk->dst[codec->place[i]] = codec->dst[i];
    return error;
}

struct hs_error *hs_codec_decode_refs(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      const struct hs_labels *labels, uint32_t objects,
                                      struct hs_cursor *cursor, struct hs_chunk *chunk)
{
    struct hs_error *error = hs_codec_group(codec, shapes, chunk);
    if (error)
        return error;
    uint32_t refs = chunk->ref_start[chunk->count];
    for (uint32_t i = 0; chunk->label && i < refs; i++)
        chunk->label[i] = HS_NO_LABEL;
    struct decode_context context = {
        .labels = labels->count, .objects = objects, .cursor = cursor, .chunk = chunk};
    error = hs_codec_each_column(codec, shapes, decode_column, &context);
    hs_codec_ungroup(codec);
    return error ? error : hs_cursor_finish(cursor);
}
