#include "format/column.h"

#include <limits.h>
#include <stdbool.h>

/* Bits that `coded` takes, as a cheap guess of what it costs after zlib: zeros in a row cost nothing. */
static unsigned bits(uint64_t coded)
{
    return coded ? 64 - (unsigned)__builtin_clzll(coded) : 0;
}

static const unsigned slopes[4] = {0, 1, 2, 3}; /* of HS_NUMBER_BASE_*, as shifts */

static uint64_t residual(uint64_t number, uint64_t base, unsigned shift)
{
    return number - (base << shift);
}

static struct hs_error *put_form(struct hs_buffer *buffer, unsigned form, size_t count)
{
    struct hs_error *error = hs_buffer_reserve(buffer, 1 + count * HS_VARINT_BYTES);
    if (!error)
        buffer->data[buffer->bytes++] = (uint8_t)form;
    return error;
}

/* Cost in bits of the numbers as differences of residuals to base << shift, and whether all residuals are
 * one. */
static uint64_t base_cost(const uint64_t *number, const uint64_t *base, size_t count, unsigned shift,
                          bool *ret_same)
{
    uint64_t cost = 0;
    uint64_t first = residual(number[0], base[0], shift);
    uint64_t before = 0;
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        uint64_t now = residual(number[i], base[i], shift);
        cost += bits(hs_zigzag((int64_t)(now - before)));
        same = same && now == first;
        before = now;
    }
    *ret_same = same;
    return cost;
}

static enum hs_number_form choose_number_form(const uint64_t *number, const uint64_t *base, size_t count)
{
    uint64_t plain = 0;
    uint64_t delta = 0;
    uint64_t before = 0;
    uint64_t all = 0;
    bool same = true;
    for (size_t i = 0; i < count; i++) {
        plain += bits(number[i]);
        delta += bits(hs_zigzag((int64_t)(number[i] - before)));
        same = same && number[i] == number[0];
        all |= number[i];
        before = number[i];
    }
    if (same)
        return HS_NUMBER_SAME;
    enum hs_number_form best = HS_NUMBER_PLAIN;
    uint64_t cost = plain;
    if (delta < cost) {
        best = HS_NUMBER_DELTA;
        cost = delta;
    }
    /* What has no order needs 16 bits in two bytes, and 24 as varints. */
    if (all <= UINT16_MAX && cost > count * 14) {
        best = HS_NUMBER_WORD;
        cost = count * 14;
    }
    for (unsigned s = 0; base && s < 4; s++) {
        bool same_residual;
        uint64_t with_base = base_cost(number, base, count, slopes[s], &same_residual);
        if (same_residual)
            return (enum hs_number_form)(HS_NUMBER_SAME_BASE_1 + s);
        if (with_base < cost) {
            best = (enum hs_number_form)(HS_NUMBER_BASE_1 + s);
            cost = with_base;
        }
    }
    return best;
}

static uint8_t *put_words(uint8_t *at, const uint64_t *number, size_t count)
{
    for (size_t i = 0; i < count; i++, at += 2)
        hs_put_le16(at, (uint16_t)number[i]);
    return at;
}

static uint8_t *put_deltas(uint8_t *at, const uint64_t *number, size_t count)
{
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        at = hs_varint_put(at, hs_zigzag((int64_t)(number[i] - before)));
        before = number[i];
    }
    return at;
}

static uint8_t *put_residuals(uint8_t *at, const uint64_t *number, const uint64_t *base, size_t count,
                              unsigned shift)
{
    uint64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t now = residual(number[i], base[i], shift);
        at = hs_varint_put(at, hs_zigzag((int64_t)(now - before)));
        before = now;
    }
    return at;
}

