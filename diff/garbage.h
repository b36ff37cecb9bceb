/* Garbage: what no root reaches. Objects held by C code are roots, so that only cycles are left that wait for
 * the collector. That is no leak, unless nobody runs the collector. */
#ifndef HS_DIFF_GARBAGE_H
#define HS_DIFF_GARBAGE_H

#include "diff/suspect.h"

/* Fills in loaded->garbage, when the objects are signed. */
struct hs_error *hs_garbage_count(struct hs_loaded *loaded) HS_MUST_CHECK;
void hs_garbage_deinit(struct hs_garbage *garbage);

/* The suspect for garbage that piles up because the program has switched its collector off; *ret_found is
 * false if there is none. `values` is the caller's, [2 * count], and the suspect refers to it. */
struct hs_error *hs_garbage_suspect(const struct hs_loaded *loaded, size_t count, uint64_t *values,
                                    struct hs_suspect *ret, bool *ret_found) HS_MUST_CHECK;

#endif
