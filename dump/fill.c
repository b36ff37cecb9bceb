#include "dump/fill.h"

#include "dump/array.h"

#include <stdlib.h>

struct hs_error *hs_fill_init(struct hs_fill *fill)
{
    *fill = (struct hs_fill){0};
    struct hs_chunk *chunk = &fill->chunk;
    size_t n = HS_CHUNK_OBJECTS;
    chunk->shape = malloc(n * sizeof(chunk->shape[0]));
    chunk->address = malloc(n * sizeof(chunk->address[0]));
    chunk->size = malloc(n * sizeof(chunk->size[0]));
    chunk->refcount = malloc(n * sizeof(chunk->refcount[0]));
    chunk->length = malloc(n * sizeof(chunk->length[0]));
    chunk->ident = malloc(n * sizeof(chunk->ident[0]));
    chunk->generation = malloc(n * sizeof(chunk->generation[0]));
    chunk->ref_start = malloc((n + 1) * sizeof(chunk->ref_start[0]));
    fill->site = malloc(n * sizeof(fill->site[0]));
    bool made = fill->site && chunk->shape && chunk->address && chunk->size && chunk->refcount &&
                chunk->length && chunk->ident && chunk->generation && chunk->ref_start;
    return made ? NULL : &hs_error_memory;
}

void hs_fill_deinit(struct hs_fill *fill)
{
    struct hs_chunk *chunk = &fill->chunk;
    free(chunk->shape);
    free(chunk->address);
    free(chunk->size);
    free(chunk->refcount);
    free(chunk->length);
    free(chunk->ident);
    free(chunk->generation);
    free(chunk->ref_start);
    free(chunk->dst);
    free(fill->label);
    free(fill->site);
    free(fill->borrowed);
    *fill = (struct hs_fill){0};
}

/* Room for `more` references after the `count` that are there. */
static struct hs_error *reserve(struct hs_fill *fill, size_t count, uint64_t more)
{
    if (count + more > UINT32_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "more than %u references from %u neighbouring objects",
                               UINT32_MAX, HS_CHUNK_OBJECTS);
    struct hs_error *error = hs_array_reserve((void **)&fill->chunk.dst, &fill->dst_capacity, count + more,
                                              sizeof(fill->chunk.dst[0]));
    if (!error)
        error = hs_array_reserve((void **)&fill->label, &fill->label_capacity, count + more,
                                 sizeof(fill->label[0]));
    return error;
}

/* What all objects of a chunk are filled from. */
struct source {
    const struct hs_index *index;
    const struct hs_plan *plan;
    const struct hs_alike *alike;
    const struct hs_fill_ops *ops;
    struct hs_reckoning *reckoning;
};

/* References of the object at hand: appended at *end. */
struct append {
    struct hs_fill *fill;
    const struct hs_index *index;
    uint64_t granule;
    uint32_t end;
    bool dangling; /* one was not found: the object no longer fits its shape */
};

/* Notes a reference that owns nothing; `label` as in struct hs_stream_ref, of a field or a labelled tail. */
static struct hs_error *note_borrowed(struct append *append, uint32_t label, uint32_t dst)
{
    struct hs_fill *fill = append->fill;
    if (!(append->index->labels.entry[label].flags & HS_STREAM_BORROWED) || dst == HS_NO_OBJECT)
        return NULL;
    struct hs_error *error = hs_array_reserve((void **)&fill->borrowed, &fill->borrowed_capacity,
                                              fill->borrowed_count + 1, sizeof(fill->borrowed[0]));
    if (!error)
        fill->borrowed[fill->borrowed_count++] = dst;
    return error;
}

static inline struct hs_error *append_dst(struct append *append, struct hs_cursor *cursor)
{
    uint64_t granule;
    struct hs_error *error = hs_decode_dst(cursor, append->granule, &granule);
    if (error || granule == HS_NO_GRANULE)
        return error;
    uint32_t dst = hs_rank_find(&append->index->rank, granule);
    append->dangling |= dst == HS_NO_OBJECT;
    append->fill->label[append->end] = HS_NO_LABEL;
    append->fill->chunk.dst[append->end++] = dst;
    return NULL;
}

