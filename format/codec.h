/* Chunks as bytes: the columns of consecutive objects and of their references (SPEC.md, "Chunks").
 *
 * A codec holds scratch memory that is used again from chunk to chunk; it serves one thread. Its size depends
 * on the largest chunk met, not on the number of chunks.
 */
#ifndef HS_FORMAT_CODEC_H
#define HS_FORMAT_CODEC_H

#include "format/shapes.h"

struct hs_codec;

struct hs_error *hs_codec_create(struct hs_codec **ret) HS_MUST_CHECK;
void hs_codec_destroy(struct hs_codec *codec);

/* Appends the two parts of a chunk; `refs` stays as it is if there are none. Refuses, as HS_ERROR_CORRUPT
 * that names the object, what the tables of shapes and labels do not allow, and addresses that do not ascend.
 */
struct hs_error *hs_codec_encode(struct hs_codec *codec, const struct hs_shapes *shapes,
                                 const struct hs_labels *labels, const struct hs_chunk *chunk,
                                 struct hs_buffer *objects, struct hs_buffer *refs) HS_MUST_CHECK;

/* Fills the arrays of `chunk`, whose first and count are set and whose arrays have room for count objects:
 * everything but dst and label. `refs`: how many references must come out. All of the cursor is read. */
struct hs_error *hs_codec_decode_objects(struct hs_codec *codec, const struct hs_shapes *shapes,
                                         uint64_t refs, struct hs_cursor *cursor,
                                         struct hs_chunk *chunk) HS_MUST_CHECK;

/* Whether a shape in `chunk`, whose objects are decoded, has a labelled tail: then decoding its references
 * needs chunk->label. */
bool hs_codec_has_labels(const struct hs_shapes *shapes, const struct hs_chunk *chunk);

/* Fills dst, and label if it is not NULL, both [chunk->ref_start[chunk->count]]. `objects`: how many there
 * are in the snapshot. */
struct hs_error *hs_codec_decode_refs(struct hs_codec *codec, const struct hs_shapes *shapes,
                                      const struct hs_labels *labels, uint32_t objects,
                                      struct hs_cursor *cursor, struct hs_chunk *chunk) HS_MUST_CHECK;

#endif
