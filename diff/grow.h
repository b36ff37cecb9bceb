/* Which places grow, seen from the groups alone.
 *
 * Of the groups that grow, the topmost ones count: what hangs below one of them and grows in proportion is
 * part of the same growth. The place that holds the growth, the holder, is the group above; topmost groups
 * with one holder are one candidate.
 */
#ifndef HS_DIFF_GROW_H
#define HS_DIFF_GROW_H

#include "diff/group.h"
#include "diff/trend.h"

/* How much more than in proportion a group must grow, in percent of its share before, to count beside the
 * growing group that it hangs below. */
#define HS_GROW_EXCESS 150
/* A thing that only gets bigger must get bigger by so much: less is preallocation, or a table resized once.
 */
#define HS_GROW_SIZE_BYTES 16384

struct hs_candidate {
    bool size;       /* the objects of `top` get bigger, not more */
    uint32_t holder; /* group, HS_NO_GROUP if roots hold what grows */
    uint32_t top;    /* the topmost growing group; of several, the one under which most bytes were added */
    uint32_t named;  /* `top`, or what people would name below it: the Report in a tuple in a dict */
    enum hs_trend trend;
    uint32_t number;   /* its place in the array */
    uint64_t estimate; /* shallow bytes added in all of its groups and below them */
};

struct hs_growth {
    size_t count;
    struct hs_candidate *candidate; /* [count], by estimate, most first */
    uint32_t *of; /* [groups]: number of the candidate that the group is a topmost growing group of, or
                     HS_NO_GROUP */
    uint64_t imported_bytes; /* with two snapshots: new modules and what hangs below them, no candidates */
    uint32_t imported_modules;
};

struct hs_error *hs_growth_find(const struct hs_groups *groups, struct hs_growth *ret) HS_MUST_CHECK;
void hs_growth_deinit(struct hs_growth *growth);

#endif
