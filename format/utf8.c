#include "format/utf8.h"

static bool continues(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t hs_utf8_character(const void *text, size_t bytes)
{
    const uint8_t *at = text;
    if (bytes == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xc2 && at[0] <= 0xdf)
        return bytes >= 2 && continues(at[1]) ? 2 : 0;
    if (at[0] >= 0xe0 && at[0] <= 0xef) {
        if (bytes < 3 || !continues(at[1]) || !continues(at[2]))
            return 0;
        bool overlong = at[0] == 0xe0 && at[1] < 0xa0;
        bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (at[0] >= 0xf0 && at[0] <= 0xf4) {
        if (bytes < 4 || !continues(at[1]) || !continues(at[2]) || !continues(at[3]))
            return 0;
        bool overlong = at[0] == 0xf0 && at[1] < 0x90;
        bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool hs_utf8_valid(const void *text, size_t bytes)
{
    const uint8_t *at = text;
    while (bytes > 0) {
        size_t step = hs_utf8_character(at, bytes);
        if (step == 0)
            return false;
        at += step;
        bytes -= step;
    }
    return true;
}

struct hs_error *hs_utf8_append(struct hs_buffer *buffer, const void *text, size_t bytes)
{
    const uint8_t *at = text;
    while (bytes > 0) {
        size_t good = 0;
        size_t step;
        while ((step = hs_utf8_character(at + good, bytes - good)) > 0)
            good += step;
        struct hs_error *error = hs_buffer_append(buffer, at, good);
        if (!error && good < bytes) {
            error = hs_buffer_append(buffer, "\xef\xbf\xbd", 3);
            good++;
        }
        if (error)
            return error;
        at += good;
        bytes -= good;
    }
    return NULL;
}

struct hs_error *hs_utf8_copy(const char *text, char **ret)
{
    struct hs_buffer buffer = {0};
    *ret = NULL;
    if (!text)
        return NULL;
    struct hs_error *error = hs_utf8_append(&buffer, text, strlen(text));
    if (!error)
        error = hs_buffer_byte(&buffer, 0);
    if (error)
        hs_buffer_deinit(&buffer);
    else
        *ret = (char *)buffer.data;
    return error;
}
