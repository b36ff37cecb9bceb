/* The agent's stream in memory, checked once from end to end, and where everything stands in it.
 *
 * The stream is indexed while it arrives. Afterwards the objects have their numbers (by address rank) and can
 * be decoded in that order. Per object it takes 18 bytes beside the stream itself.
 */
#ifndef HS_DUMP_INDEX_H
#define HS_DUMP_INDEX_H

#include "dump/decode.h"
#include "dump/label_set.h"
#include "dump/rank.h"
#include "dump/variants.h"

struct hs_index_type {
    uint64_t granule; /* of the type object */
    uint8_t flags;    /* HS_STREAM_TYPE_* */
    bool opaque;
    struct hs_span name, module, qualname; /* set by hs_index_read() at the end: into the stream */
    uint64_t texts;                        /* offset of the three texts */
};

struct hs_index_shape {
    uint32_t type;
    uint8_t tail;
    uint32_t fields;
    size_t labels; /* first label number in index->field_label */
    uint32_t
        plain; /* variant of the objects without NULL and with no or a variable tail; HS_NO_LABEL: none yet */
};

/* Offsets of records, one by one. */
struct hs_offsets {
    uint64_t *at;
    size_t count;
    size_t capacity;
};

struct hs_value_at {
    uint64_t key;  /* granule of the object; its number after hs_index_read() */
    uint64_t text; /* offset of the text */
};

struct hs_index {
    uint8_t *bytes;
    size_t have;     /* bytes of the stream so far */
    size_t capacity; /* of bytes */
    size_t next;     /* the first record that is not indexed yet */
    bool ended;      /* END was seen */
    bool invalid;    /* more bytes would not help */

    struct hs_label_set labels;
    uint32_t *label; /* label number by the agent's number - 1 */
    uint32_t label_count;
    size_t label_capacity;
    struct hs_index_type *type;
    uint32_t types;
    size_t type_capacity;
    struct hs_index_shape *shape;
    uint32_t shapes;
    size_t shape_capacity;
    uint32_t *field_label; /* label numbers of all shapes' fields */
    size_t field_labels;
    size_t field_label_capacity;
    struct hs_variants variants;
    uint32_t *null; /* positions of the NULL fields of the object at hand */
    size_t null_capacity;

    struct hs_rank rank;
    uint32_t objects;
    uint64_t last_address; /* of the last OBJECT, in units of 8 bytes */
    uint64_t *where;       /* [objects] in stream order: offset of the record's body | HS_INDEX_ODD */
    size_t where_capacity;
    uint32_t *variant; /* [objects] in stream order */
    size_t variant_capacity;
    uint32_t *order; /* [objects] by id: position in stream order; set at the end */
    uint16_t *kind;  /* [objects] by id: the agent's shape, cut to 16 bits: equal for objects that are alike;
                        set at the end */
    uint64_t refs;   /* dsts that are not NULL */

    struct hs_value_at *value; /* ascending by id at the end, without those of unknown objects */
    size_t values;
    size_t value_capacity;
    struct hs_offsets
        record[HS_STREAM_TAGS]; /* bodies of ROOT, MODULE, THREAD, FRAME, FACT, TEXT, SITE by tag */

    uint32_t *site; /* [sites] in stream order of the objects: site + 1, 0 if none is told; later objects have
                       none */
    size_t sites;
    size_t site_capacity;
};

/* Set in where[] for an object whose address is an odd multiple of 8: the bitmap knows units of 16. */
#define HS_INDEX_ODD    (UINT64_C(1) << 63)
#define HS_INDEX_OFFSET (HS_INDEX_ODD - 1)

/* Told of the progress now and then. */
struct hs_progress {
    void (*tell)(void *context, uint64_t bytes, uint32_t objects); /* may be NULL */
    void *context;
};

/* Reads the stream from `fd` up to its END and indexes it. Fails unless it is complete and keeps its rules;
 * waits for the next byte at most `stall_ms`. Destroy with hs_index_deinit() in any case. */
struct hs_error *hs_index_read(struct hs_index *index, int fd, int stall_ms,
                               const struct hs_progress *progress) HS_MUST_CHECK;
void hs_index_deinit(struct hs_index *index);

/* The number of the object at an address given in units of 8 bytes; HS_NO_OBJECT if there is none. */
static inline uint32_t hs_index_find(const struct hs_index *index, uint64_t address)
{
    return hs_rank_find(&index->rank, address >> 1);
}

/* A cursor over the stream, standing at `offset`. */
static inline struct hs_cursor hs_index_cursor(const struct hs_index *index, uint64_t offset)
{
    struct hs_cursor cursor = hs_cursor(index->bytes, index->have, "stream");
    if (offset)
        cursor.next += offset;
    return cursor;
}

#endif
