/* Single references of single objects, straight from the reader: for the few look-ups that do not pay for a
 * graph. */
#ifndef HS_QUERY_FOLLOW_H
#define HS_QUERY_FOLLOW_H

#include "format/reader.h"

/* Pins the chunk of an object, to be released with hs_reader_release(), and gives the object's index in it.
 */
struct hs_error *hs_object_pin(struct hs_reader *reader, uint32_t object, const struct hs_chunk **ret,
                               uint32_t *ret_index) HS_MUST_CHECK;

/* What `object` refers to by the first of its references of this kind and name; HS_NO_OBJECT if there is
 * none. */
struct hs_error *hs_object_follow(struct hs_reader *reader, uint32_t object, enum hs_ref_kind kind,
                                  const char *name, size_t name_bytes, uint32_t *ret) HS_MUST_CHECK;

#endif
