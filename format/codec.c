/* Objects of one shape look alike, so columns run over the objects of one shape at a time: the groups, in
 * ascending order of shape; within a group objects keep the order of their ids.
 */
#include "format/codec.h"

#include "format/column.h"

#include <stdlib.h>

#define NO_GROUP UINT32_MAX

struct group {
    uint32_t shape;
    uint32_t start; /* in order */
    uint32_t count;
};

struct hs_codec {
    struct group group[HS_CHUNK_OBJECTS];
    uint32_t groups;
    uint32_t order[HS_CHUNK_OBJECTS]; /* indexes of objects, group by group */
    uint32_t *group_of; /* [shapes_capacity] group of a shape, NO_GROUP outside of group_objects() */
    uint32_t shapes_capacity;

    /* Columns in the order of groups; as long as a chunk, or the longest column of references. */
    size_t capacity;
    uint64_t *number;
    uint64_t *base;
    uint32_t *dst;
    uint32_t *src;
};

static struct hs_error *reserve_shapes(struct hs_codec *codec, uint32_t shapes)
{
    if (shapes <= codec->shapes_capacity)
        return NULL;
    uint32_t *group_of = realloc(codec->group_of, (size_t)shapes * sizeof(*group_of));
    if (!group_of)
        return &hs_error_memory;
    for (uint32_t i = codec->shapes_capacity; i < shapes; i++)
        group_of[i] = NO_GROUP;
    codec->group_of = group_of;
    codec->shapes_capacity = shapes;
    return NULL;
}

static void free_columns(struct hs_codec *codec)
{
    free(codec->number);
    free(codec->base);
    free(codec->dst);
    free(codec->src);
    codec->number = codec->base = NULL;
    codec->dst = codec->src = NULL;
    codec->capacity = 0;
}

