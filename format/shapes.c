#include "format/shapes.h"

#include "format/utf8.h"

#include <stdlib.h>

/* In the byte that starts a label. */
#define LABEL_KIND     0x0f
#define LABEL_BORROWED 0x10
#define LABEL_NAMED    0x20

/* In the byte that follows a shape's type. */
#define SHAPE_TAIL     0x0f
#define SHAPE_TYPE_REF 0x10

static struct hs_error *grow(void **array, uint32_t count, uint32_t *capacity, size_t item)
{
    if (count < *capacity)
        return NULL;
    /* The last number means "none". */
    if (*capacity >= UINT32_MAX / 2)
        return hs_error_create(HS_ERROR_LIMIT, "more than %u labels or shapes", *capacity);
    uint32_t larger = *capacity ? *capacity * 2 : 64;
    void *grown = realloc(*array, larger * item);
    if (!grown)
        return &hs_error_memory;
    *array = grown;
    *capacity = larger;
    return NULL;
}

void hs_labels_deinit(struct hs_labels *labels)
{
    for (uint32_t i = 0; i < labels->count; i++)
        free(labels->label[i].name);
    free(labels->label);
    *labels = (struct hs_labels){0};
}

void hs_shapes_deinit(struct hs_shapes *shapes)
{
    for (uint32_t i = 0; i < shapes->count; i++)
        free((void *)shapes->shape[i].labels);
    free(shapes->shape);
    *shapes = (struct hs_shapes){0};
}

/* Takes over the name's memory, also when it fails. */
static struct hs_error *labels_push(struct hs_labels *labels, struct hs_label label, uint32_t *ret)
{
    struct hs_error *error =
        grow((void **)&labels->label, labels->count, &labels->capacity, sizeof(*labels->label));
    if (error) {
        free(label.name);
        return error;
    }
    *ret = labels->count;
    labels->label[labels->count++] = label;
    return NULL;
}

struct hs_error *hs_labels_add(struct hs_labels *labels, const struct hs_label *label, uint32_t *ret)
{
    if (label->kind >= HS_REF_KINDS)
        return hs_error_create(HS_ERROR_CORRUPT, "label %u: no such kind of reference: %u", labels->count,
                               label->kind);
    struct hs_label copy = {.kind = label->kind, .owning = label->owning};
    if (label->name) {
        struct hs_buffer name = {0};
        struct hs_error *error = hs_utf8_append(&name, label->name, label->bytes);
        size_t bytes = name.bytes;
        if (!error && bytes > UINT32_MAX)
            error = hs_error_create(HS_ERROR_LIMIT, "label %u: a name of %zu bytes", labels->count, bytes);
        if (!error)
            error = hs_buffer_byte(&name, 0);
        if (error) {
            hs_buffer_deinit(&name);
            return error;
        }
        copy.name = (char *)name.data;
        copy.bytes = (uint32_t)bytes;
    }
    return labels_push(labels, copy, ret);
}

/* Takes over the labels' memory, also when it fails. */
static struct hs_error *shapes_push(struct hs_shapes *shapes, struct hs_shape shape, uint32_t *ret)
{
    struct hs_error *error =
        grow((void **)&shapes->shape, shapes->count, &shapes->capacity, sizeof(*shapes->shape));
    if (error) {
        free((void *)shape.labels);
        return error;
    }
    *ret = shapes->count;
    shapes->shape[shapes->count++] = shape;
    return NULL;
}

static struct hs_error *check_tail(uint32_t number, const struct hs_shape *shape)
{
    if (shape->tail >= HS_TAILS)
        return hs_error_create(HS_ERROR_CORRUPT, "shape %u: no such tail: %u", number, shape->tail);
    if (!hs_shape_is_variable(shape) && shape->tail == HS_TAIL_PAIR && shape->tail_refs % 2 != 0)
        return hs_error_create(HS_ERROR_CORRUPT, "shape %u: a tail of pairs has %u references", number,
                               shape->tail_refs);
    return NULL;
}

