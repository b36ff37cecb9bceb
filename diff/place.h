/* From a growing group to the objects, paths and chains that are shown for it, in the last snapshot. */
#ifndef HS_DIFF_PLACE_H
#define HS_DIFF_PLACE_H

#include "diff/compare.h"
#include "diff/grow.h"
#include "query/chain.h"

struct hs_place {
    uint32_t holder;  /* object, HS_NO_OBJECT if roots hold what grows */
    uint64_t alike;   /* holders among which the growth is spread; 1 if one holds most of it */
    uint64_t address; /* of the holder */
    const char *type; /* of the holder; the groups' */
    char *path;       /* of the holder; NULL without one */
    char *pattern;    /* the path of all holders alike: "app.pool[...].log"; NULL if alike is 1 */
    char *inner;      /* from the holder to the named objects: "[...]", "[...].__self__" */
    uint32_t example; /* one of the named objects, a new one if possible */
    char *example_path;
    struct hs_chain chain; /* to the example */
};
void hs_place_deinit(struct hs_place *place);

/* Places of `count` candidates (`number`: which of growth->candidate), `ret` is [count],
 * each to be deinited also after an error. */
struct hs_error *hs_places_find(const struct hs_loaded *last, const struct hs_groups *groups,
                                const struct hs_compare *compare, const struct hs_growth *growth,
                                const uint32_t *number, size_t count, struct hs_place *ret) HS_MUST_CHECK;

/* The object that holds another in the explaining tree, a __dict__ being its owner; HS_NO_OBJECT for
 * roots. */
uint32_t hs_place_holder(const struct hs_loaded *loaded, const struct hs_groups *groups, uint32_t object);

/* Makes `holder` the holder of a place that has none. */
struct hs_error *hs_place_set_holder(const struct hs_loaded *loaded, const struct hs_groups *groups,
                                     uint32_t holder, struct hs_place *place) HS_MUST_CHECK;

/* The path of the object that people would name in place of `object`: the owner of a __dict__, and of fields
 * without a name. malloc'ed. */
struct hs_error *hs_place_path(const struct hs_loaded *loaded, const struct hs_groups *groups,
                               uint32_t object, char **ret) HS_MUST_CHECK;
/* The path that all objects at the place of `object` have in common: that of the nearest one above that is
 * the only one at its own place, and the steps from there, "app.pool[...].log". malloc'ed. */
struct hs_error *hs_place_pattern(const struct hs_loaded *loaded, const struct hs_groups *groups,
                                  uint32_t object, char **ret) HS_MUST_CHECK;

/* Of the objects of a line or tree that fold onto one group, the one that `object` hangs below and that is
 * held from outside; else `object` itself. */
uint32_t hs_place_outermost(const struct hs_loaded *loaded, const struct hs_groups *groups, uint32_t object);

/* What a root is called: "<local job of serve() in thread MainThread>". malloc'ed. */
struct hs_error *hs_place_root(const struct hs_loaded *loaded, uint32_t root, char **ret) HS_MUST_CHECK;

#endif
