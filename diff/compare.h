/* What changed between snapshots, type by type and object by object. */
#ifndef HS_DIFF_COMPARE_H
#define HS_DIFF_COMPARE_H

#include "diff/loaded.h"

struct hs_type_row {
    const char *name;                    /* the comparison's; several types of one name are one row */
    uint64_t *count;                     /* [snapshots] */
    uint64_t *bytes;                     /* [snapshots] */
    bool opaque;                         /* in one of the snapshots */
    uint64_t new_objects, freed_objects; /* between the first and the last snapshot; 0 if not same_process */
};

struct hs_compare {
    size_t snapshots;
    /* All snapshots are of one process: pid, start of the process and boot are equal. Only then does an
     * address tell anything. */
    bool same_process;
    bool reversed; /* a snapshot is older than the one before it */

    struct hs_names names;
    size_t types;
    struct hs_type_row *type; /* [types], by growth in bytes, most first, then by name */
    uint64_t *values;         /* what count and bytes of the rows point into */

    /* Between the first and the last snapshot; NULL and 0 if not same_process. */
    uint8_t *is_new; /* [(nodes of the last + 7) / 8] bits */
    uint64_t new_objects, new_bytes, freed_objects, freed_bytes;
};

/* An object is the same in two snapshots if its address, type and ident are. */
struct hs_error *hs_compare_create(const struct hs_loaded *loaded, size_t count,
                                   struct hs_compare **ret) HS_MUST_CHECK;
void hs_compare_destroy(struct hs_compare *compare);

static inline bool hs_compare_is_new(const struct hs_compare *compare, uint32_t object)
{
    return compare->is_new && compare->is_new[object / 8] >> object % 8 & 1;
}

#endif
