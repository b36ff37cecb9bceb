/* What would be freed if a place let go of what it holds, and who would still hold it.
 *
 * A cut takes away the references from a holder, or from parts of it, to the members of groups. Below the
 * members hangs a part of the explaining tree; whatever lies outside stays reachable, so that only the
 * references from outside into that part decide what of it survives. Those are collected for all cuts in one
 * pass over the references.
 *
 * Where members survive, the place that holds most of them is named and cut as well, a few times over.
 */
#ifndef HS_DIFF_CUT_H
#define HS_DIFF_CUT_H

#include "diff/loaded.h"

#define HS_CUT_MAX       64 /* cuts at a time */
#define HS_CUT_ALSO      3  /* other holders that are looked for */
#define HS_CUT_SURVIVORS 10 /* one in so many members may survive: held for a moment by a frame, say */

struct hs_cut {
    uint32_t holder; /* group, HS_NO_GROUP: the members are held by roots */

    /* Holders found beside it. A root that holds members at once, an object of a group, or what hangs under
     * the members of another cut. */
    size_t also_count;
    struct hs_also {
        uint32_t cut;      /* number + 1 of the other cut, or 0 */
        uint32_t group;    /* HS_NO_GROUP for roots */
        uint32_t object;   /* an example in the snapshot where it was found; for roots the member they hold */
        uint32_t root;     /* for roots: number of one */
        uint8_t root_kind; /* for roots: enum hs_root_kind */
    } also[HS_CUT_ALSO];

    /* Of an earlier snapshot: what survived there was no growth, and its holders are not looked for. */
    uint64_t old_members, old_survivors;

    /* Results of the last run. */
    uint64_t members, survivors;
    uint64_t freed_objects, freed_bytes;
    uint64_t alone_bytes; /* freed before other holders let go as well, if those are looked for */
};

/* `cut_of`: [groups->count], number of the cut that the objects of a group are members of, plus 1; 0 for the
 * rest. `find_also`: look for other holders and write them to the cuts; else cut those that stand there. */
struct hs_error *hs_cut_run(const struct hs_loaded *loaded, const struct hs_groups *groups,
                            const uint8_t *cut_of, struct hs_cut *cut, size_t count,
                            bool find_also) HS_MUST_CHECK;

#endif
