/* The references of one indexed object, one by one, in the stream's order. */
#ifndef HS_DUMP_REFS_H
#define HS_DUMP_REFS_H

#include "dump/index.h"

/* Labels of references in tails that need none in a shape; beside the numbers of struct hs_label_set. */
enum hs_tail_label {
    HS_LABEL_ITEM = 0,
    HS_LABEL_KEY,
    HS_LABEL_VALUE,
    HS_LABEL_INTERNAL,
    HS_TAIL_LABELS,
};

struct hs_refs {
    const struct hs_index *index;
    const struct hs_index_shape *shape;
    struct hs_cursor cursor;
    uint64_t granule; /* of the object */
    uint32_t field;   /* the next one */
    uint64_t run;     /* entries left in this run of the tail */
    bool more;        /* another run follows */
    bool second;      /* the next dst is the value of a pair */
};

struct hs_stream_ref {
    uint64_t granule; /* HS_NO_GRANULE for NULL */
    bool in_tail;
    uint32_t label; /* number of the label; in a tail that is not labelled, an enum hs_tail_label */
};

/* `cursor` stands behind the head of the object at `granule`. */
static inline struct hs_refs hs_refs(const struct hs_index *index, const struct hs_index_shape *shape,
                                     struct hs_cursor cursor, uint64_t granule)
{
    return (struct hs_refs){.index = index,
                            .shape = shape,
                            .cursor = cursor,
                            .granule = granule,
                            .more = shape->tail != HS_TAIL_NONE};
}

/* Gives the next reference; *ret_any is false when there is none. */
struct hs_error *hs_refs_next(struct hs_refs *refs, struct hs_stream_ref *ret, bool *ret_any) HS_MUST_CHECK;

#endif
