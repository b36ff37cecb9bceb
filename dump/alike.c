#include "dump/alike.h"

#include <stdlib.h>

/* Longer tails hold what varies. */
#define REFS_MAX 8
/* Objects per object of the sample: a prime, since similar objects lie at even distances. */
#define SAMPLE_STEP 13
/* A combination seen so often in the sample is worth a shape. */
#define FREQUENT 24
/* Slots of the table (a power of two) and combinations it takes: what comes later in the sample is not
 * learnt. */
#define SLOTS       16384
#define ENTRIES_MAX (SLOTS / 2)
/* More shapes than this cost more than they save. */
#define SHAPES_MAX 1024

bool hs_alike_matters(const struct hs_index *index, const struct hs_variant *variant)
{
    const struct hs_index_shape *shape = &index->shape[variant->key.shape];
    return !variant->key.loose && shape->tail != HS_TAIL_NONE && shape->fields == 0 &&
           variant->key.tail_refs > 0 && variant->key.tail_refs <= REFS_MAX;
}

/* The slot of a hash: where it is, or the free one where it belongs. The table never fills. */
static struct hs_alike_entry *find(const struct hs_alike *alike, uint64_t hash)
{
    uint32_t i = (uint32_t)(hash >> 32) & (SLOTS - 1);
    while (alike->entry[i].hash && alike->entry[i].hash != hash)
        i = (i + 1) & (SLOTS - 1);
    return &alike->entry[i];
}

static uint64_t begin(const struct hs_alike *alike, const struct hs_variant *variant)
{
    return hs_hash_next(alike->seed, variant->file_shape);
}

static uint64_t finish(uint64_t hash)
{
    return hash ? hash : 1;
}

uint32_t hs_alike_shape(const struct hs_alike *alike, const struct hs_index *index,
                        const struct hs_variant *variant, const uint32_t *dst, uint32_t count)
{
    uint64_t hash = begin(alike, variant);
    for (uint32_t i = 0; i < count; i++)
        hash = hs_hash_next(hash, index->kind[dst[i]]);
    const struct hs_alike_entry *entry = find(alike, finish(hash));
    bool frequent = entry->hash && entry->shape != HS_NO_LABEL;
    return frequent ? entry->shape : variant->file_shape;
}

/* Counts one object of the sample; *ret is its entry, NULL if it has none. */
static struct hs_error *count_object(struct hs_alike *alike, const struct hs_index *index, uint32_t id,
                                     uint64_t granule, struct hs_alike_entry **ret)
{
    uint32_t at = index->order[id];
    const struct hs_variant *variant = &index->variants.variant[index->variant[at]];
    *ret = NULL;
    if (!hs_alike_matters(index, variant))
        return NULL;
    struct hs_cursor cursor = hs_index_cursor(index, index->where[at] & HS_INDEX_OFFSET);
    struct hs_object_record object;
    struct hs_error *error = hs_decode_object(&cursor, 0, &object);
    struct hs_refs refs = hs_refs(index, &index->shape[variant->key.shape], cursor, granule);
    uint64_t hash = begin(alike, variant);
    bool any = true;
    while (!error && any) {
        struct hs_stream_ref ref;
        error = hs_refs_next(&refs, &ref, &any);
        uint32_t dst = !error && any ? hs_rank_find(&index->rank, ref.granule) : HS_NO_OBJECT;
        if (dst != HS_NO_OBJECT)
            hash = hs_hash_next(hash, index->kind[dst]);
    }
    if (error)
        return error;
    struct hs_alike_entry *entry = find(alike, finish(hash));
    if (!entry->hash && alike->entries == ENTRIES_MAX)
        return NULL;
    if (!entry->hash) {
        *entry = (struct hs_alike_entry){.hash = finish(hash), .shape = HS_NO_LABEL};
        alike->entries++;
    }
    entry->count++;
    *ret = entry;
    return NULL;
}

struct hs_error *hs_alike_init(struct hs_alike *alike, const struct hs_index *index,
                               const struct hs_plan *plan, struct hs_writer *writer)
{
    *alike = (struct hs_alike){.entry = calloc(SLOTS, sizeof(alike->entry[0])), .seed = hs_hash_seed()};
    if (!alike->entry)
        return &hs_error_memory;
    struct hs_rank_walk walk = hs_rank_walk_from(&index->rank, 0);
    struct hs_error *error = NULL;
    uint32_t shapes = 0;
    for (uint32_t id = 0; !error && id < index->objects; id++) {
        uint64_t granule = hs_rank_walk_next(&walk);
        struct hs_alike_entry *entry = NULL;
        if (id % SAMPLE_STEP == 0)
            error = count_object(alike, index, id, granule, &entry);
        if (!error && entry && entry->count == FREQUENT && shapes++ < SHAPES_MAX)
            error = hs_plan_make_shape(plan, index, index->variant[index->order[id]], writer, &entry->shape);
    }
    return error;
}

void hs_alike_deinit(struct hs_alike *alike)
{
    free(alike->entry);
    *alike = (struct hs_alike){0};
}
