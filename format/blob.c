#include "format/blob.h"

#include <stdbool.h>

#include <stdlib.h>
#include <zlib.h>

/* zlib's defaults but for the memory: less of it makes shorter blocks, each with codes of its own, which
 * suits columns that follow one another. */
#define WINDOW_BITS  15
#define MEMORY_LEVEL 7

struct hs_deflater {
    z_stream stream;
};

struct hs_error *hs_deflater_create(int level, struct hs_deflater **ret)
{
    struct hs_deflater *deflater = calloc(1, sizeof(*deflater));
    if (!deflater)
        return &hs_error_memory;
    if (deflateInit2(&deflater->stream, level, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        free(deflater);
        return &hs_error_memory;
    }
    *ret = deflater;
    return NULL;
}

void hs_deflater_destroy(struct hs_deflater *deflater)
{
    if (!deflater)
        return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

struct hs_error *hs_deflater_run(struct hs_deflater *deflater, const void *data, size_t bytes,
                                 struct hs_buffer *ret, uint32_t *ret_crc)
{
    if (bytes > HS_BLOB_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "a chunk of %zu bytes, more than %u", bytes, HS_BLOB_MAX);
    z_stream *stream = &deflater->stream;
    deflateReset(stream);
    uLong bound = deflateBound(stream, bytes);
    ret->bytes = 0;
    struct hs_error *error = hs_buffer_reserve(ret, bound);
    if (error)
        return error;
    if (bound > UINT32_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "a chunk of %zu bytes is too large to compress", bytes);
    stream->next_in = (Bytef *)(uintptr_t)data;
    stream->avail_in = (uInt)bytes;
    stream->next_out = ret->data;
    stream->avail_out = (uInt)bound;
    if (deflate(stream, Z_FINISH) != Z_STREAM_END)
        return hs_error_create(HS_ERROR_LIMIT, "zlib cannot compress a chunk of %zu bytes", bytes);
    ret->bytes = bound - stream->avail_out;
    *ret_crc = bytes ? (uint32_t)crc32_z(0, data, bytes) : 0;
    return NULL;
}

static struct hs_error *inflate_into(const void *data, size_t bytes, uint8_t *raw, uint32_t raw_bytes,
                                     const char *name)
{
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)bytes};
    if (inflateInit(&stream) != Z_OK)
        return &hs_error_memory;
    stream.next_out = raw;
    stream.avail_out = raw_bytes;
    int status = inflate(&stream, Z_FINISH);
    uint64_t offset = bytes - stream.avail_in;
    bool whole = status == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    struct hs_error *error = NULL;
    if (status == Z_MEM_ERROR)
        error = &hs_error_memory;
    else if (!whole)
        error = hs_error_corrupt(offset, "%s: its compressed data are damaged%s%s", name,
                                 stream.msg ? ": " : "", stream.msg ? stream.msg : "");
    inflateEnd(&stream);
    return error;
}

struct hs_error *hs_blob_inflate(const void *data, size_t bytes, uint64_t raw_bytes, uint32_t crc,
                                 const char *name, uint8_t **ret)
{
    if (bytes > UINT32_MAX || raw_bytes > HS_BLOB_MAX || raw_bytes / HS_BLOB_RATIO > bytes)
        return hs_error_create(HS_ERROR_CORRUPT, "%s: %zu bytes cannot hold the %llu declared", name, bytes,
                               (unsigned long long)raw_bytes);
    uint8_t *raw = malloc(raw_bytes ? raw_bytes : 1);
    if (!raw)
        return &hs_error_memory;
    struct hs_error *error = inflate_into(data, bytes, raw, (uint32_t)raw_bytes, name);
    if (!error && (uint32_t)crc32_z(0, raw, raw_bytes) != crc)
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: its checksum is wrong", name);
    if (error) {
        free(raw);
        return error;
    }
    *ret = raw;
    return NULL;
}