static struct hs_error *reserve_columns(struct hs_codec *codec, size_t count)
{
    if (count <= codec->capacity)
        return NULL;
    free_columns(codec);
    codec->number = malloc(count * sizeof(*codec->number));
    codec->base = malloc(count * sizeof(*codec->base));
    codec->dst = malloc(count * sizeof(*codec->dst));
    codec->src = malloc(count * sizeof(*codec->src));
    if (!codec->number || !codec->base || !codec->dst || !codec->src) {
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

/* Forms the groups of a chunk from its shapes, which are valid. */
static struct hs_error *group_objects(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      const struct hs_chunk *chunk)
{
    struct hs_error *error = reserve_shapes(codec, shapes->count);
    if (error)
        return error;
    codec->groups = 0;
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint32_t shape = chunk->shape[i];
        if (codec->group_of[shape] == NO_GROUP) {
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

/* group_of is used while the column of shapes is coded and must be clean for the next chunk. */
static void forget_groups(struct hs_codec *codec)
{
    for (uint32_t g = 0; g < codec->groups; g++)
        codec->group_of[codec->group[g].shape] = NO_GROUP;
}

/* Objects' columns. Each is 64 bits in scratch memory, whatever it is in the chunk. */
enum object_column {
    COLUMN_LENGTH,
    COLUMN_SIZE,
    COLUMN_REFCOUNT,
    COLUMN_GENERATION,
    COLUMN_IDENT,
    OBJECT_COLUMNS
};

static void gather(const struct hs_codec *codec, const struct group *group, const struct hs_chunk *chunk,
                   enum object_column column, uint64_t *ret)
{
    const uint32_t *order = codec->order + group->start;
    for (uint32_t i = 0; i < group->count; i++) {
        switch (column) {
        case COLUMN_LENGTH: /* HS_NO_LENGTH becomes 0 */
            ret[i] = chunk->length[order[i]] + 1;
            break;
        case COLUMN_SIZE:
            ret[i] = chunk->size[order[i]];
            break;
        case COLUMN_REFCOUNT:
            ret[i] = chunk->refcount[order[i]];
            break;
        case COLUMN_GENERATION:
            ret[i] = chunk->generation[order[i]];
            break;
        default:
            ret[i] = chunk->ident[order[i]];
        }
    }
}

static struct hs_error *scatter(const struct hs_codec *codec, const struct group *group,
                                const struct hs_cursor *cursor, enum object_column column,
                                const uint64_t *number, struct hs_chunk *chunk)
{
    const uint32_t *order = codec->order + group->start;
    for (uint32_t i = 0; i < group->count; i++) {
        switch (column) {
        case COLUMN_LENGTH:
            chunk->length[order[i]] = number[i] - 1;
            break;
        case COLUMN_SIZE:
            chunk->size[order[i]] = number[i];
            break;
        case COLUMN_REFCOUNT:
            chunk->refcount[order[i]] = number[i];
            break;
        case COLUMN_GENERATION:
            if (number[i] > HS_GENERATION_UNTRACKED)
                return hs_cursor_error(cursor, "an object of generation %llu", (unsigned long long)number[i]);
            chunk->generation[order[i]] = (uint8_t)number[i];
            break;
        default:
            if (number[i] > UINT16_MAX)
                return hs_cursor_error(cursor, "an ident of more than 16 bits");
            chunk->ident[order[i]] = (uint16_t)number[i];
        }
    }
    return NULL;
}

/* Lengths as the base that sizes and counts are predicted from: 0 where an object has none. */
static void gather_lengths(const struct hs_codec *codec, const struct group *group,
                           const struct hs_chunk *chunk, uint64_t *ret)
{
    const uint32_t *order = codec->order + group->start;
    for (uint32_t i = 0; i < group->count; i++) {
        uint64_t length = chunk->length[order[i]];
        ret[i] = length == HS_NO_LENGTH ? 0 : length;
    }
}

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

static struct hs_error *encode_addresses(const struct hs_chunk *chunk, struct hs_buffer *buffer)
{
    uint64_t all = 0;
    for (uint32_t i = 1; i < chunk->count; i++)
        all |= chunk->address[i] - chunk->address[i - 1];
    /* What is common to all the distances; in practice 3 or 4, the alignment of objects. */
    unsigned shift = all ? (unsigned)__builtin_ctzll(all) : 0;
    struct hs_error *error = hs_buffer_reserve(buffer, 1 + (size_t)chunk->count * HS_VARINT_BYTES);
    if (error)
        return error;
    buffer->data[buffer->bytes++] = (uint8_t)shift;
    uint8_t *at = hs_varint_put(buffer->data + buffer->bytes, chunk->address[0]);
    for (uint32_t i = 1; i < chunk->count; i++)
        at = hs_varint_put(at, (chunk->address[i] - chunk->address[i - 1]) >> shift);
    buffer->bytes = (size_t)(at - buffer->data);
    return NULL;
}

static struct hs_error *encode_numbers(struct hs_codec *codec, const struct hs_chunk *chunk,
                                       struct hs_buffer *buffer)
{
    struct hs_error *error = NULL;
    for (int column = 0; column < OBJECT_COLUMNS; column++) {
        for (uint32_t g = 0; g < codec->groups && !error; g++) {
            const struct group *group = &codec->group[g];
            gather(codec, group, chunk, (enum object_column)column, codec->number);
            if (column == COLUMN_SIZE)
                gather_lengths(codec, group, chunk, codec->base);
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
        gather_lengths(codec, group, chunk, codec->base);
        error = hs_column_put_numbers(buffer, codec->number, codec->base, group->count);
    }
    return error;
}

/* Where a column of references lies in the chunk: for each object of the group, every `step`th from `offset`
 * to the end of its references if `to_end`, else the one at `offset`. */
struct column {
    const struct group *group;
    uint32_t offset;
    uint32_t step;
    bool to_end;
};

/* Collects the indexes in dst of a column in scratch memory (in codec->dst; whoever decodes overwrites them
 * one by one), and the holders in codec->src. */
static struct hs_error *locate(struct hs_codec *codec, const struct hs_chunk *chunk,
                               const struct column *column, size_t *ret)
{
    const uint32_t *order = codec->order + column->group->start;
    uint32_t objects = column->group->count;
    size_t count = objects;
    if (column->to_end) {
        uint64_t refs = 0;
        for (uint32_t i = 0; i < objects; i++)
            refs += chunk->ref_start[order[i] + 1] - chunk->ref_start[order[i]];
        count = refs;
    }
    struct hs_error *error = reserve_columns(codec, count);
    if (error)
        return error;
    size_t n = 0;
    for (uint32_t i = 0; i < objects; i++) {
        uint32_t at = chunk->ref_start[order[i]] + column->offset;
        uint32_t end = column->to_end ? chunk->ref_start[order[i] + 1] : at + 1;
        for (; at < end; at += column->step) {
            codec->dst[n] = at;
            codec->src[n++] = chunk->first + order[i];
        }
    }
    *ret = n;
    return NULL;
}

/* What to do with each column of references of a chunk. */
typedef struct hs_error *column_action(struct hs_codec *codec, const struct column *column, void *context);

/* Runs through the columns of the fields and of the tail of one group. */
static struct hs_error *each_column(struct hs_codec *codec, const struct hs_shapes *shapes,
                                    const struct group *group, column_action *action, void *context)
{
    const struct hs_shape *shape = &shapes->shape[group->shape];
    struct hs_error *error = NULL;
    struct column column = {.group = group, .step = 1};
    bool by_position =
        shape->tail != HS_TAIL_NONE && shape->tail != HS_TAIL_LABELLED && !hs_shape_is_variable(shape);
    uint32_t positions = shape->fields + (by_position ? shape->tail_refs : 0);
    for (uint32_t f = 0; f < positions && !error; f++) {
        column.offset = f;
        error = action(codec, &column, context);
    }
    if (shape->tail == HS_TAIL_NONE || by_position)
        return error;
    column.to_end = true;
    column.step = hs_tail_width(shape->tail);
    for (uint32_t f = 0; f < column.step && !error; f++) {
        column.offset = shape->fields + f;
        error = action(codec, &column, context);
    }
    return error;
}

struct encode_context {
    const struct hs_shapes *shapes;
    const struct hs_chunk *chunk;
    struct hs_buffer *buffer;
};

static bool column_is_labelled(const struct hs_shapes *shapes, const struct column *column)
{
    return column->to_end && shapes->shape[column->group->shape].tail == HS_TAIL_LABELLED;
}

static struct hs_error *encode_column(struct hs_codec *codec, const struct column *column, void *opaque)
{
    const struct encode_context *context = opaque;
    size_t count;
    struct hs_error *error = locate(codec, context->chunk, column, &count);
    if (error)
        return error;
    if (column_is_labelled(context->shapes, column)) {
        for (size_t i = 0; i < count; i++)
            codec->number[i] = context->chunk->label[codec->dst[i]];
        error = hs_column_put_numbers(context->buffer, codec->number, NULL, count);
        if (error)
            return error;
    }
    for (size_t i = 0; i < count; i++)
        codec->dst[i] = context->chunk->dst[codec->dst[i]];
    return hs_column_put_refs(context->buffer, codec->dst, codec->src, count);
}

static struct hs_error *encode_parts(struct hs_codec *codec, const struct hs_shapes *shapes,
                                     const struct hs_chunk *chunk, struct hs_buffer *objects,
                                     struct hs_buffer *refs)
{
    struct hs_error *error = encode_shapes(codec, chunk, objects);
    if (!error)
        error = encode_addresses(chunk, objects);
    if (!error)
        error = encode_numbers(codec, chunk, objects);
    if (!error)
        error = encode_tails(codec, shapes, chunk, objects);
    struct encode_context context = {.shapes = shapes, .chunk = chunk, .buffer = refs};
    for (uint32_t g = 0; g < codec->groups && !error; g++)
        error = each_column(codec, shapes, &codec->group[g], encode_column, &context);
    return error;
}

struct hs_error *hs_codec_encode(struct hs_codec *codec, const struct hs_shapes *shapes,
                                 const struct hs_labels *labels, const struct hs_chunk *chunk,
                                 struct hs_buffer *objects, struct hs_buffer *refs)
{
    if (chunk->count == 0 || chunk->count > HS_CHUNK_OBJECTS)
        return hs_error_create(HS_ERROR_CORRUPT, "a chunk of %u objects", chunk->count);
    struct hs_error *error = check_chunk(shapes, labels, chunk);
    if (!error)
        error = group_objects(codec, shapes, chunk);
    if (error)
        return error;
    error = encode_parts(codec, shapes, chunk, objects, refs);
    forget_groups(codec);
    return error;
}

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

static struct hs_error *decode_addresses(struct hs_cursor *cursor, struct hs_chunk *chunk)
{
    uint8_t shift;
    uint64_t address;
    struct hs_error *error = hs_cursor_byte(cursor, &shift);
    if (!error && shift > 63)
        error = hs_cursor_error(cursor, "addresses shifted by %u", shift);
    if (!error)
        error = hs_cursor_varint_max(cursor, INT64_MAX, "an address", &address);
    if (error)
        return error;
    chunk->address[0] = address;
    for (uint32_t i = 1; i < chunk->count; i++) {
        uint64_t distance;
        error = hs_cursor_varint(cursor, &distance);
        if (error)
            return error;
        if (distance == 0 || distance > (INT64_MAX - address) >> shift)
            return hs_cursor_error(cursor, "the address of object %u is not above that of the one before",
                                   chunk->first + i);
        address += distance << shift;
        chunk->address[i] = address;
    }
    return NULL;
}

static struct hs_error *decode_numbers(struct hs_codec *codec, struct hs_cursor *cursor,
                                       struct hs_chunk *chunk)
{
    for (int column = 0; column < OBJECT_COLUMNS; column++) {
        for (uint32_t g = 0; g < codec->groups; g++) {
            const struct group *group = &codec->group[g];
            if (column == COLUMN_SIZE)
                gather_lengths(codec, group, chunk, codec->base);
            struct hs_error *error = hs_column_get_numbers(
                cursor, codec->number, column == COLUMN_SIZE ? codec->base : NULL, group->count);
            if (!error)
                error = scatter(codec, group, cursor, (enum object_column)column, codec->number, chunk);
            if (error)
                return error;
        }
    }
    return NULL;
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
            gather_lengths(codec, group, chunk, codec->base);
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
        error = decode_addresses(cursor, chunk);
    if (!error)
        error = decode_numbers(codec, cursor, chunk);
    if (!error)
        error = decode_counts(codec, shapes, refs, cursor, chunk);
    return error ? error : hs_cursor_finish(cursor);
}

bool hs_codec_has_labels(const struct hs_shapes *shapes, const struct hs_chunk *chunk)
{
    for (uint32_t i = 0; i < chunk->count; i++)
        if (shapes->shape[chunk->shape[i]].tail == HS_TAIL_LABELLED)
            return true;
    return false;
}

struct decode_context {
    const struct hs_shapes *shapes;
    uint32_t labels;
    uint32_t objects;
    struct hs_cursor *cursor;
    struct hs_chunk *chunk;
};

static struct hs_error *decode_labels(struct hs_codec *codec, const struct decode_context *context,
                                      size_t count)
{
    struct hs_error *error = hs_column_get_numbers(context->cursor, codec->number, NULL, count);
    if (error)
        return error;
    for (size_t i = 0; i < count; i++) {
        if (codec->number[i] >= context->labels)
            return hs_cursor_error(context->cursor, "label %llu of %u", (unsigned long long)codec->number[i],
                                   context->labels);
        context->chunk->label[codec->dst[i]] = (uint32_t)codec->number[i];
    }
    return NULL;
}

static struct hs_error *decode_column(struct hs_codec *codec, const struct column *column, void *opaque)
{
    const struct decode_context *context = opaque;
    struct hs_chunk *chunk = context->chunk;
    size_t count;
    struct hs_error *error = locate(codec, chunk, column, &count);
    if (!error && column_is_labelled(context->shapes, column))
        error = decode_labels(codec, context, count);
    if (error)
        return error;
    /* The places move out of the way: references take their room. */
    uint64_t *place = codec->number;
    for (size_t i = 0; i < count; i++)
        place[i] = codec->dst[i];
    error = hs_column_get_refs(context->cursor, codec->dst, codec->src, count, context->objects);
    for (size_t i = 0; i < count && !error; i++)
        chunk->dst[place[i]] = codec->dst[i];
    return error;
}

struct hs_error *hs_codec_decode_refs(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      const struct hs_labels *labels, uint32_t objects,
                                      struct hs_cursor *cursor, struct hs_chunk *chunk)
{
    struct hs_error *error = group_objects(codec, shapes, chunk);
    if (error)
        return error;
    uint32_t refs = chunk->ref_start[chunk->count];
    for (uint32_t i = 0; chunk->label && i < refs; i++)
        chunk->label[i] = HS_NO_LABEL;
    struct decode_context context = {
        .shapes = shapes, .labels = labels->count, .objects = objects, .cursor = cursor, .chunk = chunk};
    for (uint32_t g = 0; g < codec->groups && !error; g++)
        error = each_column(codec, shapes, &codec->group[g], decode_column, &context);
    forget_groups(codec);
    return error ? error : hs_cursor_finish(cursor);
}
