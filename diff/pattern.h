/* Leaks that are known by sight, and what usually mends them.
 *
 * A pattern decorates a suspect that was found without it: nothing here decides what is listed or in which
 * order. To add one, add a row to the table in pattern.c, or to a file (pattern_table.h).
 */
#ifndef HS_DIFF_PATTERN_H
#define HS_DIFF_PATTERN_H

#include "diff/suspect.h"

/* Conditions are globs (fnmatch(3)), several of them separated by '|'; NULL holds always. All must hold. */
struct hs_pattern {
    const char *name;
    const char *advice;
    const char *kind;   /* of the suspect: "container", "thread" */
    const char *type;   /* what grows */
    const char *holder; /* path of the holder, or of the example where roots hold it */
    const char *by;     /* type of the holder */
    const char *inner;  /* from the holder to what grows: "[...].__self__" */
    const char *step;   /* type of a step of the chain to the example */
};

extern const struct hs_pattern hs_patterns[];
extern const size_t hs_patterns_count;

/* The first of `count` patterns that a suspect matches, NULL if it matches none. */
const struct hs_pattern *hs_pattern_find(const struct hs_pattern *pattern, size_t count,
                                         const struct hs_suspect *suspect);

#endif
