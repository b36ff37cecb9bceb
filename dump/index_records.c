/* One record after the other into the index. A record changes the index when it was read whole, so that one
 * of which the end has not arrived yet can be read again; only labels inside a tail are added at once, which
 * does no harm twice. */
#include "dump/index_records.h"

#include "dump/array.h"

#include <string.h>

/* What no further byte can make right, as opposed to a record of which the rest has not arrived yet. */
#define INVALID(index, cursor, ...) ((index)->invalid = true, hs_cursor_error(cursor, __VA_ARGS__))

static struct hs_error *index_label(struct hs_index *index, struct hs_cursor *cursor)
{
    uint8_t flags;
    struct hs_span text;
    struct hs_error *error = hs_cursor_byte(cursor, &flags);
    if (!error && (flags & ~HS_STREAM_BORROWED) >= HS_REF_KINDS)
        error = INVALID(index, cursor, "there is no reference kind %u", flags & ~HS_STREAM_BORROWED);
    if (!error)
        error = hs_decode_text(cursor, &text);
    if (!error)
        error = hs_array_reserve((void **)&index->label, &index->label_capacity,
                                 (size_t)index->label_count + 1, sizeof(index->label[0]));
    if (!error)
        error =
            hs_label_set_add(&index->labels, index->bytes, flags, text, &index->label[index->label_count]);
    if (!error)
        index->label_count++;
    return error;
}

static struct hs_error *index_type(struct hs_index *index, struct hs_cursor *cursor)
{
    struct hs_index_type type = {0};
    uint64_t address;
    struct hs_error *error = hs_cursor_varint(cursor, &address);
    if (!error)
        error = hs_cursor_byte(cursor, &type.flags);
    if (error)
        return error;
    type.granule = address >> 1;
    type.texts = hs_cursor_offset(cursor);
    error = hs_decode_text(cursor, &type.name);
    if (!error)
        error = hs_decode_text(cursor, &type.module);
    if (!error)
        error = hs_decode_text(cursor, &type.qualname);
    if (!error)
        error = hs_array_reserve((void **)&index->type, &index->type_capacity, (size_t)index->types + 1,
                                 sizeof(type));
    if (!error)
        index->type[index->types++] = type;
    return error;
}

static struct hs_error *index_shape(struct hs_index *index, struct hs_cursor *cursor)
{
    struct hs_index_shape shape = {.labels = index->field_labels, .plain = HS_NO_LABEL};
    uint64_t type;
    struct hs_error *error = hs_cursor_varint(cursor, &type);
    if (!error && type >= index->types)
        error = INVALID(index, cursor, "a shape of type %llu, of which there are %u",
                        (unsigned long long)type, index->types);
    if (!error)
        error = hs_cursor_byte(cursor, &shape.tail);
    if (!error && shape.tail >= HS_TAILS)
        error = INVALID(index, cursor, "there is no tail %u", shape.tail);
    if (!error)
        error = hs_cursor_count(cursor, 1, "fields of a shape", &shape.fields);
    if (!error)
        error = hs_array_reserve((void **)&index->field_label, &index->field_label_capacity,
                                 index->field_labels + shape.fields, sizeof(index->field_label[0]));
    for (uint32_t i = 0; !error && i < shape.fields; i++) {
        uint64_t label;
        error = hs_cursor_varint(cursor, &label);
        if (!error && (label == 0 || label > index->label_count))
            error = INVALID(index, cursor, "label %llu, of which there are %u", (unsigned long long)label,
                            index->label_count);
        if (!error)
            index->field_label[index->field_labels + i] = index->label[label - 1];
    }
    if (!error)
        error = hs_array_reserve((void **)&index->shape, &index->shape_capacity, (size_t)index->shapes + 1,
                                 sizeof(shape));
    if (error)
        return error;
    shape.type = (uint32_t)type;
    index->field_labels += shape.fields;
    index->shape[index->shapes++] = shape;
    return NULL;
}

/* What one OBJECT's references come to. */
struct refs_seen {
    uint64_t refs;      /* that are not NULL */
    uint64_t tail_refs; /* in the tail, NULL or not */
    uint32_t nulls;     /* fields that are NULL, listed in index->null */
    bool tail_has_null;
    uint64_t keys; /* hash of the keys of pairs */
};

