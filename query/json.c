#include "query/json.h"

#include "format/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

struct hs_error *hs_json_finish(struct hs_json *json)
{
    if (json->failed)
        return &hs_error_memory;
    errno = 0;
    if (fflush(json->file) || ferror(json->file))
        return hs_error_system(errno ? errno : EIO, NULL, "write the JSON");
    return NULL;
}

static void new_line(struct hs_json *json)
{
    putc('\n', json->file);
    for (unsigned i = 0; i < json->depth; i++)
        fputs("  ", json->file);
}

/* What stands between a value and the one before it. */
static void separate(struct hs_json *json)
{
    if (json->after_key) {
        json->after_key = false;
        return;
    }
    if (!json->depth)
        return;
    bool inside = json->inline_depth && json->depth >= json->inline_depth;
    if (json->used[json->depth - 1])
        fputs(inside ? ", " : ",", json->file);
    json->used[json->depth - 1] = true;
    if (!inside)
        new_line(json);
}

static void open_nested(struct hs_json *json, char bracket, bool on_one_line)
{
    separate(json);
    putc(bracket, json->file);
    assert(json->depth < HS_JSON_DEPTH);
    json->used[json->depth++] = false;
    if (on_one_line && !json->inline_depth)
        json->inline_depth = json->depth;
}

static void close_nested(struct hs_json *json, char bracket)
{
    bool inside = json->inline_depth && json->depth >= json->inline_depth;
    if (json->inline_depth == json->depth)
        json->inline_depth = 0;
    bool used = json->used[--json->depth];
    if (used && !inside)
        new_line(json);
    putc(bracket, json->file);
    if (!json->depth)
        putc('\n', json->file);
}

void hs_json_object(struct hs_json *json)
{
    open_nested(json, '{', false);
}

void hs_json_array(struct hs_json *json)
{
    open_nested(json, '[', false);
}

void hs_json_object_inline(struct hs_json *json)
{
    open_nested(json, '{', true);
}

void hs_json_array_inline(struct hs_json *json)
{
    open_nested(json, '[', true);
}

void hs_json_object_end(struct hs_json *json)
{
    close_nested(json, '}');
}

void hs_json_array_end(struct hs_json *json)
{
    close_nested(json, ']');
}

static void put_string(struct hs_json *json, const char *data, size_t bytes)
{
    struct hs_text text = {0};
    hs_text_json(&text, data, bytes);
    fprintf(json->file, "\"%s\"", hs_text_string(&text));
    json->failed |= text.failed;
    hs_text_deinit(&text);
}

void hs_json_key(struct hs_json *json, const char *key)
{
    separate(json);
    put_string(json, key, strlen(key));
    fputs(": ", json->file);
    json->after_key = true;
}

void hs_json_text(struct hs_json *json, const char *data, size_t bytes)
{
    separate(json);
    put_string(json, data, bytes);
}

void hs_json_string(struct hs_json *json, const char *string)
{
    if (string)
        hs_json_text(json, string, strlen(string));
    else
        hs_json_null(json);
}

void hs_json_int(struct hs_json *json, int64_t number)
{
    separate(json);
    fprintf(json->file, "%" PRId64, number);
}

void hs_json_uint(struct hs_json *json, uint64_t number)
{
    separate(json);
    fprintf(json->file, "%" PRIu64, number);
}

void hs_json_real(struct hs_json *json, double number)
{
    if (!isfinite(number)) {
        hs_json_null(json);
        return;
    }
    separate(json);
    fprintf(json->file, "%.15g", number);
}

void hs_json_bool(struct hs_json *json, bool truth)
{
    separate(json);
    fputs(truth ? "true" : "false", json->file);
}

void hs_json_null(struct hs_json *json)
{
    separate(json);
    fputs("null", json->file);
}

void hs_json_address(struct hs_json *json, uint64_t address)
{
    separate(json);
    fprintf(json->file, "\"0x%" PRIx64 "\"", address);
}

void hs_json_key_string(struct hs_json *json, const char *key, const char *string)
{
    hs_json_key(json, key);
    hs_json_string(json, string);
}

void hs_json_key_int(struct hs_json *json, const char *key, int64_t number)
{
    hs_json_key(json, key);
    hs_json_int(json, number);
}

void hs_json_key_uint(struct hs_json *json, const char *key, uint64_t number)
{
    hs_json_key(json, key);
    hs_json_uint(json, number);
}
