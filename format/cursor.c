#include "format/cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct hs_error *hs_cursor_error(const struct hs_cursor *cursor, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = NULL;
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    struct hs_error *error = message
                                 ? hs_error_corrupt(hs_cursor_offset(cursor), "%s: %s", cursor->name, message)
                                 : &hs_error_memory;
    free(message);
    return error;
}

struct hs_error *hs_cursor_bytes(struct hs_cursor *cursor, uint64_t bytes, const uint8_t **ret)
{
    if (bytes > hs_cursor_left(cursor))
        return hs_cursor_error(cursor, "%llu bytes expected, %zu left", (unsigned long long)bytes,
                               hs_cursor_left(cursor));
    *ret = cursor->next;
    cursor->next += bytes;
    return NULL;
}

struct hs_error *hs_cursor_byte(struct hs_cursor *cursor, uint8_t *ret)
{
    const uint8_t *at;
    struct hs_error *error = hs_cursor_bytes(cursor, 1, &at);
    if (!error)
        *ret = *at;
    return error;
}

struct hs_error *hs_cursor_le16(struct hs_cursor *cursor, uint16_t *ret)
{
    const uint8_t *at;
    struct hs_error *error = hs_cursor_bytes(cursor, 2, &at);
    if (!error)
        *ret = (uint16_t)(at[0] | at[1] << 8);
    return error;
}

struct hs_error *hs_cursor_varint_long(struct hs_cursor *cursor, uint64_t *ret)
{
    uint64_t value = 0;
    unsigned shift = 0;
    for (const uint8_t *at = cursor->next; at < cursor->end; at++) {
        uint64_t group = *at & 0x7f;
        if (shift > 63 || (shift == 63 && group > 1))
            return hs_cursor_error(cursor, "a number of more than 64 bits");
        value |= group << shift;
        if (*at < 0x80) {
            cursor->next = at + 1;
            *ret = value;
            return NULL;
        }
        shift += 7;
    }
    return hs_cursor_error(cursor, "ends within a number");
}

struct hs_error *hs_cursor_varint_max(struct hs_cursor *cursor, uint64_t limit, const char *what,
                                      uint64_t *ret)
{
    struct hs_cursor before = *cursor;
    uint64_t value;
    struct hs_error *error = hs_cursor_varint(cursor, &value);
    if (error)
        return error;
    if (value > limit) {
        *cursor = before;
        return hs_cursor_error(cursor, "%s is %llu, more than %llu", what, (unsigned long long)value,
                               (unsigned long long)limit);
    }
    *ret = value;
    return NULL;
}

struct hs_error *hs_cursor_count(struct hs_cursor *cursor, size_t least, const char *what, uint32_t *ret)
{
    struct hs_cursor before = *cursor;
    uint64_t value;
    struct hs_error *error = hs_cursor_varint_max(cursor, UINT32_MAX, what, &value);
    if (error)
        return error;
    if (value > hs_cursor_left(cursor) / least) {
        size_t left = hs_cursor_left(cursor);
        *cursor = before;
        return hs_cursor_error(cursor, "%s is %llu, but only %zu bytes follow", what,
                               (unsigned long long)value, left);
    }
    *ret = (uint32_t)value;
    return NULL;
}

struct hs_error *hs_cursor_finish(const struct hs_cursor *cursor)
{
    if (cursor->next == cursor->end)
        return NULL;
    return hs_cursor_error(cursor, "%zu bytes too many", hs_cursor_left(cursor));
}
