/* The tables of labels and of shapes, and their form in the file (SPEC.md, "Labels" and "Shapes"). */
#ifndef HS_FORMAT_SHAPES_H
#define HS_FORMAT_SHAPES_H

#include "format/cursor.h"
#include "format/snapshot.h"

struct hs_labels {
    struct hs_label *label; /* [count], names owned */
    uint32_t count;
    uint32_t capacity;
};

struct hs_shapes {
    struct hs_shape *shape; /* [count], label arrays owned */
    uint32_t count;
    uint32_t capacity;
};

/* All-zero structures are empty tables. */
void hs_labels_deinit(struct hs_labels *labels);
void hs_shapes_deinit(struct hs_shapes *shapes);

/* Appends a copy. A name is made valid UTF-8; an unknown kind is refused. */
struct hs_error *hs_labels_add(struct hs_labels *labels, const struct hs_label *label,
                               uint32_t *ret) HS_MUST_CHECK;
/* Appends a copy. Labels beyond `labels`, an unknown tail and an odd tail of pairs are refused. */
struct hs_error *hs_shapes_add(struct hs_shapes *shapes, const struct hs_labels *labels,
                               const struct hs_shape *shape, uint32_t *ret) HS_MUST_CHECK;

/* References in a tail per entry as the file counts them: 2 for pairs, else 1. */
static inline uint32_t hs_tail_width(unsigned tail)
{
    return tail == HS_TAIL_PAIR ? 2 : 1;
}

static inline bool hs_shape_is_variable(const struct hs_shape *shape)
{
    return shape->tail != HS_TAIL_NONE && shape->tail_refs == HS_TAIL_VARIABLE;
}

/* References of an object of this shape that has no variable tail, the implied one to its type not counted.
 */
static inline uint64_t hs_shape_fixed_refs(const struct hs_shape *shape)
{
    uint64_t tail = shape->tail == HS_TAIL_NONE || hs_shape_is_variable(shape) ? 0 : shape->tail_refs;
    return shape->fields + tail;
}

struct hs_error *hs_labels_encode(const struct hs_labels *labels, struct hs_buffer *buffer) HS_MUST_CHECK;
struct hs_error *hs_shapes_encode(const struct hs_shapes *shapes, struct hs_buffer *buffer) HS_MUST_CHECK;
/* Into empty tables; all of the cursor is read. `types`: how many there are. */
struct hs_error *hs_labels_decode(struct hs_labels *labels, struct hs_cursor *cursor) HS_MUST_CHECK;
struct hs_error *hs_shapes_decode(struct hs_shapes *shapes, const struct hs_labels *labels, uint32_t types,
                                  struct hs_cursor *cursor) HS_MUST_CHECK;

#endif
