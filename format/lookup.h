/* What a snapshot's file does not store because it is quickly made: indexes over its objects and references.
 *
 *   address -> object    ids are address ranks: binary search, first over the chunks, then inside one
 *   type    -> objects   the ids of each type, ascending
 *   object  -> referrers the reverse of refs, compressed sparse rows
 *
 * Each is made at its first use and then kept. Memory: 8 bytes a chunk; 8 bytes an object; 4 bytes an object
 * and 8 a reference. Not for use by two threads at once, as the reader is not.
 */
#ifndef HS_FORMAT_LOOKUP_H
#define HS_FORMAT_LOOKUP_H

#include "format/error.h"
#include "format/reader.h"

/* One reference seen from its destination: the holder, and which of its references it is (hs_chunk_ref). */
struct hs_referrer {
    uint32_t src;
    uint32_t position;
};

#define HS_LARGE UINT32_MAX

struct hs_lookup {
    struct hs_reader *reader; /* not owned */
    uint32_t objects;
    uint32_t types;
    uint32_t chunks;

    uint32_t *name_bytes; /* [types] length of hs_type.name */
    uint32_t *by_name;    /* [types] type numbers in order of (name, number), names compared bytewise */

    uint64_t *chunk_address; /* [chunks] address of the first object; UINT64_MAX while unknown */

    uint32_t *type_start;  /* [types + 1] into type_object; NULL until hs_lookup_need_types() */
    uint32_t *type_object; /* [objects] ids, by type number and then ascending */
    uint32_t *type_size;   /* [objects] their shallow bytes, HS_LARGE for UINT32_MAX and more: in this order a
                              sum by   type reads memory once from end to end, and not once for each type */

    uint16_t *shape_kinds; /* [shapes_known] which kinds of references objects of a shape may have: bits 1 <<
                              enum hs_ref_kind; see hs_lookup_learn_shapes() */
    uint32_t shapes_known;

    uint32_t *in_start;     /* [objects + 1] into in; NULL until hs_lookup_need_referrers() */
    struct hs_referrer *in; /* [refs] by destination, then by holder and position */
};

struct hs_error *hs_lookup_init(struct hs_lookup *lookup, struct hs_reader *reader) HS_MUST_CHECK;
void hs_lookup_deinit(struct hs_lookup *lookup);

/* Completes shape_kinds, if shapes have become known: those of a plain file do so chunk by chunk. */
struct hs_error *hs_lookup_learn_shapes(struct hs_lookup *lookup) HS_MUST_CHECK;

struct hs_error *hs_lookup_need_types(struct hs_lookup *lookup) HS_MUST_CHECK;
struct hs_error *hs_lookup_need_referrers(struct hs_lookup *lookup) HS_MUST_CHECK;

/* The types called `name` are by_name[first .. end - 1]; several may share a name. */
void hs_lookup_types_named(const struct hs_lookup *lookup, const char *name, size_t bytes,
                           uint32_t *ret_first, uint32_t *ret_end);

/* The first object whose address is not below `address`; `objects` if there is none. `near` is a pinned chunk
 * to look into first, replaced (released, and another pinned) when the answer lies elsewhere; it starts as
 * NULL and the caller releases what is left in it. */
struct hs_error *hs_lookup_address(struct hs_lookup *lookup, uint64_t address, const struct hs_chunk **near,
                                   uint32_t *ret) HS_MUST_CHECK;

/* Makes `*pinned` the chunk that holds `object`, with at least `parts`; releases the one before. A chunk
 * pinned through this must always be asked for the same parts. */
struct hs_error *hs_lookup_pin(struct hs_reader *reader, uint32_t object, unsigned parts,
                               const struct hs_chunk **pinned) HS_MUST_CHECK;
/* Releases *pinned, if any, and makes it NULL. */
void hs_lookup_unpin(struct hs_reader *reader, const struct hs_chunk **pinned);

static inline bool hs_chunk_has(const struct hs_chunk *chunk, uint32_t object)
{
    return chunk && object - chunk->first < chunk->count;
}

#endif
