#include "dump/refs.h"

static struct hs_error *read_label(struct hs_refs *refs, uint32_t *ret)
{
    const struct hs_index *index = refs->index;
    uint64_t number;
    uint8_t flags;
    struct hs_span text;
    struct hs_error *error = hs_cursor_varint_max(&refs->cursor, index->label_count, "label", &number);
    if (error)
        return error;
    if (number) {
        *ret = index->label[number - 1];
        return NULL;
    }
    error = hs_cursor_byte(&refs->cursor, &flags);
    if (!error)
        error = hs_decode_text(&refs->cursor, &text);
    if (!error)
        *ret = hs_label_set_find(&index->labels, index->bytes, flags, text);
    return error;
}

static struct hs_error *next_field(struct hs_refs *refs, struct hs_stream_ref *ret)
{
    ret->in_tail = false;
    ret->label = refs->index->field_label[refs->shape->labels + refs->field++];
    return hs_decode_dst(&refs->cursor, refs->granule, &ret->granule);
}

static struct hs_error *next_in_tail(struct hs_refs *refs, struct hs_stream_ref *ret)
{
    struct hs_error *error = NULL;
    ret->in_tail = true;
    switch ((enum hs_tail)refs->shape->tail) {
    case HS_TAIL_PAIR:
        ret->label = refs->second ? HS_LABEL_VALUE : HS_LABEL_KEY;
        refs->second = !refs->second;
        break;
    case HS_TAIL_LABELLED:
        error = read_label(refs, &ret->label);
        break;
    case HS_TAIL_ITEM:
        ret->label = HS_LABEL_ITEM;
        break;
    case HS_TAIL_KEY:
        ret->label = HS_LABEL_KEY;
        break;
    default:
        ret->label = HS_LABEL_INTERNAL;
        break;
    }
    if (!refs->second)
        refs->run--;
    return error ? error : hs_decode_dst(&refs->cursor, refs->granule, &ret->granule);
}

struct hs_error *hs_refs_next(struct hs_refs *refs, struct hs_stream_ref *ret, bool *ret_any)
{
    *ret_any = true;
    if (refs->field < refs->shape->fields)
        return next_field(refs, ret);
    while (!refs->run && refs->more) {
        uint64_t run;
        struct hs_error *error = hs_cursor_varint(&refs->cursor, &run);
        if (error)
            return error;
        refs->run = run >> 1;
        refs->more = run & 1;
    }
    if (refs->run)
        return next_in_tail(refs, ret);
    *ret_any = false;
    return NULL;
}
