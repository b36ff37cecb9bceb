#include "dump/agent/value.h"

#include "dump/agent/frames.h"
#include "dump/agent/numbers.h"
#include "dump/agent/text.h"

static bool is_str(const struct hs_layout *layout, uint64_t object)
{
    return object &&
           hs_word(hs_word(object, layout->ob_type), layout->tp_flags) & HS_TPFLAGS_UNICODE_SUBCLASS;
}

static void write_str(struct hs_walk *walk, uint64_t object, uint64_t str)
{
    char scratch[HS_TEXT_MAX];
    const char *text;
    if (!is_str(walk->layout, str))
        return;
    size_t bytes = hs_str_utf8(walk->layout, str, scratch, sizeof scratch, &text);
    hs_emit_value(&walk->emit, object, text, bytes);
}

/* "qualname file:line" */
static void write_code(struct hs_walk *walk, uint64_t code)
{
    const struct hs_layout *layout = walk->layout;
    char buffer[HS_TEXT_MAX] = "", scratch[HS_TEXT_MAX / 4];
    const char *text;
    uint64_t parts[2] = {hs_code_qualname(layout, code), hs_word(code, layout->co_filename)};
    size_t used = 0;
    for (int i = 0; i < 2; i++) {
        if (!is_str(layout, parts[i]))
            return;
        size_t bytes = hs_str_utf8(layout, parts[i], scratch, sizeof scratch, &text);
        memcpy(buffer + used, text, bytes);
        used += bytes;
        buffer[used++] = i == 0 ? ' ' : ':';
    }
    buffer[used] = 0;
    hs_text_append_number(buffer + used, sizeof buffer - used, hs_word32(code, layout->co_firstlineno));
    hs_emit_value(&walk->emit, code, buffer, used + hs_text_length(buffer + used));
}

/* The first `characters` of a UTF-8 text. */
static size_t cut_characters(const char *text, size_t bytes, size_t characters)
{
    for (size_t i = 0; i < bytes; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80 && characters-- == 0)
            return i;
    return bytes;
}

/* Contents go through a text of our own: what is emitted must not fault. NULL if there is no memory for
 * it. */
static char *text_buffer(struct hs_walk *walk)
{
    if (!walk->text)
        walk->text = hs_pages_map(HS_VALUE_WHOLE);
    return walk->text;
}

static void write_content(struct hs_walk *walk, uint64_t object, size_t bytes)
{
    if (walk->request->values != HS_AGENT_VALUES_FULL)
        bytes = cut_characters(walk->text, bytes, HS_VALUE_PREVIEW);
    hs_emit_value_whole(&walk->emit, object, walk->text, bytes);
}

static void write_str_content(struct hs_walk *walk, uint64_t object, size_t limit)
{
    char *buffer = text_buffer(walk);
    const char *text;
    if (!buffer)
        return;
    size_t bytes = hs_str_utf8(walk->layout, object, buffer, limit, &text);
    if (text != buffer)
        memcpy(buffer, text, bytes);
    write_content(walk, object, bytes);
}

static void write_bytes_content(struct hs_walk *walk, uint64_t object, size_t limit)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *data = (const unsigned char *)(object + (uint64_t)walk->layout->bytes_data);
    size_t length = hs_word(object, walk->layout->ob_size);
    char *text = text_buffer(walk);
    size_t used = 0;
    for (size_t i = 0; text && i < length && used + 4 <= limit; i++) {
        if (data[i] >= 0x20 && data[i] < 0x7f && data[i] != '\\') {
            text[used++] = (char)data[i];
            continue;
        }
        text[used++] = '\\';
        text[used++] = 'x';
        text[used++] = digits[data[i] >> 4];
        text[used++] = digits[data[i] & 15];
    }
    if (text)
        write_content(walk, object, used);
}

static void write_int(struct hs_walk *walk, uint64_t object)
{
    const struct hs_layout *layout = walk->layout;
    bool negative;
    uint64_t digits = hs_int_digits(layout, object, &negative);
    char text[HS_INT_TEXT] = "";
    if (digits > HS_INT_DIGITS_MAX) {
        hs_text_append(text, sizeof text, "an int of about ");
        hs_text_append_number(text, sizeof text, digits * 30);
        hs_text_append(text, sizeof text, " bits");
    } else {
        hs_int_text((const uint32_t *)(object + (uint64_t)layout->long_digits), digits, negative, text);
    }
    size_t bytes = hs_text_length(text);
    if (walk->request->values != HS_AGENT_VALUES_FULL && bytes > HS_VALUE_PREVIEW)
        bytes = HS_VALUE_PREVIEW;
    hs_emit_value(&walk->emit, object, text, bytes);
}

static void write_float(struct hs_walk *walk, uint64_t object)
{
    char text[HS_FLOAT_TEXT];
    hs_float_text(hs_word(object, walk->layout->float_value), text);
    hs_emit_value(&walk->emit, object, text, hs_text_length(text));
}

void hs_value_write(struct hs_walk *walk, const struct hs_type_info *type, uint64_t object)
{
    const struct hs_layout *layout = walk->layout;
    uint32_t policy = walk->request->values;
    if (type->value >= HS_VALUE_STR && policy == HS_AGENT_VALUES_NAMES)
        return;
    size_t limit = policy == HS_AGENT_VALUES_FULL ? HS_VALUE_WHOLE : 4 * HS_VALUE_PREVIEW;
    switch (type->value) {
    case HS_VALUE_FUNCTION:
        write_str(walk, object, hs_word(object, layout->func_qualname));
        break;
    case HS_VALUE_CODE:
        write_code(walk, object);
        break;
    case HS_VALUE_MODULE:
        write_str(walk, object, hs_word(object, layout->module_name));
        break;
    case HS_VALUE_TYPE: {
        struct hs_type_name name;
        hs_type_name(&walk->types, object, &name);
        hs_emit_value(&walk->emit, object, name.name, name.name_bytes);
        break;
    }
    case HS_VALUE_STR:
        write_str_content(walk, object, limit);
        break;
    case HS_VALUE_BYTES:
        write_bytes_content(walk, object, limit);
        break;
    case HS_VALUE_INT:
        write_int(walk, object);
        break;
    case HS_VALUE_FLOAT:
        write_float(walk, object);
        break;
    case HS_VALUE_BOOL: {
        bool truth = hs_word32(object, layout->long_digits) != 0;
        hs_emit_value(&walk->emit, object, truth ? "True" : "False", truth ? 4 : 5);
        break;
    }
    default:
        break;
    }
}
