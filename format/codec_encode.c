#include "format/codec_internal.h"
#include "format/column.h"

static struct hs_error *check_chunk(const struct hs_shapes *shapes, const struct hs_labels *labels,
                                    const struct hs_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint32_t object = chunk->first + i;
        if (chunk->shape[i] >= shapes->count)
            return hs_error_create(HS_ERROR_CORRUPT, "object %u: shape %u of %u", object, chunk->shape[i],
                                   shapes->count);
        const struct hs_shape *shape = &shapes->shape[chunk->shape[i]];
        if (i > 0 && chunk->address[i] <= chunk->address[i - 1])
            return hs_error_create(HS_ERROR_CORRUPT,
                                   "object %u: its address is not above that of the one before", object);
        if (chunk->generation[i] > HS_GENERATION_UNTRACKED)
            return hs_error_create(HS_ERROR_CORRUPT, "object %u: generation %u", object,
                                   chunk->generation[i]);
        if (chunk->ref_start[i + 1] < chunk->ref_start[i])
            return hs_error_create(HS_ERROR_CORRUPT, "object %u: its references end before they start",
                                   object);
        uint32_t refs = chunk->ref_start[i + 1] - chunk->ref_start[i];
        uint64_t fixed = hs_shape_fixed_refs(shape);
        bool fits = hs_shape_is_variable(shape)
                        ? refs >= fixed && (refs - fixed) % hs_tail_width(shape->tail) == 0
                        : refs == fixed;
        if (!fits)
            return hs_error_create(HS_ERROR_CORRUPT, "object %u: %u references do not fit shape %u", object,
                                   refs, chunk->shape[i]);
        if (shape->tail != HS_TAIL_LABELLED)
            continue;
        for (uint32_t r = chunk->ref_start[i] + shape->fields; r < chunk->ref_start[i + 1]; r++)
            if (!chunk->label || chunk->label[r] >= labels->count)
                return hs_error_create(HS_ERROR_CORRUPT, "object %u: a reference without its label", object);
    }
    if (chunk->count && chunk->ref_start[0] != 0)
        return hs_error_create(HS_ERROR_CORRUPT, "references of a chunk start at %u", chunk->ref_start[0]);
    return NULL;
}

static struct hs_error *encode_shapes(const struct hs_codec *codec, const struct hs_chunk *chunk,
                                      struct hs_buffer *buffer)
{
    struct hs_error *error = hs_buffer_varint(buffer, codec->groups);
    uint32_t expected = 0;
    for (uint32_t g = 0; g < codec->groups && !error; g++) {
        error = hs_buffer_varint(buffer, codec->group[g].shape - expected);
        if (!error)
            error = hs_buffer_varint(buffer, codec->group[g].count);
        expected = codec->group[g].shape + 1;
    }
    if (codec->groups < 2 || error)
        return error;
    error = hs_buffer_reserve(buffer, (size_t)chunk->count * HS_VARINT_BYTES);
    if (error)
        return error;
    uint8_t *at = buffer->data + buffer->bytes;
    for (uint32_t i = 0; i < chunk->count; i++)
        at = hs_varint_put(at, codec->group_of[chunk->shape[i]]);
    buffer->bytes = (size_t)(at - buffer->data);
    return NULL;
}

/* The trailing zero bits that all distances have: 3 or 4 in practice, the alignment of objects. */
static unsigned common_shift(const struct hs_chunk *chunk)
{
    uint64_t all = 0;
    for (uint32_t i = 1; i < chunk->count; i++)
        all |= chunk->address[i] - chunk->address[i - 1];
    return all ? (unsigned)__builtin_ctzll(all) : 0;
}

static void gather(struct hs_codec *codec, const struct group *group, const struct hs_chunk *chunk,
                   enum object_column column, unsigned shift)
{
    const uint32_t *order = codec->order + group->start;
    uint64_t *number = codec->number;
    for (uint32_t i = 0; i < group->count; i++) {
        uint32_t k = order[i];
        switch (column) {
        case COLUMN_DISTANCE:
            number[i] = k + 1 < chunk->count ? (chunk->address[k + 1] - chunk->address[k]) >> shift : 0;
            break;
        case COLUMN_LENGTH:
            number[i] = chunk->length[k] + 1;
            break;
        case COLUMN_SIZE:
            number[i] = chunk->size[k];
            break;
        case COLUMN_REFCOUNT:
            number[i] = chunk->refcount[k];
            break;
        case COLUMN_GENERATION:
            number[i] = chunk->generation[k];
            break;
        default:
            number[i] = chunk->ident[k];
        }
    }
}