static struct hs_error *append_labelled_tail(struct append *append, struct hs_refs *refs)
{
    for (;;) {
        struct hs_stream_ref ref;
        bool any;
        struct hs_error *error = hs_refs_next(refs, &ref, &any);
        if (error || !any)
            return error;
        uint32_t dst = hs_rank_find(&append->index->rank, ref.granule);
        error = reserve(append->fill, append->end, 1);
        if (error)
            return error;
        append->dangling |= dst == HS_NO_OBJECT;
        append->fill->any_label = true;
        append->fill->label[append->end] = ref.label;
        append->fill->chunk.dst[append->end++] = dst;
        error = note_borrowed(append, ref.label, dst);
        if (error)
            return error;
    }
}

/* All references of an object that fits its shape. */
static struct hs_error *append_exact(struct append *append, const struct hs_index_shape *shape,
                                     struct hs_cursor cursor)
{
    struct hs_error *error = reserve(append->fill, append->end, shape->fields);
    for (uint32_t i = 0; !error && i < shape->fields; i++) {
        uint32_t end = append->end;
        error = append_dst(append, &cursor);
        if (!error && append->end > end)
            error = note_borrowed(append, append->index->field_label[shape->labels + i],
                                  append->fill->chunk.dst[end]);
    }
    if (error || shape->tail == HS_TAIL_NONE)
        return error;
    if (shape->tail == HS_TAIL_LABELLED) {
        struct hs_refs refs = hs_refs(append->index, shape, cursor, append->granule);
        refs.field = shape->fields;
        return append_labelled_tail(append, &refs);
    }
    uint64_t run, width = shape->tail == HS_TAIL_PAIR ? 2 : 1;
    do {
        error = hs_cursor_varint_max(&cursor, UINT32_MAX, "run of references", &run);
        if (!error)
            error = reserve(append->fill, append->end, (run >> 1) * width);
        for (uint64_t n = error ? 0 : (run >> 1) * width; !error && n; n--)
            error = append_dst(append, &cursor);
    } while (!error && (run & 1));
    return error;
}

/* The references of an object, each with a label, without those that lead nowhere; of pairs, only the keys or
 * only the values. */
static struct hs_error *append_loose_part(struct append *append, const struct hs_plan *plan,
                                          const struct hs_index_shape *shape, struct hs_cursor cursor,
                                          enum hs_tail_label skipped)
{
    struct hs_refs refs = hs_refs(append->index, shape, cursor, append->granule);
    for (;;) {
        struct hs_stream_ref ref;
        bool any;
        struct hs_error *error = hs_refs_next(&refs, &ref, &any);
        if (!error)
            error = reserve(append->fill, append->end, 1);
        if (error || !any)
            return error;
        bool has_label = !ref.in_tail || shape->tail == HS_TAIL_LABELLED;
        if (ref.granule == HS_NO_GRANULE || (!has_label && ref.label == skipped))
            continue;
        uint32_t dst = hs_rank_find(&append->index->rank, ref.granule);
        if (dst == HS_NO_OBJECT) {
            append->fill->dangling++;
            continue;
        }
        append->fill->any_label = true;
        append->fill->label[append->end] = has_label ? ref.label : plan->tail_label[ref.label];
        append->fill->chunk.dst[append->end++] = dst;
        error = has_label ? note_borrowed(append, ref.label, dst) : NULL;
        if (error)
            return error;
    }
}

static struct hs_error *append_loose(struct append *append, const struct hs_plan *plan,
                                     const struct hs_index_shape *shape, struct hs_cursor cursor)
{
    if (shape->tail != HS_TAIL_PAIR || shape->fields)
        return append_loose_part(append, plan, shape, cursor, HS_TAIL_LABELS);
    /* The values first: so the slot of each, which is its position here, says which value of the dict it
     * is. */
    struct hs_error *error = append_loose_part(append, plan, shape, cursor, HS_LABEL_KEY);
    return error ? error : append_loose_part(append, plan, shape, cursor, HS_LABEL_VALUE);
}

