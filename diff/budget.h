/* Where the memory went: the resident set of each snapshot in parts that add up to it, what their change
 * says, and the suspect that follows where memory grows that no Python object accounts for.
 */
#ifndef HS_DIFF_BUDGET_H
#define HS_DIFF_BUDGET_H

#include "diff/memory.h"
#include "diff/suspect.h"

enum hs_budget_part {
    HS_BUDGET_OBJECTS = 0, /* Python objects, as their allocators round them */
    HS_BUDGET_NATIVE,      /* allocated, or mapped for no file, and not by a Python object */
    HS_BUDGET_FREE,        /* free in the allocators, and still in memory: fragmentation */
    HS_BUDGET_MAPPINGS,    /* files (code and data of libraries), shared memory, stacks */
    HS_BUDGET_ABSENT,      /* allocated but not in memory, so less than 0: never touched, or swapped out */
    HS_BUDGET_UNEXPLAINED,
    HS_BUDGET_PARTS,
};

/* "objects", "native", "free", "mappings", "not_resident", "unexplained": the names in JSON. */
const char *hs_budget_part_name(enum hs_budget_part part);
/* What people are told that it is. */
const char *hs_budget_part_words(enum hs_budget_part part);

struct hs_budget {
    size_t snapshots; /* 0: a snapshot does not say enough, and nothing below is there */
    bool complete;    /* as struct hs_memory has it */
    int64_t *rss;     /* [snapshots], bytes */
    int64_t *part[HS_BUDGET_PARTS];
    int64_t rss_change; /* from the first snapshot to the last */
    int64_t change[HS_BUDGET_PARTS];
    bool steady;                 /* the resident set has hardly changed, so there is no verdict */
    enum hs_budget_part verdict; /* the part that changed most in the direction of the whole */
    uint64_t *native;            /* [snapshots], for the suspect: what grows, and its counts, which are 0 */
    uint64_t *none;
};

struct hs_error *hs_budget_read(const struct hs_memory *memory, struct hs_budget *ret) HS_MUST_CHECK;
void hs_budget_deinit(struct hs_budget *budget);

/* Appends a suspect if native memory grows, and all of the heaps was seen; it refers to the budget. The
 * places that objects grow in come first, since native memory mostly belongs to objects that a program holds
 * on to. */
void hs_budget_suspect(const struct hs_budget *budget, struct hs_suspects *suspects);

#endif
