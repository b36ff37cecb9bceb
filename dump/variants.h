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

struct hs_variant {
    uint32_t shape;     /* the agent's number */
    uint32_t tail_refs; /* as in struct hs_shape */
    uint32_t nulls;     /* fields that are NULL: nulls positions from null_at in the pool, ascending */
    uint32_t null_at;
    uint32_t hash;
    bool loose;
    uint32_t objects;    /* how many look so */
    uint32_t file_shape; /* number of the shape in the snapshot; the collector's */
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

/* The number of the variant that has these shape, tail_refs, null positions and looseness; a new one if there
 * was none. */
struct hs_error *hs_variants_add(struct hs_variants *variants, uint32_t shape, uint32_t tail_refs,
                                 const uint32_t *null, uint32_t nulls, bool loose,
                                 uint32_t *ret) HS_MUST_CHECK;

#endif
