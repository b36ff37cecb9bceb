/* Reads the parts of the agent's records (dump/agent/stream.h): objects, references, texts.
 *
 * A cursor starts at the first byte of the stream, so that errors name stream offsets.
 */
#ifndef HS_DUMP_DECODE_H
#define HS_DUMP_DECODE_H

#include "dump/agent/stream.h"
#include "format/cursor.h"
#include "format/snapshot.h"

/* No text of a stream (a name, a preview) is longer. */
#define HS_TEXT_MAX (UINT32_C(1) << 28)

#define HS_NO_GRANULE UINT64_MAX

/* The head of an OBJECT; the cursor stands before its fields afterwards. */
struct hs_object_record {
    uint64_t address; /* in units of 8 bytes, as streamed */
    uint64_t granule; /* in units of 16 bytes */
    uint32_t shape;   /* the agent's number */
    uint64_t refcount;
    uint64_t size;
    uint64_t length; /* HS_NO_LENGTH if it has none */
    uint16_t ident;
    uint8_t generation;
};

struct hs_span {
    const uint8_t *bytes; /* in the stream: not NUL-terminated, may hold NUL */
    uint32_t size;
};

/* Bodies of the small records. Addresses are in units of 8 bytes, 0 where nothing is known. */
struct hs_root_record {
    uint8_t kind; /* enum hs_root_kind, checked */
    bool owning;
    uint64_t address;
    struct hs_span name;
};
struct hs_module_record {
    uint64_t address;
    struct hs_span name, file;
};
struct hs_thread_record {
    uint64_t native_id;
    uint64_t address;
    struct hs_span name;
};
struct hs_frame_record {
    uint32_t thread;
    uint32_t depth;
    uint64_t code;
    uint64_t frame;
    uint32_t line;
    struct hs_span function, file;
};
struct hs_site_record {
    uint32_t line;
    struct hs_span file;
};
struct hs_fact_record {
    struct hs_span name;
    int64_t value;       /* of a FACT */
    struct hs_span text; /* of a TEXT */
};
struct hs_error *hs_decode_root(struct hs_cursor *cursor, struct hs_root_record *ret) HS_MUST_CHECK;
struct hs_error *hs_decode_module(struct hs_cursor *cursor, struct hs_module_record *ret) HS_MUST_CHECK;
struct hs_error *hs_decode_thread(struct hs_cursor *cursor, struct hs_thread_record *ret) HS_MUST_CHECK;
struct hs_error *hs_decode_frame(struct hs_cursor *cursor, struct hs_frame_record *ret) HS_MUST_CHECK;
struct hs_error *hs_decode_site(struct hs_cursor *cursor, struct hs_site_record *ret) HS_MUST_CHECK;
struct hs_error *hs_decode_fact(struct hs_cursor *cursor, struct hs_fact_record *ret) HS_MUST_CHECK;
struct hs_error *hs_decode_named_text(struct hs_cursor *cursor, struct hs_fact_record *ret) HS_MUST_CHECK;

/* `previous`: address of the OBJECT before, in units of 8 bytes (0 for the first). Does not check the shape's
 * number. */
struct hs_error *hs_decode_object(struct hs_cursor *cursor, uint64_t previous,
                                  struct hs_object_record *ret) HS_MUST_CHECK;

struct hs_error *hs_decode_text(struct hs_cursor *cursor, struct hs_span *ret) HS_MUST_CHECK;

/* The granule of one dst of the object at `granule`; HS_NO_GRANULE for NULL. */
static inline struct hs_error *HS_MUST_CHECK hs_decode_dst(struct hs_cursor *cursor, uint64_t granule,
                                                           uint64_t *ret)
{
    uint64_t value;
    struct hs_error *error = hs_cursor_varint(cursor, &value);
    if (error)
        return error;
    *ret = value ? granule + (uint64_t)hs_unzigzag(value - 1) : HS_NO_GRANULE;
    return NULL;
}

/* A text as a malloc'ed C string; a NUL inside becomes U+FFFD. NULL if memory is short. */
char *hs_text_duplicate(struct hs_span text);

#endif
