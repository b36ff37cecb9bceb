/* Fills the chunks of a snapshot from the indexed stream. */
#ifndef HS_DUMP_FILL_H
#define HS_DUMP_FILL_H

#include "dump/alike.h"
#include "dump/index.h"
#include "dump/plan.h"
#include "dump/reckoning.h"

/* Storage for one chunk, used again for the next. */
struct hs_fill {
    struct hs_chunk chunk; /* what the last hs_fill_chunk() made; chunk.label is NULL or points to label */
    size_t dst_capacity;
    uint32_t *label;
    size_t label_capacity;
    bool any_label;
    uint64_t *site; /* [HS_CHUNK_OBJECTS] */
    bool any_site;
    uint32_t *borrowed; /* references of the object at hand that own nothing */
    size_t borrowed_count, borrowed_capacity;
    uint64_t dangling; /* references to nothing, dropped so far */
};

struct hs_error *hs_fill_init(struct hs_fill *fill) HS_MUST_CHECK;
void hs_fill_deinit(struct hs_fill *fill);

/* A shape that is found to be missing on the way. */
struct hs_fill_ops {
    struct hs_error *(*loose_shape)(void *context, uint32_t type, uint32_t *ret);
    void *context;
};

/* Makes the chunk of the objects from id `first`, and adds them and their references to `reckoning`. */
struct hs_error *hs_fill_chunk(struct hs_fill *fill, const struct hs_index *index, const struct hs_plan *plan,
                               const struct hs_alike *alike, const struct hs_fill_ops *ops,
                               struct hs_reckoning *reckoning, uint32_t first) HS_MUST_CHECK;

#endif
