/* The one way to read foreign bytes: a cursor that never leaves them.
 *
 * Every error is HS_ERROR_CORRUPT and names what was being read and the byte offset. A cursor does not own
 * its bytes; after an error it stands where the thing that could not be read begins.
 */
#ifndef HS_FORMAT_CURSOR_H
#define HS_FORMAT_CURSOR_H

#include "format/buffer.h"

struct hs_cursor {
    const uint8_t *start;
    const uint8_t *next;
    const uint8_t *end;
    const char *name; /* of the bytes, for errors: "objects of chunk 3" */
};

/* `name` must outlive the cursor. */
static inline struct hs_cursor hs_cursor(const void *data, size_t bytes, const char *name)
{
    const uint8_t *start = data;
    return (struct hs_cursor){
        .start = start, .next = start, .end = start ? start + bytes : start, .name = name};
}

static inline size_t hs_cursor_left(const struct hs_cursor *cursor)
{
    return (size_t)(cursor->end - cursor->next);
}

static inline uint64_t hs_cursor_offset(const struct hs_cursor *cursor)
{
    return (uint64_t)(cursor->next - cursor->start);
}

/* HS_ERROR_CORRUPT at the cursor's place: "NAME: MESSAGE (at byte N)". */
struct hs_error *hs_cursor_error(const struct hs_cursor *cursor, const char *format, ...)
    HS_PRINTF(2, 3) HS_NONNULL_RESULT;

struct hs_error *hs_cursor_byte(struct hs_cursor *cursor, uint8_t *ret) HS_MUST_CHECK;
struct hs_error *hs_cursor_le16(struct hs_cursor *cursor, uint16_t *ret) HS_MUST_CHECK;

/* `ret` points into the cursor's bytes. */
struct hs_error *hs_cursor_bytes(struct hs_cursor *cursor, uint64_t bytes, const uint8_t **ret) HS_MUST_CHECK;

struct hs_error *hs_cursor_varint_long(struct hs_cursor *cursor, uint64_t *ret) HS_MUST_CHECK;

/* An LEB128 number of at most 64 bits. */
static inline struct hs_error *HS_MUST_CHECK hs_cursor_varint(struct hs_cursor *cursor, uint64_t *ret)
{
    if (cursor->next < cursor->end && *cursor->next < 0x80) {
        *ret = *cursor->next++;
        return NULL;
    }
    return hs_cursor_varint_long(cursor, ret);
}

/* A varint that is at most `limit`; `what` names it in the error: "shape". */
struct hs_error *hs_cursor_varint_max(struct hs_cursor *cursor, uint64_t limit, const char *what,
                                      uint64_t *ret) HS_MUST_CHECK;

/* A count of things each of which takes at least `least` bytes (1 or more) of what is left: so it may be
 * believed before memory is allocated for it. */
struct hs_error *hs_cursor_count(struct hs_cursor *cursor, size_t least, const char *what,
                                 uint32_t *ret) HS_MUST_CHECK;

/* Fails unless all has been read. */
struct hs_error *hs_cursor_finish(const struct hs_cursor *cursor) HS_MUST_CHECK;

#endif
