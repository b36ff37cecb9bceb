/* What a growing thing of a library carries of the program's own: the Session that a TimerHandle is to call,
 * the Page in a suspended generator. People know their own classes by name. */
#ifndef HS_DIFF_CONTENT_H
#define HS_DIFF_CONTENT_H

#include "diff/place.h"

struct hs_content {
    const char *type; /* a class of the program, or of a package if it has none there; NULL: none found */
    const uint64_t *counts; /* [snapshots] objects of it at that place; the groups' */
    struct hs_chain chain;  /* from the root by the example of the place to one in it */
};
void hs_content_deinit(struct hs_content *content);

/* What `count` growing things carry. `named[i]`: the group of what grows, `example[i]`: one object of it in
 * the last snapshot or HS_NO_OBJECT. Things that are the program's own carry nothing here. `ret` is [count],
 * each to be deinited also after an error. */
struct hs_error *hs_contents_find(const struct hs_loaded *last, const struct hs_groups *groups,
                                  const uint32_t *named, const uint32_t *example, size_t count,
                                  struct hs_content *ret) HS_MUST_CHECK;

#endif
