#include "format/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hs_text_deinit(struct hs_text *text)
{
    free(text->data);
    *text = (struct hs_text){0};
}

void hs_text_clear(struct hs_text *text)
{
    text->bytes = 0;
    if (text->data)
        text->data[0] = '\0';
}

struct hs_error *hs_text_error(const struct hs_text *text)
{
    return text->failed ? &hs_error_memory : NULL;
}

const char *hs_text_string(const struct hs_text *text)
{
    return text->data ? text->data : "";
}

char *hs_text_take(struct hs_text *text)
{
    hs_text_put(text, "", 0);
    char *data = text->failed ? NULL : text->data;
    if (text->failed)
        free(text->data);
    *text = (struct hs_text){0};
    return data;
}

static bool reserve(struct hs_text *text, size_t bytes)
{
    if (text->failed)
        return false;
    if (text->data && text->capacity - text->bytes > bytes)
        return true;
    size_t needed = text->bytes + bytes + 1;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (capacity < needed && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *data = needed > bytes && capacity >= needed ? realloc(text->data, capacity) : NULL;
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

struct hs_error *hs_text_print(struct hs_text *text, FILE *file)
{
    struct hs_error *error = hs_text_error(text);
    if (!error)
        fwrite(hs_text_string(text), 1, text->bytes, file);
    hs_text_deinit(text);
    return error;
}

void hs_text_put(struct hs_text *text, const char *data, size_t bytes)
{
    if (!reserve(text, bytes))
        return;
    memcpy(text->data + text->bytes, data, bytes);
    text->bytes += bytes;
    text->data[text->bytes] = '\0';
}

void hs_text_puts(struct hs_text *text, const char *string)
{
    hs_text_put(text, string, strlen(string));
}

void hs_text_printf(struct hs_text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *string = NULL;
    int bytes = vasprintf(&string, format, args);
    va_end(args);
    if (bytes < 0) {
        text->failed = true;
        return;
    }
    hs_text_put(text, string, (size_t)bytes);
    free(string);
}

void hs_text_fill(struct hs_text *text, char character, size_t times)
{
    if (!reserve(text, times))
        return;
    memset(text->data + text->bytes, character, times);
    text->bytes += times;
    text->data[text->bytes] = '\0';
}

/* Length of the sequence that the lead byte announces, 0 if it is none, and the bits that it carries. */
static int utf8_lead(unsigned char lead, uint32_t *ret_bits)
{
    if (lead >= 0xc2 && lead <= 0xdf) {
        *ret_bits = lead & 0x1f;
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
        *ret_bits = lead & 0x0f;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *ret_bits = lead & 0x07;
        return 4;
    }
    return 0;
}

bool hs_utf8_next(const char **cursor, const char *end, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)*cursor;
    *cursor += 1;
    *ret = at[0];
    if (at[0] < 0x80)
        return true;
    uint32_t point;
    int length = utf8_lead(at[0], &point);
    if (!length || end - (const char *)at < length)
        return false;
    for (int i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return false;
        point = point << 6 | (at[i] & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff)
        return false;
    *cursor = (const char *)at + length;
    *ret = point;
    return true;
}

struct range {
    uint32_t first, last;
};

static bool in_ranges(uint32_t point, const struct range *range, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (point >= range[i].first && point <= range[i].last)
            return true;
    return false;
}
#define IN_RANGES(point, ranges) in_ranges(point, ranges, sizeof(ranges) / sizeof(ranges[0]))

/* Characters that a terminal obeys or does not show: controls, bidi marks, overrides and isolates, zero-width
 * characters, line and paragraph separators, interlinear and tag characters. */
static bool is_hidden(uint32_t point)
{
    static const struct range hidden[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad},   {0x061c, 0x061c}, {0x180e, 0x180e},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},   {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
        {0xd800, 0xdfff}, {0xfffe, 0xffff}, {0xe0000, 0xe0fff},
    };
    return IN_RANGES(point, hidden);
}

static size_t point_width(uint32_t point)
{
    static const struct range zero[] = {
        {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x064b, 0x065f}, {0x1ab0, 0x1aff},
        {0x1dc0, 0x1dff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
    };
    static const struct range wide[] = {
        {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
        {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
    };
    if (point < 0x300)
        return 1;
    return IN_RANGES(point, zero) ? 0 : IN_RANGES(point, wide) ? 2 : 1;
}

size_t hs_text_width(const char *data, size_t bytes)
{
    size_t width = 0;
    for (const char *cursor = data, *end = data + bytes; cursor < end;) {
        uint32_t point;
        width += hs_utf8_next(&cursor, end, &point) ? point_width(point) : 1;
    }
    return width;
}

static void put_hidden(struct hs_text *text, uint32_t point)
{
    switch (point) {
    case '\n':
        hs_text_puts(text, "\\n");
        break;
    case '\r':
        hs_text_puts(text, "\\r");
        break;
    case '\t':
        hs_text_puts(text, "\\t");
        break;
    default:
        hs_text_printf(text, point < 0x100 ? "\\x%02x" : point < 0x10000 ? "\\u%04x" : "\\U%08x", point);
    }
}

/* One character or bad byte, as people shall see it; steps over it. */
static void put_visible(struct hs_text *text, const char **cursor, const char *end)
{
    const char *start = *cursor;
    uint32_t point;
    if (!hs_utf8_next(cursor, end, &point))
        hs_text_printf(text, "\\x%02x", point);
    else if (is_hidden(point))
        put_hidden(text, point);
    else
        hs_text_put(text, start, (size_t)(*cursor - start));
}

void hs_text_terminal(struct hs_text *text, const char *data, size_t bytes)
{
    for (const char *cursor = data, *end = data + bytes; cursor < end;)
        put_visible(text, &cursor, end);
}

void hs_text_clip(struct hs_text *text, const char *data, size_t bytes, size_t columns)
{
    static const char more[] = "...";
    size_t start = text->bytes, fits = start, width = 0;
    for (const char *cursor = data, *end = data + bytes; cursor < end;) {
        size_t before = text->bytes;
        put_visible(text, &cursor, end);
        if (text->failed)
            return;
        width += hs_text_width(text->data + before, text->bytes - before);
        if (width + sizeof(more) - 1 <= columns)
            fits = text->bytes;
        if (width > columns) {
            text->bytes = fits;
            hs_text_puts(text, more);
            return;
        }
    }
}

/* The last `columns` of it at most. */
static void put_end(struct hs_text *text, const char *data, size_t bytes, size_t columns)
{
    /* No character is longer than 4 bytes, and none of those kept takes less than a column or is followed by
     * more than a few that take none: what is before need not be looked at. */
    size_t most = 16 * columns;
    const char *end = data + bytes, *start = bytes > most ? end - most : data;
    while (start < end && start > data && (*start & 0xc0) == 0x80)
        start++;
    for (;;) {
        struct hs_text tail = {0};
        hs_text_terminal(&tail, start, (size_t)(end - start));
        bool fits = hs_text_width(hs_text_string(&tail), tail.bytes) <= columns;
        if (fits || tail.failed || start == end) {
            hs_text_put(text, hs_text_string(&tail), tail.bytes);
            text->failed |= tail.failed;
            hs_text_deinit(&tail);
            return;
        }
        hs_text_deinit(&tail);
        uint32_t point;
        hs_utf8_next(&start, end, &point);
    }
}

void hs_text_squeeze(struct hs_text *text, const char *data, size_t bytes, size_t columns)
{
    struct hs_text whole = {0};
    bool fits = false;
    if (bytes <= 16 * columns) {
        hs_text_terminal(&whole, data, bytes);
        fits = !whole.failed && hs_text_width(hs_text_string(&whole), whole.bytes) <= columns;
    }
    if (fits) {
        hs_text_put(text, hs_text_string(&whole), whole.bytes);
    } else {
        size_t end = columns > 3 ? (columns - 3) / 2 : 0;
        hs_text_clip(text, data, bytes, columns - end);
        put_end(text, data, bytes, end);
    }
    hs_text_deinit(&whole);
}

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

static void put_json(struct hs_text *text, uint32_t point)
{
    if (point >= 0xd800 && point <= 0xdfff)
        hs_text_puts(text, replacement);
    else if (point == '\n')
        hs_text_puts(text, "\\n");
    else if (point < 0x10000)
        hs_text_printf(text, "\\u%04x", point);
    else
        hs_text_printf(text, "\\u%04x\\u%04x", 0xd800 + ((point - 0x10000) >> 10), 0xdc00 + (point & 0x3ff));
}

void hs_text_json(struct hs_text *text, const char *data, size_t bytes)
{
    for (const char *cursor = data, *end = data + bytes; cursor < end;) {
        const char *start = cursor;
        uint32_t point;
        if (!hs_utf8_next(&cursor, end, &point))
            hs_text_puts(text, replacement);
        else if (point == '"' || point == '\\')
            hs_text_printf(text, "\\%c", (char)point);
        else if (is_hidden(point))
            put_json(text, point);
        else
            hs_text_put(text, start, (size_t)(cursor - start));
    }
}

static bool is_formula(const char *data, size_t bytes)
{
    return bytes && strchr("=+-@\t\r", data[0]) && data[0];
}

void hs_text_csv(struct hs_text *text, const char *data, size_t bytes)
{
    bool quote = false;
    for (size_t i = 0; i < bytes && !quote; i++)
        quote = strchr(",\"\r\n", data[i]) && data[i];
    hs_text_puts(text, quote ? "\"" : "");
    hs_text_puts(text, is_formula(data, bytes) ? "'" : "");
    for (const char *cursor = data, *end = data + bytes; cursor < end;) {
        const char *start = cursor;
        uint32_t point;
        if (!hs_utf8_next(&cursor, end, &point) || point == 0 || (point >= 0xd800 && point <= 0xdfff))
            hs_text_puts(text, replacement);
        else if (point == '"')
            hs_text_puts(text, "\"\"");
        else
            hs_text_put(text, start, (size_t)(cursor - start));
    }
    hs_text_puts(text, quote ? "\"" : "");
}

void hs_text_html(struct hs_text *text, const char *data, size_t bytes)
{
    for (const char *cursor = data, *end = data + bytes; cursor < end;) {
        switch (*cursor) {
        case '&':
            hs_text_puts(text, "&amp;");
            cursor++;
            break;
        case '<':
            hs_text_puts(text, "&lt;");
            cursor++;
            break;
        case '>':
            hs_text_puts(text, "&gt;");
            cursor++;
            break;
        case '"':
            hs_text_puts(text, "&quot;");
            cursor++;
            break;
        case '\'':
            hs_text_puts(text, "&#39;");
            cursor++;
            break;
        default:
            put_visible(text, &cursor, end);
        }
    }
}

void hs_text_shell(struct hs_text *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
    if (*word && strspn(word, plain) == strlen(word)) {
        hs_text_puts(text, word);
        return;
    }
    hs_text_puts(text, "'");
    for (const char *at = word; *at; at++) {
        if (*at == '\'')
            hs_text_puts(text, "'\\''");
        else
            hs_text_put(text, at, 1);
    }
    hs_text_puts(text, "'");
}
