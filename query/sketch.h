/* What a picture shows, before anybody draws it: boxes that stand for one object or for many alike, arrows
 * that stand for one reference or for many, and what was left out, counted.
 *
 * A sketch knows nothing of snapshots or Graphviz. It is made by gather.h, made smaller here until it fits a
 * budget, and drawn by picture.h. Nothing is lost on the way: every reference that was counted into a sketch
 * is in an arrow, in the `more` of a box, or in the `inside` of one.
 */
#ifndef HS_QUERY_SKETCH_H
#define HS_QUERY_SKETCH_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HS_NO_BOX UINT32_MAX

/* How readily a box gives way. */
enum hs_plumbing {
    HS_PLUMBING_NONE = 0,
    HS_PLUMBING_ALWAYS, /* tuples and cells: whoever reads a picture looks through them */
    HS_PLUMBING_TIGHT,  /* lists, dicts and sets: where room is short */
};

struct hs_sketch_box {
    uint32_t object; /* the first of those that it stands for */
    uint64_t count;  /* how many; at least 1 */
    uint64_t fresh;  /* of them new since another snapshot */
    uint64_t bytes;  /* shallow, of all */
    uint32_t type;   /* number of the type of all */
    uint32_t level;  /* steps from what was asked about */
    enum hs_plumbing plumbing;
    bool target;     /* what was asked about */
    bool main;       /* on the way that explains */
    bool gone;       /* folded away or left out */
    uint64_t more;   /* references to it (or, `forward`, from it) that no arrow stands for */
    uint64_t inside; /* references among the objects of the box */
};

struct hs_sketch_arrow {
    uint32_t src, dst; /* boxes: holder, held */
    uint64_t count;    /* references that it stands for */
    uint64_t through;  /* boxes folded into it */
    char *exact;       /* the reference, if it is one: "[17]" */
    char *label;       /* of all, or the first two of them: "[...]", ".a, .b" */
    unsigned labels;   /* different ones, at most 3 */
    bool owning;       /* one of them at least */
    bool main;
    bool skip; /* stands for steps left out of a long chain, `through` of them */
};

struct hs_sketch {
    bool forward; /* spreads from holders to what they hold; else from an object to its holders */
    size_t boxes;
    struct hs_sketch_box *box; /* [boxes]; by number for good, those that are gone too */
    size_t arrows;
    struct hs_sketch_arrow *arrow; /* [arrows] */
    size_t boxes_room, arrows_room;
};

void hs_sketch_deinit(struct hs_sketch *sketch);
/* A copy of its own. Deinit also after an error. */
struct hs_error *hs_sketch_copy(const struct hs_sketch *from, struct hs_sketch *ret) HS_MUST_CHECK;

/* Adds a box; `ret` is its number. */
struct hs_error *hs_sketch_add(struct hs_sketch *sketch, const struct hs_sketch_box *box,
                               uint32_t *ret) HS_MUST_CHECK;

struct hs_sketch_label {
    const char *exact, *folded; /* "[17]", "[...]" */
    bool owning, main;
};
/* Counts one more reference from `src` to `dst`: into the arrow that there is, or a new one. With `apart`,
 * references with different labels get arrows of their own. Strings are copied. */
struct hs_error *hs_sketch_refer(struct hs_sketch *sketch, uint32_t src, uint32_t dst,
                                 const struct hs_sketch_label *label, bool apart) HS_MUST_CHECK;

/* Adds an arrow of the main way that stands for `through` steps not drawn. */
struct hs_error *hs_sketch_skip(struct hs_sketch *sketch, uint32_t src, uint32_t dst,
                                uint64_t through) HS_MUST_CHECK;

/* Boxes that are not gone. */
size_t hs_sketch_drawn(const struct hs_sketch *sketch);

/* Folds away boxes of plumbing, up to that kind, that only pass on: one arrow in, one out, nothing else about
 * them. Their two arrows become one: "._site_stack" and "[17]" are "._site_stack[17]". Those on the main way
 * only with `main`. */
struct hs_error *hs_sketch_fold(struct hs_sketch *sketch, enum hs_plumbing most, bool main) HS_MUST_CHECK;

/* Makes it at most `budget` boxes (at least 2). In this order, as far as it must: folds all plumbing beside
 * the main way, leaves out what is farthest from the target and not on that way, folds the plumbing on it,
 * leaves out its middle, for which an arrow stands that says how many steps there are. What is left out is
 * counted in `more`. */
struct hs_error *hs_sketch_fit(struct hs_sketch *sketch, size_t budget) HS_MUST_CHECK;

#endif
