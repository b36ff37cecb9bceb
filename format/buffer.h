/* A growable run of bytes: what encoders write into. */
#ifndef HS_FORMAT_BUFFER_H
#define HS_FORMAT_BUFFER_H

#include "format/error.h"

#include <stddef.h>
#include <string.h>

/* Longest varint: 64 bits in groups of seven. */
#define HS_VARINT_BYTES 10

struct hs_buffer {
    uint8_t *data; /* NULL while empty */
    size_t bytes;
    size_t capacity;
};

/* An all-zero hs_buffer is an empty one; hs_buffer_deinit() frees the memory and makes it empty again. */
void hs_buffer_deinit(struct hs_buffer *buffer);

/* Makes room for `bytes` more. */
struct hs_error *hs_buffer_reserve(struct hs_buffer *buffer, size_t bytes) HS_MUST_CHECK;

struct hs_error *hs_buffer_append(struct hs_buffer *buffer, const void *data, size_t bytes) HS_MUST_CHECK;
struct hs_error *hs_buffer_byte(struct hs_buffer *buffer, uint8_t byte) HS_MUST_CHECK;
struct hs_error *hs_buffer_varint(struct hs_buffer *buffer, uint64_t value) HS_MUST_CHECK;

/* Maps small numbers of either sign to small ones without: 0, -1, 1, -2 ... to 0, 1, 2, 3 ... */
static inline uint64_t hs_zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
}

static inline int64_t hs_unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

/* Writes `value` at `at`, where HS_VARINT_BYTES are free, and gives the byte after it. */
static inline uint8_t *hs_varint_put(uint8_t *at, uint64_t value)
{
    while (value >= 0x80) {
        *at++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *at++ = (uint8_t)value;
    return at;
}

static inline void hs_put_le16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static inline void hs_put_le32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static inline void hs_put_le64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

#endif