struct hs_error *hs_shapes_add(struct hs_shapes *shapes, const struct hs_labels *labels,
                               const struct hs_shape *shape, uint32_t *ret)
{
    struct hs_error *error = check_tail(shapes->count, shape);
    if (error)
        return error;
    struct hs_shape copy = *shape;
    copy.labels = NULL;
    if (shape->tail == HS_TAIL_NONE)
        copy.tail_refs = 0;
    for (uint32_t i = 0; i < shape->fields; i++)
        if (shape->labels[i] >= labels->count)
            return hs_error_create(HS_ERROR_CORRUPT, "shape %u: label %u of %u", shapes->count,
                                   shape->labels[i], labels->count);
    if (shape->fields) {
        uint32_t *numbers = malloc(shape->fields * sizeof(*numbers));
        if (!numbers)
            return &hs_error_memory;
        memcpy(numbers, shape->labels, shape->fields * sizeof(*numbers));
        copy.labels = numbers;
    }
    return shapes_push(shapes, copy, ret);
}

struct hs_error *hs_labels_encode(const struct hs_labels *labels, struct hs_buffer *buffer)
{
    struct hs_error *error = hs_buffer_varint(buffer, labels->count);
    for (uint32_t i = 0; i < labels->count && !error; i++) {
        const struct hs_label *label = &labels->label[i];
        unsigned head = label->kind | (label->owning ? 0 : LABEL_BORROWED) | (label->name ? LABEL_NAMED : 0);
        error = hs_buffer_byte(buffer, (uint8_t)head);
        if (!error && label->name)
            error = hs_buffer_varint(buffer, label->bytes);
        if (!error && label->name)
            error = hs_buffer_append(buffer, label->name, label->bytes);
    }
    return error;
}

struct hs_error *hs_shapes_encode(const struct hs_shapes *shapes, struct hs_buffer *buffer)
{
    struct hs_error *error = hs_buffer_varint(buffer, shapes->count);
    for (uint32_t i = 0; i < shapes->count && !error; i++) {
        const struct hs_shape *shape = &shapes->shape[i];
        error = hs_buffer_varint(buffer, shape->type);
        if (!error)
            error = hs_buffer_byte(buffer, (uint8_t)(shape->tail | (shape->type_ref ? SHAPE_TYPE_REF : 0)));
        if (!error && shape->tail != HS_TAIL_NONE)
            error =
                hs_buffer_varint(buffer, hs_shape_is_variable(shape)
                                             ? 0
                                             : 1 + (uint64_t)shape->tail_refs / hs_tail_width(shape->tail));
        if (!error)
            error = hs_buffer_varint(buffer, shape->fields);
        uint32_t expected = 0;
        for (uint32_t f = 0; f < shape->fields && !error; f++) {
            error = hs_buffer_varint(buffer, hs_zigzag((int64_t)shape->labels[f] - expected));
            expected = shape->labels[f] + 1;
        }
    }
    return error;
}

static struct hs_error *label_decode(struct hs_labels *labels, struct hs_cursor *cursor)
{
    uint8_t head;
    struct hs_error *error = hs_cursor_byte(cursor, &head);
    if (error)
        return error;
    if ((head & LABEL_KIND) >= HS_REF_KINDS || (head & ~(LABEL_KIND | LABEL_BORROWED | LABEL_NAMED)))
        return hs_cursor_error(cursor, "label %u starts with byte 0x%02x, which is reserved", labels->count,
                               head);
    struct hs_label label = {.kind = head & LABEL_KIND, .owning = !(head & LABEL_BORROWED)};
    if (head & LABEL_NAMED) {
        uint64_t bytes;
        const uint8_t *text;
        error = hs_cursor_varint_max(cursor, UINT32_MAX - 1, "length of a name", &bytes);
        if (!error)
            error = hs_cursor_bytes(cursor, bytes, &text);
        if (error)
            return error;
        if (!hs_utf8_valid(text, bytes))
            return hs_cursor_error(cursor, "the name of label %u is not UTF-8", labels->count);
        label.name = malloc(bytes + 1);
        if (!label.name)
            return &hs_error_memory;
        memcpy(label.name, text, bytes);
        label.name[bytes] = '\0';
        label.bytes = (uint32_t)bytes;
    }
    uint32_t number;
    return labels_push(labels, label, &number);
}