struct hs_error *hs_column_put_numbers(struct hs_buffer *buffer, const uint64_t *number, const uint64_t *base,
                                       size_t count)
{
    if (count == 0)
        return NULL;
    if (count == 1)
        return hs_buffer_varint(buffer, number[0]);
    enum hs_number_form form = choose_number_form(number, base, count);
    struct hs_error *error = put_form(buffer, form, count);
    if (error)
        return error;
    uint8_t *at = buffer->data + buffer->bytes;
    switch (form) {
    case HS_NUMBER_SAME:
        at = hs_varint_put(at, number[0]);
        break;
    case HS_NUMBER_DELTA:
        at = put_deltas(at, number, count);
        break;
    case HS_NUMBER_WORD:
        at = put_words(at, number, count);
        break;
    case HS_NUMBER_BASE_1:
    case HS_NUMBER_BASE_2:
    case HS_NUMBER_BASE_4:
    case HS_NUMBER_BASE_8:
        at = put_residuals(at, number, base, count, slopes[form - HS_NUMBER_BASE_1]);
        break;
    case HS_NUMBER_SAME_BASE_1:
    case HS_NUMBER_SAME_BASE_2:
    case HS_NUMBER_SAME_BASE_4:
    case HS_NUMBER_SAME_BASE_8:
        at = put_residuals(at, number, base, 1, slopes[form - HS_NUMBER_SAME_BASE_1]);
        break;
    default:
        for (size_t i = 0; i < count; i++)
            at = hs_varint_put(at, number[i]);
    }
    buffer->bytes = (size_t)(at - buffer->data);
    return NULL;
}

static struct hs_error *get_plain(struct hs_cursor *cursor, uint64_t *number, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct hs_error *error = hs_cursor_varint(cursor, &number[i]);
        if (error)
            return error;
    }
    return NULL;
}

static struct hs_error *get_same(struct hs_cursor *cursor, uint64_t *number, size_t count)
{
    uint64_t value;
    struct hs_error *error = hs_cursor_varint(cursor, &value);
    if (error)
        return error;
    for (size_t i = 0; i < count; i++)
        number[i] = value;
    return NULL;
}

static struct hs_error *get_deltas(struct hs_cursor *cursor, uint64_t *number, size_t count)
{
    uint64_t now = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t coded;
        struct hs_error *error = hs_cursor_varint(cursor, &coded);
        if (error)
            return error;
        now += (uint64_t)hs_unzigzag(coded);
        number[i] = now;
    }
    return NULL;
}

static struct hs_error *get_words(struct hs_cursor *cursor, uint64_t *number, size_t count)
{
    const uint8_t *at;
    struct hs_error *error = hs_cursor_bytes(cursor, (uint64_t)count * 2, &at);
    if (error)
        return error;
    for (size_t i = 0; i < count; i++)
        number[i] = (uint64_t)at[2 * i] | (uint64_t)at[2 * i + 1] << 8;
    return NULL;
}

static struct hs_error *get_residuals(struct hs_cursor *cursor, uint64_t *number, const uint64_t *base,
                                      size_t count, unsigned shift, bool same)
{
    struct hs_error *error = same ? get_same(cursor, number, count) : get_deltas(cursor, number, count);
    if (error)
        return error;
    /* One residual for all is coded as a difference to 0 as well. */
    uint64_t all = same ? (uint64_t)hs_unzigzag(number[0]) : 0;
    for (size_t i = 0; i < count; i++)
        number[i] = (same ? all : number[i]) + (base[i] << shift);
    return NULL;
}

struct hs_error *hs_column_get_numbers(struct hs_cursor *cursor, uint64_t *number, const uint64_t *base,
                                       size_t count)
{
    if (count == 0)
        return NULL;
    if (count == 1)
        return hs_cursor_varint(cursor, number);
    struct hs_cursor before = *cursor;
    uint8_t form;
    struct hs_error *error = hs_cursor_byte(cursor, &form);
    if (error)
        return error;
    if (form == HS_NUMBER_PLAIN)
        return get_plain(cursor, number, count);
    if (form == HS_NUMBER_SAME)
        return get_same(cursor, number, count);
    if (form == HS_NUMBER_DELTA)
        return get_deltas(cursor, number, count);
    if (form == HS_NUMBER_WORD)
        return get_words(cursor, number, count);
    if (form < HS_NUMBER_FORMS && base) {
        bool same = form >= HS_NUMBER_SAME_BASE_1;
        unsigned first = same ? HS_NUMBER_SAME_BASE_1 : HS_NUMBER_BASE_1;
        return get_residuals(cursor, number, base, count, slopes[form - first], same);
    }
    return hs_cursor_error(&before, "a column of numbers has no form %u", form);
}

