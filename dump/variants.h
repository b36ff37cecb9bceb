/* What objects look like, as distinct cases: the agent's shape, which of its fields are NULL, how long the
 * tail is.
 *
 * Objects of one variant get one shape in the snapshot, where NULL fields do not exist. A tail that is longer
 * than HS_VARIANT_TAIL counts as variable; LABELLED tails always do. An object that fits no shape exactly
 * (NULL in its tail) is loose: in the snapshot each of its references has a label of its own.
 */
#ifndef HS_DUMP_VARIANTS_H
#define HS_DUMP_VARIANTS_H

#include "format/error.h"
#include "format/snapshot.h"

#define HS_VARIANT_TAIL 24

/* What makes two objects the same variant. */
struct hs_variant_key {
    uint32_t shape;     /* the agent's number */
    uint32_t tail_refs; /* as in struct hs_shape */
    bool loose;
    uint64_t
        keys; /* hash of the keys of pairs, 0 if they do not matter. Nothing depends on its being unique */
    uint32_t nulls;
    const uint32_t
        *null; /* [nulls] positions of the fields that are NULL, ascending; owned by whoever made the key */
};

struct hs_variant {
    struct hs_variant_key key; /* without null: that may move, see hs_variant_null() */
    uint32_t null_at;
    uint32_t hash;
    uint32_t objects; /* how many look so */
    uint32_t
        into; /* the variant whose shape these objects get, HS_NO_LABEL if they get one; the collector's */
    uint32_t
        file_shape; /* number of the shape in the snapshot, HS_NO_LABEL if it has none yet; the collector's */
};

struct hs_variants {
    struct hs_variant *variant;
    uint32_t count;
    size_t capacity;
    uint32_t *null; /* pool of null positions */
    size_t null_count;
    size_t null_capacity;
    uint32_t *slot; /* hash table: number + 1, 0 is free */
    uint32_t slot_bits;
    uint64_t seed;
};

struct hs_error *hs_variants_init(struct hs_variants *variants) HS_MUST_CHECK;
void hs_variants_deinit(struct hs_variants *variants);

/* The number of the variant, a new one if there was none. The key's null may not point into the table. */
struct hs_error *hs_variants_add(struct hs_variants *variants, const struct hs_variant_key *key,
                                 uint32_t *ret) HS_MUST_CHECK;

/* The NULL fields of a variant, NULL if it has none; to be used before another one is added. */
static inline const uint32_t *hs_variant_null(const struct hs_variants *variants, uint32_t variant)
{
    const struct hs_variant *from = &variants->variant[variant];
    return from->key.nulls ? variants->null + from->null_at : NULL;
}

/* The hash of some numbers, one by one. */
static inline uint64_t hs_hash_next(uint64_t hash, uint64_t number)
{
    hash = (hash ^ number) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

#endif
