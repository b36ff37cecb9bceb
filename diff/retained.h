/* What keeps how much alive, for a picture: the dominator tree of the last snapshot, cut down to a size that
 * people and browsers can take.
 *
 * A box stands for one object and all that would be freed with it, or for several small ones of a type.
 * Within a box the largest have boxes of their own, the rest is folded by type, and what is left of that is
 * "more". An instance and its __dict__ are one.
 */
#ifndef HS_DIFF_RETAINED_H
#define HS_DIFF_RETAINED_H

#include "diff/compare.h"

#define HS_NO_BOX UINT32_MAX

struct hs_box {
    uint32_t parent;  /* the box that it is in, always a smaller number; HS_NO_BOX for the first, which is
                         everything */
    uint32_t object;  /* HS_NO_OBJECT if it stands for several */
    const char *type; /* the reader's; NULL for "more" of several types */
    uint64_t count;   /* objects that the box stands for, without what they hold */
    uint64_t bytes;   /* retained */
    uint64_t
        new_bytes; /* of these in objects that are new since the first snapshot; 0 if that is not known */
    char *label; /* how its holder refers to it: "._site_stack"; NULL if it stands for several or is the first
                  */
    char *path;  /* as a Python expression; NULL as label is, and for what lies too deep */
};
struct hs_retained {
    uint32_t count;
    struct hs_box *box;
};

/* Computes the dominators of `last`, which must have its graph and tree. */
struct hs_error *hs_retained_create(const struct hs_loaded *last, const struct hs_groups *groups,
                                    const struct hs_compare *compare, struct hs_retained *ret) HS_MUST_CHECK;
void hs_retained_deinit(struct hs_retained *retained);

#endif
