#include "dump/agent/text.h"

#include "dump/agent/emit.h"

static size_t encode(uint32_t code, char *to)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | (code >> 18 & 7));
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static uint32_t code_at(const void *data, uint32_t kind, size_t index)
{
    if (kind == 1)
        return ((const uint8_t *)data)[index];
    if (kind == 2)
        return ((const uint16_t *)data)[index];
    return ((const uint32_t *)data)[index];
}

/* Include/cpython/unicodeobject.h: compact strings keep their characters after the header, others behind a
 * pointer; the kind is the width of a character in bytes, and 0 is a str of 3.11 and older that was never
 * made ready. */
size_t hs_str_utf8(const struct hs_layout *layout, uint64_t str, char *scratch, size_t limit,
                   const char **ret)
{
    uint32_t state = hs_word32(str, layout->str_state);
    uint32_t kind = state >> layout->str_bit_kind & 7;
    bool compact = state >> layout->str_bit_compact & 1;
    bool ascii = state >> layout->str_bit_ascii & 1;
    size_t length = hs_word(str, layout->str_length);
    const void *data;
    if (!compact)
        data = (const void *)hs_word(str, layout->str_data);
    else
        data = (const void *)(str + (uint64_t)(ascii ? layout->str_ascii_bytes : layout->str_compact_bytes));

    *ret = "";
    if (!data || !length || !kind)
        return 0;
    if (ascii) {
        *ret = data;
        return length < limit ? length : limit;
    }
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        char bytes[4];
        size_t count = encode(code_at(data, kind, i), bytes);
        if (used + count > limit)
            break;
        for (size_t k = 0; k < count; k++)
            scratch[used++] = bytes[k];
    }
    *ret = scratch;
    return used;
}

uint64_t hs_int_digits(const struct hs_layout *layout, uint64_t object, bool *ret_negative)
{
    if (layout->long_tag != HS_LAYOUT_NONE) {
        uint64_t tag = hs_word(object, layout->long_tag);
        *ret_negative = (tag & 3) == 2;
        return tag >> 3;
    }
    int64_t size = (int64_t)hs_word(object, layout->ob_size);
    *ret_negative = size < 0;
    return (uint64_t)(size < 0 ? -size : size);
}

bool hs_int_value(const struct hs_layout *layout, uint64_t object, uint64_t *ret)
{
    bool negative;
    uint64_t digits = hs_int_digits(layout, object, &negative);
    if (negative || digits > 3 || (digits == 3 && hs_word32(object, layout->long_digits + 8) > 15))
        return false;
    *ret = 0;
    for (uint64_t i = digits; i-- > 0;)
        *ret = *ret << 30 | hs_word32(object, layout->long_digits + 4 * (int32_t)i);
    return true;
}
