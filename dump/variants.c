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
                    const struct hs_variant_key *key, uint32_t hash)
{
    return variant->hash == hash && variant->key.shape == key->shape &&
           variant->key.tail_refs == key->tail_refs && variant->key.loose == key->loose &&
           variant->key.keys == key->keys && variant->key.nulls == key->nulls &&
           (!key->nulls ||
            !memcmp(variants->null + variant->null_at, key->null, key->nulls * sizeof(key->null[0])));
}

/* Copies the key, its null positions too, to the end of the table. */
static struct hs_error *append(struct hs_variants *variants, const struct hs_variant_key *key, uint32_t hash)
{
    struct hs_error *error = hs_array_reserve((void **)&variants->variant, &variants->capacity,
                                              (size_t)variants->count + 1, sizeof(variants->variant[0]));
    if (!error)
        error = hs_array_reserve((void **)&variants->null, &variants->null_capacity,
                                 variants->null_count + key->nulls, sizeof(variants->null[0]));
    if (error)
        return error;
    if (variants->null_count + key->nulls > UINT32_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "objects look too different from each other");
    struct hs_variant *variant = &variants->variant[variants->count++];
    *variant = (struct hs_variant){
        .key = *key,
        .null_at = (uint32_t)variants->null_count,
        .hash = hash,
        .into = HS_NO_LABEL,
        .file_shape = HS_NO_LABEL,
    };
    variant->key.null = NULL;
    if (key->nulls)
        memcpy(variants->null + variants->null_count, key->null, key->nulls * sizeof(key->null[0]));
    variants->null_count += key->nulls;
    return NULL;
}

static uint32_t hash_key(uint64_t seed, const struct hs_variant_key *key)
{
    uint64_t hash = hs_hash_next(seed, (uint64_t)key->shape << 32 | key->tail_refs);
    hash = hs_hash_next(hash, key->keys ^ key->loose);
    return hs_hash_bytes(hash | 1, key->null, key->nulls * sizeof(key->null[0]));
}

struct hs_error *hs_variants_add(struct hs_variants *variants, const struct hs_variant_key *key,
                                 uint32_t *ret)
{
    struct hs_error *error = grow(variants);
    if (error)
        return error;
    uint32_t hash = hash_key(variants->seed, key), mask = (UINT32_C(1) << variants->slot_bits) - 1;
    uint32_t i = hash & mask;
    while (variants->slot[i] && !is_same(variants, &variants->variant[variants->slot[i] - 1], key, hash))
        i = (i + 1) & mask;
    if (!variants->slot[i]) {
        error = append(variants, key, hash);
        if (error)
            return error;
        variants->slot[i] = variants->count;
    }
    *ret = variants->slot[i] - 1;
    return NULL;
}
