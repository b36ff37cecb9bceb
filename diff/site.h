/* Where the growing objects of each suspect were allocated, if the program traced that with tracemalloc. */
#ifndef HS_DIFF_SITE_H
#define HS_DIFF_SITE_H

#include "diff/compare.h"
#include "diff/suspect.h"

struct hs_site {
    char *at; /* "FILE:LINE", where most of them were; NULL if of none it is known */
    bool all; /* nine of ten of those of which it is known */
};
struct hs_sites {
    size_t count;
    struct hs_site *site; /* [count], of each suspect */
};

/* Looks at the objects of the last snapshot that are at the place of a suspect's example, at new ones where
 * that can be told. */
struct hs_error *hs_sites_find(const struct hs_loaded *last, const struct hs_compare *compare,
                               const struct hs_suspects *suspects, struct hs_sites *ret) HS_MUST_CHECK;
void hs_sites_deinit(struct hs_sites *sites);

#endif
