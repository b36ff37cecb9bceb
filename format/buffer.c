#include "format/buffer.h"

#include <stdlib.h>

void hs_buffer_deinit(struct hs_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct hs_buffer){0};
}

struct hs_error *hs_buffer_reserve(struct hs_buffer *buffer, size_t bytes)
{
    if (bytes <= buffer->capacity - buffer->bytes)
        return NULL;
    size_t needed;
    if (__builtin_add_overflow(buffer->bytes, bytes, &needed) || needed > SIZE_MAX / 2)
        return &hs_error_memory;
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < needed)
        capacity *= 2;
    uint8_t *data = realloc(buffer->data, capacity);
    if (!data)
        return &hs_error_memory;
    buffer->data = data;
    buffer->capacity = capacity;
    return NULL;
}

struct hs_error *hs_buffer_append(struct hs_buffer *buffer, const void *data, size_t bytes)
{
    struct hs_error *error = hs_buffer_reserve(buffer, bytes);
    if (error || bytes == 0)
        return error;
    memcpy(buffer->data + buffer->bytes, data, bytes);
    buffer->bytes += bytes;
    return NULL;
}

struct hs_error *hs_buffer_byte(struct hs_buffer *buffer, uint8_t byte)
{
    return hs_buffer_append(buffer, &byte, 1);
}

struct hs_error *hs_buffer_varint(struct hs_buffer *buffer, uint64_t value)
{
    struct hs_error *error = hs_buffer_reserve(buffer, HS_VARINT_BYTES);
    if (error)
        return error;
    buffer->bytes = (size_t)(hs_varint_put(buffer->data + buffer->bytes, value) - buffer->data);
    return NULL;
}