static struct hs_error *scan_fields(struct hs_index *index, struct hs_cursor *cursor,
                                    const struct hs_index_shape *shape, struct refs_seen *seen)
{
    struct hs_error *error =
        hs_array_reserve((void **)&index->null, &index->null_capacity, shape->fields, sizeof(index->null[0]));
    for (uint32_t i = 0; !error && i < shape->fields; i++) {
        uint64_t dst;
        error = hs_cursor_varint(cursor, &dst);
        if (!error && !dst)
            index->null[seen->nulls++] = i;
    }
    if (!error)
        seen->refs += shape->fields - seen->nulls;
    return error;
}

/* Reads a label of a labelled tail; one that stands in the tail itself is added to the labels. */
static struct hs_error *scan_tail_label(struct hs_index *index, struct hs_cursor *cursor)
{
    uint64_t label;
    struct hs_error *error = hs_cursor_varint(cursor, &label);
    if (!error && label > index->label_count)
        error = INVALID(index, cursor, "label %llu, of which there are %u", (unsigned long long)label,
                        index->label_count);
    if (error || label)
        return error;
    uint8_t flags;
    struct hs_span text;
    uint32_t number;
    error = hs_cursor_byte(cursor, &flags);
    if (!error && (flags & ~HS_STREAM_BORROWED) >= HS_REF_KINDS)
        error = INVALID(index, cursor, "there is no reference kind %u", flags & ~HS_STREAM_BORROWED);
    if (!error)
        error = hs_decode_text(cursor, &text);
    if (!error)
        error = hs_label_set_add(&index->labels, index->bytes, flags, text, &number);
    return error;
}

static struct hs_error *scan_tail(struct hs_index *index, struct hs_cursor *cursor, uint8_t tail,
                                  uint64_t granule, struct refs_seen *seen)
{
    uint64_t run, width = tail == HS_TAIL_PAIR ? 2 : 1;
    do {
        struct hs_error *error = hs_cursor_varint(cursor, &run);
        if (error)
            return error;
        if (run >> 1 > hs_cursor_left(cursor))
            return hs_cursor_error(cursor, "a run of %llu references, but only %zu bytes follow",
                                   (unsigned long long)(run >> 1), hs_cursor_left(cursor));
        for (uint64_t n = (run >> 1) * width; n; n--) {
            uint64_t dst;
            if (tail == HS_TAIL_LABELLED) {
                error = scan_tail_label(index, cursor);
                if (error)
                    return error;
            }
            error = hs_cursor_varint(cursor, &dst);
            if (error)
                return error;
            if (tail == HS_TAIL_PAIR && n % 2 == 0 && dst)
                seen->keys = hs_hash_next(seen->keys, granule + (uint64_t)hs_unzigzag(dst - 1));
            seen->tail_refs++;
            seen->refs += dst != 0;
            seen->tail_has_null |= dst == 0;
        }
    } while (run & 1);
    return NULL;
}

/* Dicts are told apart by their keys as long as there are not too many kinds of them: keys may be all
 * different. */
#define KEYED_VARIANTS_MAX 100000

static struct hs_error *choose_variant(struct hs_index *index, uint32_t number, const struct refs_seen *seen,
                                       uint32_t *ret)
{
    struct hs_index_shape *shape = &index->shape[number];
    struct hs_variant_key key = {.shape = number, .tail_refs = HS_TAIL_VARIABLE};
    if (seen->tail_has_null) {
        key.loose = true;
        return hs_variants_add(&index->variants, &key, ret);
    }
    if (shape->tail == HS_TAIL_NONE)
        key.tail_refs = 0;
    else if (shape->tail != HS_TAIL_LABELLED && seen->tail_refs <= HS_VARIANT_TAIL)
        key.tail_refs = (uint32_t)seen->tail_refs;
    bool plain = !seen->nulls && (key.tail_refs == HS_TAIL_VARIABLE || shape->tail == HS_TAIL_NONE);
    if (plain && shape->plain != HS_NO_LABEL) {
        *ret = shape->plain;
        return NULL;
    }
    if (key.tail_refs != HS_TAIL_VARIABLE && index->variants.count < KEYED_VARIANTS_MAX)
        key.keys = seen->keys;
    key.nulls = seen->nulls;
    key.null = index->null;
    struct hs_error *error = hs_variants_add(&index->variants, &key, ret);
    if (!error && plain)
        shape->plain = *ret;
    return error;
}

