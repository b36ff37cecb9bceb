#include "dump/variants.h"

#include "dump/array.h"
#include "dump/label_set.h"

#include <stdlib.h>
#include <string.h>

struct hs_error *hs_variants_init(struct hs_variants *variants)
{
    *variants = (struct hs_variants){.slot_bits = 10, .seed = hs_hash_seed()};
    variants->slot = calloc((size_t)1 << variants->slot_bits, sizeof(variants->slot[0]));
    return variants->slot ? NULL : &hs_error_memory;
}

void hs_variants_deinit(struct hs_variants *variants)
{
    free(variants->variant);
    free(variants->null);
    free(variants->slot);
    *variants = (struct hs_variants){0};
}

static struct hs_error *grow(struct hs_variants *variants)
{
    if (variants->count < (UINT32_C(1) << variants->slot_bits) / 2)
        return NULL;
    uint32_t bits = variants->slot_bits + 1;
    uint32_t *slot = bits < 32 ? calloc((size_t)1 << bits, sizeof(slot[0])) : NULL;
    if (!slot)
        return &hs_error_memory;
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    for (uint32_t n = 0; n < variants->count; n++) {
        uint32_t i = variants->variant[n].hash & mask;
        while (slot[i])
            i = (i + 1) & mask;
        slot[i] = n + 1;
    }
    free(variants->slot);
    variants->slot = slot;
    variants->slot_bits = bits;
    return NULL;
}

static bool is_same(const struct hs_variants *variants, const struct hs_variant *variant,
                    const struct hs_variant *key, const uint32_t *null)
{
    return variant->hash == key->hash && variant->shape == key->shape &&
           variant->tail_refs == key->tail_refs && variant->loose == key->loose &&
           variant->nulls == key->nulls &&
           (!key->nulls || !memcmp(variants->null + variant->null_at, null, key->nulls * sizeof(null[0])));
}

/* Copies the key, its null positions too, to the end of the table. */
static struct hs_error *append(struct hs_variants *variants, struct hs_variant key, const uint32_t *null)
{
    struct hs_error *error = hs_array_reserve((void **)&variants->variant, &variants->capacity,
                                              (size_t)variants->count + 1, sizeof(variants->variant[0]));
    if (!error)
        error = hs_array_reserve((void **)&variants->null, &variants->null_capacity,
                                 variants->null_count + key.nulls, sizeof(variants->null[0]));
    if (error)
        return error;
    if (variants->null_count + key.nulls > UINT32_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "objects look too different from each other");
    key.null_at = (uint32_t)variants->null_count;
    if (key.nulls)
        memcpy(variants->null + variants->null_count, null, key.nulls * sizeof(null[0]));
    variants->null_count += key.nulls;
    variants->variant[variants->count++] = key;
    return NULL;
}

struct hs_error *hs_variants_add(struct hs_variants *variants, uint32_t shape, uint32_t tail_refs,
                                 const uint32_t *null, uint32_t nulls, bool loose, uint32_t *ret)
{
    struct hs_error *error = grow(variants);
    if (error)
        return error;
    uint64_t mix = (uint64_t)shape << 32 | (tail_refs ^ (uint32_t)loose << 31);
    struct hs_variant key = {
        .shape = shape,
        .tail_refs = tail_refs,
        .nulls = nulls,
        .loose = loose,
        .hash = hs_hash_bytes(variants->seed ^ mix * variants->seed, null, nulls * sizeof(null[0])),
        .file_shape = UINT32_MAX,
    };
    uint32_t mask = (UINT32_C(1) << variants->slot_bits) - 1;
    uint32_t i = key.hash & mask;
    while (variants->slot[i] && !is_same(variants, &variants->variant[variants->slot[i] - 1], &key, null))
        i = (i + 1) & mask;
    if (!variants->slot[i]) {
        error = append(variants, key, null);
        if (error)
            return error;
        variants->slot[i] = variants->count;
    }
    *ret = variants->slot[i] - 1;
    return NULL;
}
