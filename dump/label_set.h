/* The distinct labels of a stream: those that the agent numbered and those that stand inside labelled tails,
 * each once.
 *
 * Texts stay in the stream; the table knows where. A number given here is the label's number in the snapshot.
 */
#ifndef HS_DUMP_LABEL_SET_H
#define HS_DUMP_LABEL_SET_H

#include "dump/decode.h"

struct hs_label_entry {
    uint64_t text; /* offset in the stream */
    uint32_t size;
    uint32_t hash;
    uint8_t flags; /* as streamed: kind | HS_STREAM_BORROWED */
};

struct hs_label_set {
    struct hs_label_entry *entry;
    uint32_t count;
    size_t capacity;
    uint32_t *slot; /* hash table: number + 1, 0 is free */
    uint32_t slot_bits;
    uint64_t seed; /* random, so that a stream cannot choose collisions */
};

struct hs_error *hs_label_set_init(struct hs_label_set *labels) HS_MUST_CHECK;
void hs_label_set_deinit(struct hs_label_set *labels);

/* The number of a label, a new one if it was not there. `text` lies in the stream that begins at `stream`. */
struct hs_error *hs_label_set_add(struct hs_label_set *labels, const uint8_t *stream, uint8_t flags,
                                  struct hs_span text, uint32_t *ret) HS_MUST_CHECK;

/* The number of a label, HS_NO_LABEL if it is not there. */
uint32_t hs_label_set_find(const struct hs_label_set *labels, const uint8_t *stream, uint8_t flags,
                           struct hs_span text);

static inline struct hs_span hs_label_set_text(const struct hs_label_set *labels, const uint8_t *stream,
                                               uint32_t label)
{
    return (struct hs_span){stream + labels->entry[label].text, labels->entry[label].size};
}

/* Hash of `size` bytes, for tables whose keys come from a stranger. */
uint32_t hs_hash_bytes(uint64_t seed, const void *bytes, size_t size);
/* A random seed for it. */
uint64_t hs_hash_seed(void);

#endif