struct hs_error *hs_labels_decode(struct hs_labels *labels, struct hs_cursor *cursor)
{
    uint32_t count;
    struct hs_error *error = hs_cursor_count(cursor, 1, "the count of labels", &count);
    for (uint32_t i = 0; !error && i < count; i++)
        error = label_decode(labels, cursor);
    return error ? error : hs_cursor_finish(cursor);
}

/* The numbers of a shape's labels, as differences to the one after the label before. */
static struct hs_error *shape_labels_decode(struct hs_cursor *cursor, uint32_t labels, uint32_t fields,
                                            uint32_t *ret)
{
    uint64_t expected = 0;
    for (uint32_t f = 0; f < fields; f++) {
        uint64_t coded;
        struct hs_error *error = hs_cursor_varint(cursor, &coded);
        if (error)
            return error;
        uint64_t number = expected + (uint64_t)hs_unzigzag(coded);
        if (number >= labels)
            return hs_cursor_error(cursor, "label %llu of %u", (unsigned long long)number, labels);
        ret[f] = (uint32_t)number;
        expected = number + 1;
    }
    return NULL;
}

static struct hs_error *shape_decode(struct hs_shapes *shapes, uint32_t labels, uint32_t types,
                                     struct hs_cursor *cursor)
{
    uint64_t type;
    uint8_t head;
    struct hs_error *error = hs_cursor_varint(cursor, &type);
    if (!error)
        error = hs_cursor_byte(cursor, &head);
    if (error)
        return error;
    if (type >= types)
        return hs_cursor_error(cursor, "shape %u: type %llu of %u", shapes->count, (unsigned long long)type,
                               types);
    if ((head & SHAPE_TAIL) >= HS_TAILS || (head & ~(SHAPE_TAIL | SHAPE_TYPE_REF)))
        return hs_cursor_error(cursor, "shape %u has the form 0x%02x, which is reserved", shapes->count,
                               head);
    struct hs_shape shape = {
        .type = (uint32_t)type, .tail = head & SHAPE_TAIL, .type_ref = head & SHAPE_TYPE_REF};
    if (shape.tail != HS_TAIL_NONE) {
        uint64_t entries;
        uint32_t width = hs_tail_width(shape.tail);
        error = hs_cursor_varint_max(cursor, (UINT32_MAX - 1) / width, "length of a tail", &entries);
        if (error)
            return error;
        shape.tail_refs = entries ? (uint32_t)(entries - 1) * width : HS_TAIL_VARIABLE;
    }
    error = hs_cursor_count(cursor, 1, "the count of fields", &shape.fields);
    if (error)
        return error;
    uint32_t *numbers = NULL;
    if (shape.fields) {
        numbers = malloc(shape.fields * sizeof(*numbers));
        if (!numbers)
            return &hs_error_memory;
        error = shape_labels_decode(cursor, labels, shape.fields, numbers);
        if (error) {
            free(numbers);
            return error;
        }
    }
    shape.labels = numbers;
    uint32_t number;
    return shapes_push(shapes, shape, &number);
}

struct hs_error *hs_shapes_decode(struct hs_shapes *shapes, const struct hs_labels *labels, uint32_t types,
                                  struct hs_cursor *cursor)
{
    uint32_t count;
    /* A shape takes three bytes at least: type, form, count of fields. */
    struct hs_error *error = hs_cursor_count(cursor, 3, "the count of shapes", &count);
    for (uint32_t i = 0; !error && i < count; i++)
        error = shape_decode(shapes, labels->count, types, cursor);
    return error ? error : hs_cursor_finish(cursor);
}