static struct hs_error *index_object(struct hs_index *index, struct hs_cursor *cursor)
{
    uint64_t body = hs_cursor_offset(cursor);
    struct hs_object_record object;
    struct refs_seen seen = {0};
    struct hs_error *error = hs_decode_object(cursor, index->last_address, &object);
    if (error)
        return error;
    if (object.shape >= index->shapes)
        return INVALID(index, cursor, "an object of shape %u, of which there are %u", object.shape,
                       index->shapes);
    if (object.address >> 61)
        return INVALID(index, cursor, "an object beyond the address space");
    const struct hs_index_shape *shape = &index->shape[object.shape];
    error = scan_fields(index, cursor, shape, &seen);
    if (!error && shape->tail != HS_TAIL_NONE)
        error = scan_tail(index, cursor, shape->tail, object.granule, &seen);
    if (!error)
        error = hs_array_reserve((void **)&index->where, &index->where_capacity, (size_t)index->objects + 1,
                                 sizeof(index->where[0]));
    if (!error)
        error = hs_array_reserve((void **)&index->variant, &index->variant_capacity,
                                 (size_t)index->objects + 1, sizeof(index->variant[0]));
    uint32_t variant;
    if (!error)
        error = choose_variant(index, object.shape, &seen, &variant);
    if (error)
        return error;
    bool added;
    error = hs_rank_add(&index->rank, object.granule, &added);
    if (!error && !added)
        error =
            INVALID(index, cursor, "two objects at address 0x%llx", (unsigned long long)object.granule << 4);
    if (error)
        return error;
    index->variants.variant[variant].objects++;
    index->variant[index->objects] = variant;
    index->where[index->objects++] = body | (object.address & 1 ? HS_INDEX_ODD : 0);
    index->last_address = object.address;
    index->refs += seen.refs;
    return NULL;
}

static struct hs_error *index_value(struct hs_index *index, struct hs_cursor *cursor)
{
    uint64_t address;
    struct hs_span text;
    struct hs_error *error = hs_cursor_varint(cursor, &address);
    uint64_t at = hs_cursor_offset(cursor);
    if (!error)
        error = hs_decode_text(cursor, &text);
    if (!error)
        error = hs_array_reserve((void **)&index->value, &index->value_capacity, index->values + 1,
                                 sizeof(index->value[0]));
    if (!error)
        index->value[index->values++] = (struct hs_value_at){address >> 1, at};
    return error;
}

/* Checks the body of a small record and notes where it is. */
static struct hs_error *index_small(struct hs_index *index, struct hs_cursor *cursor, uint8_t tag)
{
    struct hs_offsets *offsets = &index->record[tag];
    uint64_t body = hs_cursor_offset(cursor);
    struct hs_error *error = NULL;
    switch ((enum hs_stream_tag)tag) {
    case HS_STREAM_ROOT:
        error = hs_decode_root(cursor, &(struct hs_root_record){0});
        break;
    case HS_STREAM_MODULE:
        error = hs_decode_module(cursor, &(struct hs_module_record){0});
        break;
    case HS_STREAM_THREAD:
        error = hs_decode_thread(cursor, &(struct hs_thread_record){0});
        break;
    case HS_STREAM_FRAME:
        error = hs_decode_frame(cursor, &(struct hs_frame_record){0});
        break;
    case HS_STREAM_FACT:
        error = hs_decode_fact(cursor, &(struct hs_fact_record){0});
        break;
    case HS_STREAM_TEXT:
        error = hs_decode_named_text(cursor, &(struct hs_fact_record){0});
        break;
    case HS_STREAM_SITE:
        error = hs_decode_site(cursor, &(struct hs_site_record){0});
        break;
    default:
        error = INVALID(index, cursor, "there is no record %u", tag);
        break;
    }
    if (!error)
        error = hs_array_reserve((void **)&offsets->at, &offsets->capacity, offsets->count + 1, sizeof(body));
    if (!error)
        offsets->at[offsets->count++] = body;
    return error;
}

