/* Makes streams as the agent would send them (dump/agent/stream.h), and such as it never would. */
#ifndef HS_TESTS_STREAM_MAKER_H
#define HS_TESTS_STREAM_MAKER_H

#include "dump/agent/stream.h"
#include "format/buffer.h"
#include "format/snapshot.h"

struct stream_maker {
    struct hs_buffer buffer;
    uint64_t address; /* of the last object */
    uint64_t objects;
    uint64_t refs;
};

/* Begins with the magic. */
void maker_init(struct stream_maker *maker);
void maker_deinit(struct stream_maker *maker);

void maker_byte(struct stream_maker *maker, uint8_t byte);
void maker_varint(struct stream_maker *maker, uint64_t value);
void maker_text(struct stream_maker *maker, const char *text);

void maker_label(struct stream_maker *maker, uint8_t flags, const char *name);
void maker_type(struct stream_maker *maker, uint64_t address, uint8_t flags, const char *name);
/* `labels`: the agent's numbers, 0 at the end. */
void maker_shape(struct stream_maker *maker, uint64_t type, uint8_t tail, const uint64_t *labels);
/* An untracked object without length and ident; its references follow by maker_dst() and maker_run(). */
void maker_object(struct stream_maker *maker, uint64_t address, uint64_t shape, uint64_t refcount,
                  uint64_t size);
/* `address` 0 is NULL. */
void maker_dst(struct stream_maker *maker, uint64_t address);
void maker_run(struct stream_maker *maker, uint64_t entries, bool more);
void maker_root(struct stream_maker *maker, uint8_t kind, uint64_t address, const char *name);
void maker_value(struct stream_maker *maker, uint64_t address, const char *text);
/* END with the counts so far. */
void maker_end(struct stream_maker *maker);

/* A file descriptor from which the first `bytes` of the stream can be read. */
int maker_open(const struct stream_maker *maker, size_t bytes);

#endif
