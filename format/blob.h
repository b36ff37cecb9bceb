/* zlib streams of declared size and checksum. */
#ifndef HS_FORMAT_BLOB_H
#define HS_FORMAT_BLOB_H

#include "format/buffer.h"

/* Ceiling of one blob before compression: 32 bits count its bytes. Snapshots of real programs stay below some
 * megabytes a chunk; a list of 800 million items would pass it. */
#define HS_BLOB_MAX UINT32_MAX

/* Deflate cannot pack more than 1032 bytes into one (zlib, "Technical Details"); a declared size beyond that
 * is a lie. */
#define HS_BLOB_RATIO 1032

struct hs_deflater;

struct hs_error *hs_deflater_create(int level, struct hs_deflater **ret) HS_MUST_CHECK;
void hs_deflater_destroy(struct hs_deflater *deflater);
/* Replaces what is in `ret` by the zlib stream of `data`; `ret_crc`: CRC-32 of the data. */
struct hs_error *hs_deflater_run(struct hs_deflater *deflater, const void *data, size_t bytes,
                                 struct hs_buffer *ret, uint32_t *ret_crc) HS_MUST_CHECK;

/* Inflates to exactly `raw_bytes` with that checksum, or fails. `ret` is malloc'ed. */
struct hs_error *hs_blob_inflate(const void *data, size_t bytes, uint64_t raw_bytes, uint32_t crc,
                                 const char *name, uint8_t **ret) HS_MUST_CHECK;

#endif
