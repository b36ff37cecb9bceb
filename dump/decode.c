#include "dump/decode.h"

#include <stdlib.h>
#include <string.h>

struct hs_error *hs_decode_object(struct hs_cursor *cursor, uint64_t previous, struct hs_object_record *ret)
{
    uint64_t delta, shape;
    uint8_t gc;
    struct hs_error *error = hs_cursor_varint(cursor, &delta);
    if (!error)
        error = hs_cursor_varint_max(cursor, UINT32_MAX, "shape", &shape);
    if (!error)
        error = hs_cursor_varint(cursor, &ret->refcount);
    if (!error)
        error = hs_cursor_varint(cursor, &ret->size);
    if (!error)
        error = hs_cursor_byte(cursor, &gc);
    if (error)
        return error;
    ret->address = previous + (uint64_t)hs_unzigzag(delta);
    ret->granule = ret->address >> 1;
    ret->shape = (uint32_t)shape;
    ret->generation = gc & HS_STREAM_GENERATION;
    ret->length = HS_NO_LENGTH;
    ret->ident = 0;
    if (gc & HS_STREAM_LENGTH)
        error = hs_cursor_varint_max(cursor, HS_NO_LENGTH - 1, "length", &ret->length);
    if (!error && (gc & HS_STREAM_IDENT))
        error = hs_cursor_le16(cursor, &ret->ident);
    return error;
}

struct hs_error *hs_decode_text(struct hs_cursor *cursor, struct hs_span *ret)
{
    uint64_t size;
    struct hs_error *error = hs_cursor_varint_max(cursor, HS_TEXT_MAX, "length of a text", &size);
    if (!error)
        error = hs_cursor_bytes(cursor, size, &ret->bytes);
    if (!error)
        ret->size = (uint32_t)size;
    return error;
}

struct hs_error *hs_decode_root(struct hs_cursor *cursor, struct hs_root_record *ret)
{
    struct hs_error *error = hs_cursor_byte(cursor, &ret->kind);
    ret->owning = !(ret->kind & HS_STREAM_BORROWED);
    ret->kind &= (uint8_t)~HS_STREAM_BORROWED;
    if (!error && ret->kind >= HS_ROOT_KINDS)
        error = hs_cursor_error(cursor, "there is no root kind %u", ret->kind);
    if (!error)
        error = hs_cursor_varint(cursor, &ret->address);
    if (!error)
        error = hs_decode_text(cursor, &ret->name);
    return error;
}

struct hs_error *hs_decode_module(struct hs_cursor *cursor, struct hs_module_record *ret)
{
    struct hs_error *error = hs_cursor_varint(cursor, &ret->address);
    if (!error)
        error = hs_decode_text(cursor, &ret->name);
    if (!error)
        error = hs_decode_text(cursor, &ret->file);
    return error;
}

struct hs_error *hs_decode_thread(struct hs_cursor *cursor, struct hs_thread_record *ret)
{
    struct hs_error *error = hs_cursor_varint_max(cursor, INT64_MAX, "native thread id", &ret->native_id);
    if (!error)
        error = hs_cursor_varint(cursor, &ret->address);
    if (!error)
        error = hs_decode_text(cursor, &ret->name);
    return error;
}

struct hs_error *hs_decode_frame(struct hs_cursor *cursor, struct hs_frame_record *ret)
{
    uint64_t thread, depth, line;
    struct hs_error *error = hs_cursor_varint_max(cursor, UINT32_MAX, "thread number", &thread);
    if (!error)
        error = hs_cursor_varint_max(cursor, UINT32_MAX, "depth of a frame", &depth);
    if (!error)
        error = hs_cursor_varint(cursor, &ret->code);
    if (!error)
        error = hs_cursor_varint(cursor, &ret->frame);
    if (!error)
        error = hs_cursor_varint_max(cursor, UINT32_MAX, "line", &line);
    if (!error)
        error = hs_decode_text(cursor, &ret->function);
    if (!error)
        error = hs_decode_text(cursor, &ret->file);
    if (error)
        return error;
    ret->thread = (uint32_t)thread;
    ret->depth = (uint32_t)depth;
    ret->line = (uint32_t)line;
    return NULL;
}

struct hs_error *hs_decode_site(struct hs_cursor *cursor, struct hs_site_record *ret)
{
    uint64_t line;
    struct hs_error *error = hs_cursor_varint_max(cursor, UINT32_MAX, "line", &line);
    if (!error)
        error = hs_decode_text(cursor, &ret->file);
    if (!error)
        ret->line = (uint32_t)line;
    return error;
}

struct hs_error *hs_decode_fact(struct hs_cursor *cursor, struct hs_fact_record *ret)
{
    uint64_t value;
    struct hs_error *error = hs_decode_text(cursor, &ret->name);
    if (!error)
        error = hs_cursor_varint(cursor, &value);
    if (!error)
        ret->value = hs_unzigzag(value);
    return error;
}

struct hs_error *hs_decode_named_text(struct hs_cursor *cursor, struct hs_fact_record *ret)
{
    struct hs_error *error = hs_decode_text(cursor, &ret->name);
    return error ? error : hs_decode_text(cursor, &ret->text);
}

char *hs_text_duplicate(struct hs_span text)
{
    static const char replacement[3] = "\xef\xbf\xbd";
    size_t nuls = 0;
    for (uint32_t i = 0; i < text.size; i++)
        nuls += !text.bytes[i];
    char *string = malloc(text.size + nuls * (sizeof(replacement) - 1) + 1);
    if (!string)
        return NULL;
    char *at = string;
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.bytes[i])
            *at++ = (char)text.bytes[i];
        else
            at = mempcpy(at, replacement, sizeof(replacement));
    }
    *at = '\0';
    return string;
}