static struct hs_error *encode_numbers(struct hs_codec *codec, const struct hs_chunk *chunk,
                                       struct hs_buffer *buffer)
{
    unsigned shift = common_shift(chunk);
    struct hs_error *error = hs_buffer_byte(buffer, (uint8_t)shift);
    if (!error)
        error = hs_buffer_varint(buffer, chunk->address[0]);
    for (int column = 0; column < OBJECT_COLUMNS; column++) {
        for (uint32_t g = 0; g < codec->groups && !error; g++) {
            const struct group *group = &codec->group[g];
            gather(codec, group, chunk, (enum object_column)column, shift);
            if (column == COLUMN_SIZE)
                hs_codec_gather_lengths(codec, group, chunk);
            error = hs_column_put_numbers(buffer, codec->number, column == COLUMN_SIZE ? codec->base : NULL,
                                          group->count);
        }
    }
    return error;
}

/* How many entries each variable tail has: often as many as the object is long. */
static struct hs_error *encode_tails(struct hs_codec *codec, const struct hs_shapes *shapes,
                                     const struct hs_chunk *chunk, struct hs_buffer *buffer)
{
    struct hs_error *error = NULL;
    for (uint32_t g = 0; g < codec->groups && !error; g++) {
        const struct group *group = &codec->group[g];
        const struct hs_shape *shape = &shapes->shape[group->shape];
        if (!hs_shape_is_variable(shape))
            continue;
        const uint32_t *order = codec->order + group->start;
        for (uint32_t i = 0; i < group->count; i++) {
            uint32_t refs = chunk->ref_start[order[i] + 1] - chunk->ref_start[order[i]] - shape->fields;
            codec->number[i] = refs / hs_tail_width(shape->tail);
        }
        hs_codec_gather_lengths(codec, group, chunk);
        error = hs_column_put_numbers(buffer, codec->number, codec->base, group->count);
    }
    return error;
}

struct encode_context {
    const struct hs_chunk *chunk;
    struct hs_buffer *buffer;
};

static struct hs_error *encode_column(struct hs_codec *codec, const struct column *column, void *opaque)
{
    const struct encode_context *context = opaque;
    const struct hs_chunk *chunk = context->chunk;
    size_t count;
    struct hs_error *error = hs_codec_locate(codec, chunk, column, &count);
    if (!error && column->labelled) {
        for (size_t i = 0; i < count; i++)
            codec->number[i] = chunk->label[codec->place[i]];
        error = hs_column_put_numbers(context->buffer, codec->number, NULL, count);
    }
    if (error)
        return error;
    for (size_t i = 0; i < count; i++)
        codec->dst[i] = chunk->dst[codec->place[i]];
    return hs_column_put_refs(context->buffer, codec->dst, codec->src,
                              column->has_sibling ? codec->sibling : NULL, count);
}

static struct hs_error *encode_parts(struct hs_codec *codec, const struct hs_shapes *shapes,
                                     const struct hs_chunk *chunk, struct hs_buffer *objects,
                                     struct hs_buffer *refs)
{
    struct hs_error *error = encode_shapes(codec, chunk, objects);
    if (!error)
        error = encode_numbers(codec, chunk, objects);
    if (!error)
        error = encode_tails(codec, shapes, chunk, objects);
    struct encode_context context = {.chunk = chunk, .buffer = refs};
    return error ? error : hs_codec_each_column(codec, shapes, encode_column, &context);
}

struct hs_error *hs_codec_encode(struct hs_codec *codec, const struct hs_shapes *shapes,
                                 const struct hs_labels *labels, const struct hs_chunk *chunk,
                                 struct hs_buffer *objects, struct hs_buffer *refs)
{
    if (chunk->count == 0 || chunk->count > HS_CHUNK_OBJECTS)
        return hs_error_create(HS_ERROR_CORRUPT, "a chunk of %u objects", chunk->count);
    struct hs_error *error = check_chunk(shapes, labels, chunk);
    if (!error)
        error = hs_codec_group(codec, shapes, chunk);
    if (error)
        return error;
    error = encode_parts(codec, shapes, chunk, objects, refs);
    hs_codec_ungroup(codec);
    return error;
}
