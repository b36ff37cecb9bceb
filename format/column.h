/* Columns: runs of numbers of one kind, each written in the cheapest of several forms (SPEC.md, "Columns").
 *
 * A column of two or more starts with a byte that names its form; a column of one is that number alone, a
 * column of none is nothing. The forms and their order are part of the file format.
 */
#ifndef HS_FORMAT_COLUMN_H
#define HS_FORMAT_COLUMN_H

#include "format/cursor.h"

/* Forms of a column of numbers. `base` is another column of the same objects (their lengths), which some
 * forms predict from. */
enum hs_number_form {
    HS_NUMBER_PLAIN = 0, /* a varint each */
    HS_NUMBER_SAME,      /* one varint, which all are */
    HS_NUMBER_DELTA,     /* a zigzag varint each: difference to the one before, 0 before the first */
    HS_NUMBER_WORD,      /* two bytes each */
    HS_NUMBER_BASE_1,    /* residuals to base * 1, 2, 4, 8: a zigzag varint each, difference to the residual
                            before */
    HS_NUMBER_BASE_2,
    HS_NUMBER_BASE_4,
    HS_NUMBER_BASE_8,
    HS_NUMBER_SAME_BASE_1, /* the same with one residual, which all have */
    HS_NUMBER_SAME_BASE_2,
    HS_NUMBER_SAME_BASE_4,
    HS_NUMBER_SAME_BASE_8,
    HS_NUMBER_FORMS,
};

/* Forms of a column of references; src is the object that holds each. */
enum hs_ref_form {
    HS_REFS_OWNER = 0, /* zigzag(dst - src) */
    HS_REFS_PREVIOUS,  /* zigzag(dst - the dst before), 0 before the first */
    HS_REFS_SECOND,    /* zigzag(dst - src - (the same of the reference before)), 0 before the first */
    HS_REFS_ABSOLUTE,  /* dst */
    HS_REFS_SIBLING,   /* zigzag(dst - sibling): the dst of the same object in the column before */
    HS_REFS_STREAMS,   /* a byte each, the stream; then zigzag(dst - the end of that stream) each */
    HS_REFS_FORMS,
};

/* Objects of one shape play several roles: dicts that are namespaces, dicts that are rows. Roles take
 * turns, and each has its own run of destinations: so a reference can be said to continue one of several
 * streams. Stream 0 ends where its object stands, stream 1 at its sibling (or nowhere, if there is none),
 * the others at the last dst that was said to be theirs, 0 at first.
 */
#define HS_REF_STREAMS        8
#define HS_REF_STREAM_OWNER   0
#define HS_REF_STREAM_SIBLING 1

/* `base` is [count], or NULL: then the forms that need it are neither chosen nor accepted. */
struct hs_error *hs_column_put_numbers(struct hs_buffer *buffer, const uint64_t *number, const uint64_t *base,
                                       size_t count) HS_MUST_CHECK;
struct hs_error *hs_column_get_numbers(struct hs_cursor *cursor, uint64_t *number, const uint64_t *base,
                                       size_t count) HS_MUST_CHECK;

/* `src` is [count]: the object that holds each; `sibling` too, or NULL if the object has no column before
 * this one. */
struct hs_error *hs_column_put_refs(struct hs_buffer *buffer, const uint32_t *dst, const uint32_t *src,
                                    const uint32_t *sibling, size_t count) HS_MUST_CHECK;
/* Every dst is below `objects`, or it is an error. */
struct hs_error *hs_column_get_refs(struct hs_cursor *cursor, uint32_t *dst, const uint32_t *src,
                                    const uint32_t *sibling, size_t count, uint32_t objects) HS_MUST_CHECK;

#endif
