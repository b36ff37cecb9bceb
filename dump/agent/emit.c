#include "dump/agent/emit.h"

#include <asm/unistd.h>

enum {
    EMIT_EINTR = 4,
    EMIT_EAGAIN = 11,
    COUNT_UNREAD = 0x541b, /* FIONREAD */
    POLL_OUT = 4,          /* include/uapi/asm-generic/poll.h of Linux */
    POLL_MS = 1000,
};

/* Once somebody has read, the pipe is held by them, and our end of it would only hide that they have gone. */
static void look_for_reader(struct hs_emit *emit)
{
    int32_t unread;
    if (emit->own_end < 0 || hs_syscall3(__NR_ioctl, emit->fd, COUNT_UNREAD, &unread) < 0 ||
        (uint64_t)unread == emit->written)
        return;
    hs_syscall1(__NR_close, emit->own_end);
    emit->own_end = -1;
}

/* Waits until a descriptor that does not block takes more, or nobody reads from it any more, which the next
 * write will say. False: in vain. Signals (the clock of fault.h) do not count. */
static bool wait_for_reader(struct hs_emit *emit)
{
    struct {
        int32_t fd;
        int16_t events, happened;
    } reader = {.fd = emit->fd, .events = POLL_OUT};
    uint64_t began = hs_clock_monotonic_ns(), waited_ms = 0;
    while (waited_ms < (emit->own_end < 0 ? HS_EMIT_STAY_MS : HS_EMIT_COME_MS)) {
        if (hs_syscall3(__NR_poll, &reader, 1, POLL_MS) > 0)
            return true;
        waited_ms = (hs_clock_monotonic_ns() - began) / 1000000;
    }
    return false;
}

bool hs_emit_init(struct hs_emit *emit, int fd)
{
    emit->buffer = hs_pages_map(HS_EMIT_BUFFER);
    if (!emit->buffer)
        return false;
    emit->next = emit->buffer;
    emit->end = emit->buffer + HS_EMIT_BUFFER;
    emit->fd = fd;
    emit->own_end = -1;
    emit->written = 0;
    emit->objects = emit->references = emit->previous = 0;
    memcpy(emit->next, HS_STREAM_MAGIC, 8);
    emit->next += 8;
    hs_emit_commit(emit, false);
    return true;
}

void hs_emit_flush(struct hs_emit *emit)
{
    const uint8_t *from = emit->buffer;
    while (from < emit->next) {
        long wrote = hs_syscall3(__NR_write, emit->fd, from, emit->next - from);
        if (wrote == -EMIT_EINTR || (wrote == -EMIT_EAGAIN && wait_for_reader(emit)))
            continue;
        if (wrote <= 0)
            hs_emit_exit(1);
        from += wrote;
        emit->written += (uint64_t)wrote;
        look_for_reader(emit);
    }
    emit->next = emit->committed.next = emit->buffer;
}

void hs_emit_exit(int status)
{
    for (;;)
        hs_syscall1(__NR_exit_group, status);
}

size_t hs_text_cut(const char *text, size_t bytes, size_t limit)
{
    if (bytes <= limit)
        return bytes;
    while (limit && ((unsigned char)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

void hs_emit_text(struct hs_emit *emit, const char *text, size_t bytes)
{
    hs_emit_varint(emit, bytes);
    memcpy(emit->next, text, bytes);
    emit->next += bytes;
}

static void record_start(struct hs_emit *emit, enum hs_stream_tag tag)
{
    hs_emit_room(emit, 4 * (HS_VARINT_MAX + HS_TEXT_MAX));
    hs_emit_byte(emit, tag);
}

static void record_text(struct hs_emit *emit, const char *text, size_t bytes)
{
    hs_emit_text(emit, text, hs_text_cut(text, bytes, HS_TEXT_MAX));
}

void hs_emit_fact(struct hs_emit *emit, const char *name, int64_t value)
{
    record_start(emit, HS_STREAM_FACT);
    record_text(emit, name, hs_text_length(name));
    hs_emit_varint(emit, hs_zigzag(value));
    hs_emit_commit(emit, false);
}

void hs_emit_fact_text(struct hs_emit *emit, const char *name, const char *value, size_t bytes)
{
    record_start(emit, HS_STREAM_TEXT);
    record_text(emit, name, hs_text_length(name));
    record_text(emit, value, bytes);
    hs_emit_commit(emit, false);
}

void hs_emit_root(struct hs_emit *emit, unsigned kind, uint64_t address, const char *name, size_t bytes)
{
    record_start(emit, HS_STREAM_ROOT);
    hs_emit_byte(emit, kind);
    hs_emit_varint(emit, address >> 3);
    record_text(emit, name, bytes);
    hs_emit_commit(emit, false);
}

void hs_emit_value(struct hs_emit *emit, uint64_t address, const char *text, size_t bytes)
{
    record_start(emit, HS_STREAM_VALUE);
    hs_emit_varint(emit, address >> 3);
    record_text(emit, text, bytes);
    hs_emit_commit(emit, false);
}

void hs_emit_value_whole(struct hs_emit *emit, uint64_t address, const char *text, size_t bytes)
{
    record_start(emit, HS_STREAM_VALUE);
    hs_emit_varint(emit, address >> 3);
    hs_emit_varint(emit, bytes);
    while (bytes) {
        hs_emit_room(emit, 1);
        size_t part = (size_t)(emit->end - emit->next);
        if (part > bytes)
            part = bytes;
        memcpy(emit->next, text, part);
        emit->next += part;
        text += part;
        bytes -= part;
    }
    hs_emit_commit(emit, false);
}

void hs_emit_opaque(struct hs_emit *emit, uint32_t type)
{
    record_start(emit, HS_STREAM_OPAQUE);
    hs_emit_varint(emit, type);
    hs_emit_commit(emit, false);
}

/* A pipe that nobody else holds ends with this process: somebody must have come for what is in it. */
static void wait_until_read(struct hs_emit *emit)
{
    const int64_t millisecond[2] = {0, 1000000};
    for (int waited_ms = 0; waited_ms < HS_EMIT_COME_MS && emit->own_end >= 0; waited_ms++) {
        hs_syscall2(__NR_nanosleep, millisecond, 0);
        look_for_reader(emit);
    }
}

void hs_emit_finish(struct hs_emit *emit)
{
    record_start(emit, HS_STREAM_END);
    hs_emit_varint(emit, emit->objects);
    hs_emit_varint(emit, emit->references);
    hs_emit_flush(emit);
    wait_until_read(emit);
}