static struct hs_error *index_allocated(struct hs_index *index, struct hs_cursor *cursor)
{
    uint64_t site;
    struct hs_error *error = hs_cursor_varint(cursor, &site);
    if (!error && site >= index->record[HS_STREAM_SITE].count)
        error = INVALID(index, cursor, "site %llu, of which there are %zu", (unsigned long long)site,
                        index->record[HS_STREAM_SITE].count);
    if (!error && (!index->objects || index->sites == index->objects))
        error = INVALID(index, cursor, "a site without an object of its own");
    if (!error)
        error = hs_array_reserve((void **)&index->site, &index->site_capacity, index->objects,
                                 sizeof(index->site[0]));
    if (error)
        return error;
    while (index->sites + 1 < index->objects)
        index->site[index->sites++] = 0;
    index->site[index->sites++] = (uint32_t)site + 1;
    return NULL;
}

static struct hs_error *index_opaque(struct hs_index *index, struct hs_cursor *cursor)
{
    uint64_t type;
    struct hs_error *error = hs_cursor_varint(cursor, &type);
    if (!error && type >= index->types)
        error = INVALID(index, cursor, "opaque type %llu, of which there are %u", (unsigned long long)type,
                        index->types);
    if (!error)
        index->type[type].opaque = true;
    return error;
}

static struct hs_error *index_end(struct hs_index *index, struct hs_cursor *cursor)
{
    uint64_t objects, refs;
    struct hs_error *error = hs_cursor_varint(cursor, &objects);
    if (!error)
        error = hs_cursor_varint(cursor, &refs);
    if (error)
        return error;
    if (objects != index->objects || refs != index->refs)
        return INVALID(index, cursor, "%u objects and %llu references came, but %llu and %llu were sent",
                       index->objects, (unsigned long long)index->refs, (unsigned long long)objects,
                       (unsigned long long)refs);
    if (hs_cursor_left(cursor))
        return INVALID(index, cursor, "%zu bytes after its end", hs_cursor_left(cursor));
    index->ended = true;
    return NULL;
}

static struct hs_error *index_record(struct hs_index *index, struct hs_cursor *cursor)
{
    uint8_t tag;
    struct hs_error *error = hs_cursor_byte(cursor, &tag);
    if (error)
        return error;
    switch (tag) {
    case HS_STREAM_OBJECT:
        return index_object(index, cursor);
    case HS_STREAM_LABEL:
        return index_label(index, cursor);
    case HS_STREAM_TYPE:
        return index_type(index, cursor);
    case HS_STREAM_SHAPE:
        return index_shape(index, cursor);
    case HS_STREAM_VALUE:
        return index_value(index, cursor);
    case HS_STREAM_ALLOCATED:
        return index_allocated(index, cursor);
    case HS_STREAM_OPAQUE:
        return index_opaque(index, cursor);
    case HS_STREAM_END:
        return index_end(index, cursor);
    case HS_STREAM_ROOT:
    case HS_STREAM_MODULE:
    case HS_STREAM_THREAD:
    case HS_STREAM_FRAME:
    case HS_STREAM_FACT:
    case HS_STREAM_TEXT:
    case HS_STREAM_SITE:
        return index_small(index, cursor, tag);
    default:
        return INVALID(index, cursor, "there is no record %u", tag);
    }
}

struct hs_error *hs_index_records(struct hs_index *index)
{
    struct hs_cursor cursor = hs_index_cursor(index, index->next);
    struct hs_error *error = NULL;
    if (index->next == 0) {
        const uint8_t *magic;
        size_t bytes = sizeof(HS_STREAM_MAGIC) - 1;
        error = hs_cursor_bytes(&cursor, bytes, &magic);
        if (!error && memcmp(magic, HS_STREAM_MAGIC, bytes))
            error = INVALID(index, &cursor, "not a heap stream, or one of another build of the agent");
    }
    while (!error) {
        index->next = hs_cursor_offset(&cursor);
        if (index->ended || !hs_cursor_left(&cursor))
            return NULL;
        error = index_record(index, &cursor);
    }
    return error;
}
