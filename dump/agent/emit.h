/* Writes the records of stream.h: a buffer, and raw writes to a descriptor.
 *
 * Whoever writes a record first makes room for it (hs_emit_room()), writes without further checks, and
 * commits it; so a record that a fault interrupts can be taken back. When the reader is gone the process
 * ends: there is nothing else for a snapshot child to do.
 */
#ifndef HS_DUMP_AGENT_EMIT_H
#define HS_DUMP_AGENT_EMIT_H

#include "dump/agent/stream.h"
#include "dump/agent/sys.h"

enum {
    HS_EMIT_BUFFER = 256 << 10,
    HS_VARINT_MAX = 10,     /* bytes of a 64-bit LEB128 varint */
    HS_TEXT_MAX = 4096,     /* names are cut to this many bytes, at a character's start */
    HS_RUN_ENTRIES = 4096,  /* entries of one run of a tail, at most */
    HS_EMIT_COME_MS = 5000, /* how long nobody may come to read from a pipe of our own; then the child ends */
    HS_EMIT_STAY_MS =
        60000, /* how long one who has come may keep us waiting; who goes away is noticed at once */
};

struct hs_emit {
    uint8_t *next; /* where the next byte goes */
    uint8_t *buffer;
    uint8_t *end;
    int fd;
    int own_end; /* of the pipe `fd`, kept open to read until somebody else has read from it; -1: there is
                    none */
    uint64_t written;
    uint64_t objects;
    uint64_t references; /* that are not NULL */
    uint64_t previous;   /* address of the previous OBJECT */
    struct {
        uint8_t *next;
        uint64_t references;
        uint64_t previous;
        bool in_tail; /* within an OBJECT, before a run of its tail */
    } committed;      /* up to here the stream stands; what comes after may be taken back */
};

bool hs_emit_init(struct hs_emit *emit, int fd);
void hs_emit_flush(struct hs_emit *emit);
/* Ends the snapshot child. What was not flushed is lost. */
void hs_emit_exit(int status) __attribute__((noreturn));

/* Makes room for `bytes` (at most HS_EMIT_BUFFER), by flushing what is complete: not to be called within a
 * record that may be taken back. */
static inline void hs_emit_room(struct hs_emit *emit, size_t bytes)
{
    if (__builtin_expect((size_t)(emit->end - emit->next) < bytes, 0))
        hs_emit_flush(emit);
}

/* Declares all that is written as standing: a whole record, or one up to a run of its tail. */
static inline void hs_emit_commit(struct hs_emit *emit, bool in_tail)
{
    emit->committed.next = emit->next;
    emit->committed.references = emit->references;
    emit->committed.previous = emit->previous;
    emit->committed.in_tail = in_tail;
}

/* Takes back what is not committed. */
static inline void hs_emit_rewind(struct hs_emit *emit)
{
    emit->next = emit->committed.next;
    emit->references = emit->committed.references;
    emit->previous = emit->committed.previous;
}

static inline void hs_emit_byte(struct hs_emit *emit, unsigned byte)
{
    *emit->next++ = (uint8_t)byte;
}

static inline void hs_emit_varint(struct hs_emit *emit, uint64_t value)
{
    uint8_t *next = emit->next;
    while (value >= 0x80) {
        *next++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *next++ = (uint8_t)value;
    emit->next = next;
}

static inline uint64_t hs_zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

/* A dst of the object at `source`; both addresses as they are. */
static inline void hs_emit_dst(struct hs_emit *emit, uint64_t source, uint64_t target)
{
    emit->references++;
    hs_emit_varint(emit, 1 + hs_zigzag((int64_t)(target >> 4) - (int64_t)(source >> 4)));
}

/* A text of the record being written; room must have been made for HS_VARINT_MAX + bytes. */
void hs_emit_text(struct hs_emit *emit, const char *text, size_t bytes);

/* Whole records that need no more context. Texts are UTF-8, cut to HS_TEXT_MAX. */
void hs_emit_fact(struct hs_emit *emit, const char *name, int64_t value);
void hs_emit_fact_text(struct hs_emit *emit, const char *name, const char *value, size_t bytes);
void hs_emit_root(struct hs_emit *emit, unsigned kind, uint64_t address, const char *name, size_t bytes);
void hs_emit_value(struct hs_emit *emit, uint64_t address, const char *text, size_t bytes);
/* The same for a text of any length, uncut. It must be memory that cannot fault: what is flushed is not taken
 * back. */
void hs_emit_value_whole(struct hs_emit *emit, uint64_t address, const char *text, size_t bytes);
void hs_emit_opaque(struct hs_emit *emit, uint32_t type);
/* END, and all of it written. */
void hs_emit_finish(struct hs_emit *emit);

/* The longest start of text[bytes] that has at most `limit` bytes and ends between characters. */
size_t hs_text_cut(const char *text, size_t bytes, size_t limit);

#endif
