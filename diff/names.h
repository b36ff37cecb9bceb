/* Texts numbered 0, 1, 2 ... in order of first appearance, each kept once. */
#ifndef HS_DIFF_NAMES_H
#define HS_DIFF_NAMES_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hs_names {
    uint32_t count;
    char **text;      /* [count], NUL-terminated (a text may hold NULs before that) */
    uint32_t *bytes;  /* [count] */
    uint32_t *bucket; /* open addressing: number + 1, 0 is free */
    uint32_t buckets; /* a power of two, or 0 */
    uint32_t capacity;
};

/* An all-zero struct is an empty table. */
void hs_names_deinit(struct hs_names *names);

/* The number of `text` of `bytes` bytes, which is copied when it is new. */
struct hs_error *hs_names_add(struct hs_names *names, const char *text, uint32_t bytes,
                              uint32_t *ret) HS_MUST_CHECK;

#endif
