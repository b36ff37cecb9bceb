#include "tests/unit/stream_maker.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void append(struct stream_maker *maker, const void *data, size_t bytes)
{
    struct hs_error *error = hs_buffer_append(&maker->buffer, data, bytes);
    assert(!error);
    (void)error;
}

void maker_init(struct stream_maker *maker)
{
    *maker = (struct stream_maker){0};
    append(maker, HS_STREAM_MAGIC, sizeof(HS_STREAM_MAGIC) - 1);
}

void maker_deinit(struct stream_maker *maker)
{
    hs_buffer_deinit(&maker->buffer);
}

void maker_byte(struct stream_maker *maker, uint8_t byte)
{
    append(maker, &byte, 1);
}

void maker_varint(struct stream_maker *maker, uint64_t value)
{
    uint8_t bytes[HS_VARINT_BYTES];
    append(maker, bytes, (size_t)(hs_varint_put(bytes, value) - bytes));
}

void maker_text(struct stream_maker *maker, const char *text)
{
    maker_varint(maker, strlen(text));
    append(maker, text, strlen(text));
}

void maker_label(struct stream_maker *maker, uint8_t flags, const char *name)
{
    maker_byte(maker, HS_STREAM_LABEL);
    maker_byte(maker, flags);
    maker_text(maker, name);
}

void maker_type(struct stream_maker *maker, uint64_t address, uint8_t flags, const char *name)
{
    maker_byte(maker, HS_STREAM_TYPE);
    maker_varint(maker, address >> 3);
    maker_byte(maker, flags);
    maker_text(maker, name);
    maker_text(maker, "builtins");
    maker_text(maker, name);
}

void maker_shape(struct stream_maker *maker, uint64_t type, uint8_t tail, const uint64_t *labels)
{
    size_t count = 0;
    while (labels && labels[count])
        count++;
    maker_byte(maker, HS_STREAM_SHAPE);
    maker_varint(maker, type);
    maker_byte(maker, tail);
    maker_varint(maker, count);
    for (size_t i = 0; i < count; i++)
        maker_varint(maker, labels[i]);
}

void maker_object(struct stream_maker *maker, uint64_t address, uint64_t shape, uint64_t refcount,
                  uint64_t size)
{
    maker_byte(maker, HS_STREAM_OBJECT);
    maker_varint(maker, hs_zigzag((int64_t)(address >> 3) - (int64_t)(maker->address >> 3)));
    maker_varint(maker, shape);
    maker_varint(maker, refcount);
    maker_varint(maker, size);
    maker_byte(maker, HS_GENERATION_UNTRACKED);
    maker->address = address;
    maker->objects++;
}

void maker_dst(struct stream_maker *maker, uint64_t address)
{
    if (!address) {
        maker_varint(maker, 0);
        return;
    }
    maker_varint(maker, 1 + hs_zigzag((int64_t)(address >> 4) - (int64_t)(maker->address >> 4)));
    maker->refs++;
}

void maker_run(struct stream_maker *maker, uint64_t entries, bool more)
{
    maker_varint(maker, entries << 1 | more);
}

void maker_root(struct stream_maker *maker, uint8_t kind, uint64_t address, const char *name)
{
    maker_byte(maker, HS_STREAM_ROOT);
    maker_byte(maker, kind);
    maker_varint(maker, address >> 3);
    maker_text(maker, name);
}

void maker_value(struct stream_maker *maker, uint64_t address, const char *text)
{
    maker_byte(maker, HS_STREAM_VALUE);
    maker_varint(maker, address >> 3);
    maker_text(maker, text);
}

void maker_end(struct stream_maker *maker)
{
    maker_byte(maker, HS_STREAM_END);
    maker_varint(maker, maker->objects);
    maker_varint(maker, maker->refs);
}

int maker_open(const struct stream_maker *maker, size_t bytes)
{
    int fd = memfd_create("stream", MFD_CLOEXEC);
    assert(fd >= 0);
    ssize_t written = pwrite(fd, maker->buffer.data, bytes, 0);
    assert(written == (ssize_t)bytes);
    (void)written;
    return fd;
}
