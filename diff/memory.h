/* The memory of the process as each snapshot states it: rss, malloc's, the arenas'. */
#ifndef HS_DIFF_MEMORY_H
#define HS_DIFF_MEMORY_H

#include "diff/loaded.h"

struct hs_memory {
    size_t snapshots;
    bool complete;         /* no snapshot says that it could not walk a heap to its end */
    struct hs_names names; /* in order of first appearance */
    int64_t *bytes;        /* [names.count * snapshots], HS_MEMORY_UNKNOWN where a snapshot does not say */
};
#define HS_MEMORY_UNKNOWN INT64_MIN

struct hs_error *hs_memory_read(const struct hs_loaded *loaded, size_t count,
                                struct hs_memory *ret) HS_MUST_CHECK;
void hs_memory_deinit(struct hs_memory *memory);

/* The figure `name` of one snapshot, or HS_MEMORY_UNKNOWN. */
int64_t hs_memory_get(const struct hs_memory *memory, const char *name, size_t snapshot);

#endif