/* Streams are worth a try for columns of so many references, which cost more bits each than that in the
 * best other form. */
#define STREAMS_LEAST 16
#define STREAMS_TRIED 3

/* Streams while a column is coded: where each ends, and when it was used last. */
struct streams {
    uint32_t end[HS_REF_STREAMS];
    size_t used[HS_REF_STREAMS];
    bool has_sibling;
};

/* A reference that is farther than that from the ends of all streams starts anew the one that was not used
 * for longest. */
#define STREAM_BITS_NEAR 8

/* What a change of streams is taken to cost. */
#define STREAM_BITS_CHANGE 4

/* The stream that `dst` continues most cheaply. */
static unsigned choose_stream(const struct streams *streams, uint32_t dst)
{
    unsigned best = HS_REF_STREAM_OWNER;
    unsigned oldest = HS_REF_STREAM_SIBLING + 1;
    unsigned cost = UINT_MAX;
    for (unsigned s = 0; s < HS_REF_STREAMS; s++) {
        if (s == HS_REF_STREAM_SIBLING && !streams->has_sibling)
            continue;
        unsigned now = bits(hs_zigzag((int64_t)dst - streams->end[s]));
        if (now < cost ||
            (now == cost && s > HS_REF_STREAM_SIBLING && streams->used[s] > streams->used[best])) {
            best = s;
            cost = now;
        }
        if (s > HS_REF_STREAM_SIBLING && streams->used[s] < streams->used[oldest])
            oldest = s;
    }
    return cost > STREAM_BITS_NEAR ? oldest : best;
}

/* Writes a column as streams behind what is in the buffer, with room for it; its cost in bits, as the
 * other forms count it. */
static uint64_t put_streams(struct hs_buffer *buffer, const uint32_t *dst, const uint32_t *src,
                            const uint32_t *sibling, size_t count)
{
    struct streams streams = {.has_sibling = sibling};
    uint8_t *index = buffer->data + buffer->bytes;
    uint8_t *at = index + count;
    uint64_t cost = 0;
    unsigned before = 0;
    for (size_t i = 0; i < count; i++) {
        streams.end[HS_REF_STREAM_OWNER] = src[i];
        if (sibling)
            streams.end[HS_REF_STREAM_SIBLING] = sibling[i];
        unsigned s = choose_stream(&streams, dst[i]);
        uint64_t coded = hs_zigzag((int64_t)dst[i] - streams.end[s]);
        index[i] = (uint8_t)s;
        at = hs_varint_put(at, coded);
        cost += bits(coded) + (s == before ? 0 : STREAM_BITS_CHANGE);
        before = s;
        streams.end[s] = dst[i];
        streams.used[s] = i + 1;
    }
    buffer->bytes = (size_t)(at - buffer->data);
    return cost;
}

static enum hs_ref_form choose_ref_form(const uint32_t *dst, const uint32_t *src, const uint32_t *sibling,
                                        size_t count, uint64_t *ret_cost)
{
    uint64_t cost[HS_REFS_FORMS] = {0};
    int64_t before = 0;
    int64_t offset_before = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t now = dst[i];
        int64_t offset = now - src[i];
        cost[HS_REFS_OWNER] += bits(hs_zigzag(offset));
        cost[HS_REFS_PREVIOUS] += bits(hs_zigzag(now - before));
        cost[HS_REFS_SECOND] += bits(hs_zigzag(offset - offset_before));
        cost[HS_REFS_ABSOLUTE] += bits(dst[i]);
        cost[HS_REFS_SIBLING] += sibling ? bits(hs_zigzag(now - sibling[i])) : 64;
        before = now;
        offset_before = offset;
    }
    enum hs_ref_form best = HS_REFS_OWNER;
    for (unsigned form = HS_REFS_OWNER + 1; form < HS_REFS_STREAMS; form++)
        if (cost[form] < cost[best])
            best = (enum hs_ref_form)form;
    *ret_cost = cost[best];
    return best;
}

