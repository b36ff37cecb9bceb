/* Suspects: the places that grow, best first, each with the evidence that is shown for it. */
#ifndef HS_DIFF_SUSPECT_H
#define HS_DIFF_SUSPECT_H

#include "diff/compare.h"
#include "diff/content.h"
#include "diff/cut.h"
#include "diff/place.h"

/* Places that are listed. Garbage and native memory may come beside them. */
#define HS_SUSPECTS_MAX  10
#define HS_SUSPECTS_ROOM (HS_SUSPECTS_MAX + 2)

enum hs_suspect_kind {
    HS_SUSPECT_CONTAINER = 0, /* holds more and more objects */
    HS_SUSPECT_SIZE,          /* one object that only gets bigger */
    HS_SUSPECT_THREAD,        /* held by the stacks of more and more threads */
    HS_SUSPECT_EXTERNAL,      /* held by references that no object owns */
    HS_SUSPECT_GARBAGE,       /* cycles that the collector would free, if it were not off */
    HS_SUSPECT_NATIVE,        /* memory that no object accounts for */
};
/* "container", "size", "thread", "external", "garbage", "native". */
const char *hs_suspect_kind_name(enum hs_suspect_kind kind);

struct hs_suspect {
    enum hs_suspect_kind kind;
    enum hs_trend trend;
    const char *type;        /* what people would name; the groups' */
    const uint64_t *counts;  /* [snapshots] objects of it at that place; the groups' */
    const uint64_t *entries; /* [snapshots] what the holder holds; equal to counts if it holds them at once */
    const uint64_t *sizes;   /* [snapshots] their shallow bytes */
    int64_t objects;         /* more in the last snapshot than in the first */
    int64_t bytes;           /* kept alive more in the last than in the first, freed if the holder let go */
    struct hs_place place;
    struct hs_content content;
    size_t also_count;
    char *also[HS_CUT_ALSO]; /* paths of others that hold the objects too */
    double score;
    uint32_t candidate;
};

struct hs_suspects {
    size_t count;
    uint64_t *garbage;          /* what the suspect of kind garbage refers to */
    struct hs_suspect *suspect; /* [count] of HS_SUSPECTS_ROOM, best first */
    size_t rest_count;
    struct hs_suspect
        *rest; /* [rest_count] less than these, but no noise; with their places, without also and content */
    uint64_t minor; /* places that grow so little beside these that they are not listed */
    uint64_t imported_modules, imported_bytes;
};

struct hs_error *hs_suspects_find(const struct hs_loaded *loaded, size_t count,
                                  const struct hs_groups *groups, const struct hs_compare *compare,
                                  struct hs_suspects *ret) HS_MUST_CHECK;
/* The same with the rest: what is not listed, since it is so little beside the others or there are so
 * many. */
struct hs_error *hs_suspects_find_all(const struct hs_loaded *loaded, size_t count,
                                      const struct hs_groups *groups, const struct hs_compare *compare,
                                      struct hs_suspects *ret) HS_MUST_CHECK;
/* Of the listed places the first whose objects come in step with suspect number `which`, which grows in
 * bytes: in every step the same bytes for each, give or take a fifth. So native memory has its Python face,
 * as when an extension's objects own it. The number of suspects if there is none, or one step only. */
size_t hs_suspects_in_step(const struct hs_suspects *suspects, size_t which, size_t snapshots);
void hs_suspects_deinit(struct hs_suspects *suspects);

#endif
