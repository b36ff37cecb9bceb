/* Small containers that hold the same kinds of things get a shape of their own.
 *
 * Lists of two items, say, come from many places of a program; those that hold a str and a webapp.User
 * probably come from one, and lie and point as regularly as it made them. The format predicts references
 * within a shape, so such a shape is a column that compresses well. Which combinations are frequent is learnt
 * from a sample before the chunks are filled.
 */
#ifndef HS_DUMP_ALIKE_H
#define HS_DUMP_ALIKE_H

#include "dump/index.h"
#include "dump/plan.h"

struct hs_alike_entry {
    uint64_t hash;  /* of the variant's shape and of what the container holds; 0 is a free slot */
    uint32_t count; /* in the sample */
    uint32_t shape; /* number in the snapshot; HS_NO_LABEL: not frequent enough for one */
};

struct hs_alike {
    struct hs_alike_entry *entry; /* hash table, open addressing */
    uint32_t entries;
    uint64_t seed;
};

/* Learns from a sample of the objects and makes the shapes. After hs_plan_write(). Destroy with
 * hs_alike_deinit() in any case. */
struct hs_error *hs_alike_init(struct hs_alike *alike, const struct hs_index *index,
                               const struct hs_plan *plan, struct hs_writer *writer) HS_MUST_CHECK;
void hs_alike_deinit(struct hs_alike *alike);

/* Whether objects of a variant are told apart at all. */
bool hs_alike_matters(const struct hs_index *index, const struct hs_variant *variant);

/* The shape of an object of that variant which refers to dst[0 .. count - 1] (ids): the variant's own if the
 * combination is rare. */
uint32_t hs_alike_shape(const struct hs_alike *alike, const struct hs_index *index,
                        const struct hs_variant *variant, const uint32_t *dst, uint32_t count);

#endif