struct hs_error *hs_column_put_refs(struct hs_buffer *buffer, const uint32_t *dst, const uint32_t *src,
                                    const uint32_t *sibling, size_t count)
{
    if (count == 0)
        return NULL;
    if (count == 1)
        return hs_buffer_varint(buffer, hs_zigzag((int64_t)dst[0] - src[0]));
    uint64_t cost;
    enum hs_ref_form form = choose_ref_form(dst, src, sibling, count, &cost);
    if (cost > count * STREAMS_TRIED && count >= STREAMS_LEAST) {
        struct hs_error *error = put_form(buffer, HS_REFS_STREAMS, count * 2);
        if (error)
            return error;
        size_t start = buffer->bytes;
        if (put_streams(buffer, dst, src, sibling, count) < cost)
            return NULL;
        buffer->bytes = start - 1;
    }
    struct hs_error *error = put_form(buffer, form, count);
    if (error)
        return error;
    uint8_t *at = buffer->data + buffer->bytes;
    int64_t before = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t now = dst[i];
        switch (form) {
        case HS_REFS_OWNER:
            at = hs_varint_put(at, hs_zigzag(now - src[i]));
            break;
        case HS_REFS_PREVIOUS:
            at = hs_varint_put(at, hs_zigzag(now - before));
            before = now;
            break;
        case HS_REFS_SECOND:
            at = hs_varint_put(at, hs_zigzag(now - src[i] - before));
            before = now - src[i];
            break;
        case HS_REFS_SIBLING:
            at = hs_varint_put(at, hs_zigzag(now - sibling[i]));
            break;
        default:
            at = hs_varint_put(at, dst[i]);
        }
    }
    buffer->bytes = (size_t)(at - buffer->data);
    return NULL;
}

static struct hs_error *get_streams(struct hs_cursor *cursor, uint32_t *dst, const uint32_t *src,
                                    const uint32_t *sibling, size_t count, uint32_t objects)
{
    uint32_t end[HS_REF_STREAMS] = {0};
    const uint8_t *index;
    struct hs_error *error = hs_cursor_bytes(cursor, count, &index);
    for (size_t i = 0; i < count && !error; i++) {
        unsigned s = index[i];
        if (s >= HS_REF_STREAMS || (s == HS_REF_STREAM_SIBLING && !sibling))
            return hs_cursor_error(cursor, "there is no stream %u of references", s);
        end[HS_REF_STREAM_OWNER] = src[i];
        if (sibling)
            end[HS_REF_STREAM_SIBLING] = sibling[i];
        uint64_t coded;
        error = hs_cursor_varint(cursor, &coded);
        if (error)
            return error;
        uint64_t number = end[s] + (uint64_t)hs_unzigzag(coded);
        if (number >= objects)
            return hs_cursor_error(cursor, "a reference to object %lld, but there are %u", (long long)number,
                                   objects);
        dst[i] = end[s] = (uint32_t)number;
    }
    return error;
}

struct hs_error *hs_column_get_refs(struct hs_cursor *cursor, uint32_t *dst, const uint32_t *src,
                                    const uint32_t *sibling, size_t count, uint32_t objects)
{
    struct hs_cursor start = *cursor;
    uint8_t form = HS_REFS_OWNER;
    struct hs_error *error = count > 1 ? hs_cursor_byte(cursor, &form) : NULL;
    if (!error && (form >= HS_REFS_FORMS || (form == HS_REFS_SIBLING && !sibling)))
        error = hs_cursor_error(&start, "a column of references has no form %u", form);
    if (!error && form == HS_REFS_STREAMS)
        return get_streams(cursor, dst, src, sibling, count, objects);
    /* Unsigned arithmetic wraps, and what has wrapped is not below `objects`. */
    uint64_t before = 0;
    for (size_t i = 0; i < count && !error; i++) {
        uint64_t coded;
        error = hs_cursor_varint(cursor, &coded);
        if (error)
            return error;
        uint64_t number = form == HS_REFS_ABSOLUTE ? coded : (uint64_t)hs_unzigzag(coded);
        if (form == HS_REFS_PREVIOUS || form == HS_REFS_SECOND)
            before = number += before;
        if (form == HS_REFS_OWNER || form == HS_REFS_SECOND)
            number += src[i];
        else if (form == HS_REFS_SIBLING)
            number += sibling[i];
        if (number >= objects)
            return hs_cursor_error(cursor, "a reference to object %lld, but there are %u", (long long)number,
                                   objects);
        dst[i] = (uint32_t)number;
    }
    return error;
}