static void reckon(const struct source *source, const struct append *append, uint32_t n, uint32_t type)
{
    const struct hs_fill *fill = append->fill;
    hs_reckoning_object(source->reckoning, fill->chunk.first + n, fill->chunk.refcount[n]);
    for (uint32_t i = fill->chunk.ref_start[n]; i < append->end; i++)
        hs_reckoning_ref(source->reckoning, fill->chunk.dst[i]);
    for (size_t i = 0; i < fill->borrowed_count; i++)
        hs_reckoning_borrowed(source->reckoning, fill->borrowed[i]);
    if (source->plan->type_ref[type])
        hs_reckoning_ref(source->reckoning, source->plan->type_object[type]);
}

static struct hs_error *fill_object(struct hs_fill *fill, const struct source *source, uint32_t n,
                                    uint64_t granule)
{
    const struct hs_index *index = source->index;
    struct hs_chunk *chunk = &fill->chunk;
    uint32_t at = index->order[chunk->first + n];
    const struct hs_variant *variant = &index->variants.variant[index->variant[at]];
    const struct hs_index_shape *shape = &index->shape[variant->key.shape];
    struct hs_cursor cursor = hs_index_cursor(index, index->where[at] & HS_INDEX_OFFSET);
    struct hs_object_record object;
    struct hs_error *error = hs_decode_object(&cursor, 0, &object);
    if (error)
        return error;
    chunk->shape[n] = variant->file_shape;
    chunk->address[n] = granule << 4 | (index->where[at] & HS_INDEX_ODD ? 8 : 0);
    chunk->size[n] = object.size;
    chunk->refcount[n] = object.refcount;
    chunk->length[n] = object.length;
    chunk->ident[n] = object.ident;
    chunk->generation[n] = object.generation;
    fill->site[n] = at < index->sites ? index->site[at] : 0;
    fill->any_site |= fill->site[n] != 0;

    struct append append = {.fill = fill, .index = index, .granule = granule, .end = chunk->ref_start[n]};
    fill->borrowed_count = 0;
    if (!variant->key.loose)
        error = append_exact(&append, shape, cursor);
    if (!error && !append.dangling && hs_alike_matters(index, variant))
        chunk->shape[n] = hs_alike_shape(source->alike, index, variant, chunk->dst + chunk->ref_start[n],
                                         append.end - chunk->ref_start[n]);
    if (!error && append.dangling) {
        append.end = chunk->ref_start[n];
        fill->borrowed_count = 0;
        error = source->ops->loose_shape(source->ops->context, shape->type, &chunk->shape[n]);
    }
    if (!error && (variant->key.loose || append.dangling))
        error = append_loose(&append, source->plan, shape, cursor);
    chunk->ref_start[n + 1] = append.end;
    if (!error)
        reckon(source, &append, n, shape->type);
    return error;
}

struct hs_error *hs_fill_chunk(struct hs_fill *fill, const struct hs_index *index, const struct hs_plan *plan,
                               const struct hs_alike *alike, const struct hs_fill_ops *ops,
                               struct hs_reckoning *reckoning, uint32_t first)
{
    const struct source source = {
        .index = index, .plan = plan, .alike = alike, .ops = ops, .reckoning = reckoning};
    struct hs_chunk *chunk = &fill->chunk;
    uint32_t left = index->objects - first;
    chunk->first = first;
    chunk->count = left < HS_CHUNK_OBJECTS ? left : HS_CHUNK_OBJECTS;
    chunk->ref_start[0] = 0;
    fill->any_label = false;
    fill->any_site = false;
    struct hs_error *error = NULL;
    struct hs_rank_walk walk = hs_rank_walk_from(&index->rank, first);
    for (uint32_t n = 0; !error && n < chunk->count; n++)
        error = fill_object(fill, &source, n, hs_rank_walk_next(&walk));
    chunk->label = fill->any_label ? fill->label : NULL;
    chunk->site = fill->any_site ? fill->site : NULL;
    return error;
}
