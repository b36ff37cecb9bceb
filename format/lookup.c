#include "format/lookup.h"

#include <stdlib.h>
#include <string.h>

#define NO_ADDRESS UINT64_MAX

struct by_name {
    const char *name;
    uint32_t type;
};

static int compare_names(const void *left, const void *right)
{
    const struct by_name *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : (a->type > b->type) - (a->type < b->type);
}

/* Bytewise order is the order of SQLite's BINARY collation, on which ORDER BY type relies. */
static struct hs_error *sort_names(struct hs_lookup *lookup)
{
    struct by_name *sorted = malloc((lookup->types + (size_t)1) * sizeof(*sorted));
    if (!sorted)
        return &hs_error_memory;
    for (uint32_t i = 0; i < lookup->types; i++) {
        sorted[i] = (struct by_name){.name = hs_reader_type(lookup->reader, i)->name, .type = i};
        lookup->name_bytes[i] = (uint32_t)strlen(sorted[i].name);
    }
    qsort(sorted, lookup->types, sizeof(*sorted), compare_names);
    for (uint32_t i = 0; i < lookup->types; i++)
        lookup->by_name[i] = sorted[i].type;
    free(sorted);
    return NULL;
}

struct hs_error *hs_lookup_init(struct hs_lookup *lookup, struct hs_reader *reader)
{
    *lookup = (struct hs_lookup){
        .reader = reader,
        .objects = hs_reader_objects(reader),
        .types = hs_reader_types(reader),
        .chunks = hs_reader_chunks(reader),
    };
    lookup->name_bytes = malloc((lookup->types + (size_t)1) * sizeof(*lookup->name_bytes));
    lookup->by_name = malloc((lookup->types + (size_t)1) * sizeof(*lookup->by_name));
    lookup->chunk_address = malloc((lookup->chunks + (size_t)1) * sizeof(*lookup->chunk_address));
    if (!lookup->name_bytes || !lookup->by_name || !lookup->chunk_address) {
        hs_lookup_deinit(lookup);
        return &hs_error_memory;
    }
    for (uint32_t i = 0; i < lookup->chunks; i++)
        lookup->chunk_address[i] = NO_ADDRESS;
    struct hs_error *error = sort_names(lookup);
    if (error)
        hs_lookup_deinit(lookup);
    return error;
}

void hs_lookup_deinit(struct hs_lookup *lookup)
{
    free(lookup->name_bytes);
    free(lookup->by_name);
    free(lookup->chunk_address);
    free(lookup->type_start);
    free(lookup->type_object);
    free(lookup->type_size);
    free(lookup->shape_kinds);
    free(lookup->in_start);
    free(lookup->in);
    *lookup = (struct hs_lookup){0};
}

struct hs_error *hs_lookup_pin(struct hs_reader *reader, uint32_t object, unsigned parts,
                               const struct hs_chunk **pinned)
{
    if (hs_chunk_has(*pinned, object))
        return NULL;
    hs_lookup_unpin(reader, pinned);
    return hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, parts, pinned);
}

void hs_lookup_unpin(struct hs_reader *reader, const struct hs_chunk **pinned)
{
    if (*pinned)
        hs_reader_release(reader, *pinned);
    *pinned = NULL;
}

/* Types. */

struct typed {
    uint32_t type, size;
};

/* Takes type and size of each object down, and counts the objects of type t in start[t + 1]. */
static struct hs_error *read_types(const struct hs_lookup *lookup, struct typed *typed, uint32_t *start)
{
    struct hs_reader *reader = lookup->reader;
    for (uint32_t c = 0; c < lookup->chunks; c++) {
        const struct hs_chunk *chunk;
        struct hs_error *error = hs_reader_chunk(reader, c, HS_PART_OBJECTS, &chunk);
        if (error)
            return error;
        for (uint32_t i = 0; i < chunk->count; i++) {
            uint32_t type = hs_reader_shape(reader, chunk->shape[i])->type;
            uint64_t size = chunk->size[i];
            typed[chunk->first + i] =
                (struct typed){.type = type, .size = size < HS_LARGE ? (uint32_t)size : HS_LARGE};
            start[type + 1]++;
        }
        hs_reader_release(reader, chunk);
    }
    return NULL;
}

struct hs_error *hs_lookup_need_types(struct hs_lookup *lookup)
{
    if (lookup->type_start)
        return NULL;
    size_t room = lookup->objects + (size_t)1;
    uint32_t *start = calloc(lookup->types + (size_t)2, sizeof(*start));
    struct typed *typed = malloc(room * sizeof(*typed));
    uint32_t *object = malloc(room * sizeof(*object)), *size = malloc(room * sizeof(*size));
    struct hs_error *error =
        start && typed && object && size ? read_types(lookup, typed, start) : &hs_error_memory;
    if (error) {
        free(start);
        free(typed);
        free(object);
        free(size);
        return error;
    }
    for (uint32_t i = 0; i < lookup->types; i++)
        start[i + 1] += start[i];
    /* Each start moves to the end of its type while the objects are dealt out, and back by one place
     * afterwards. */
    for (uint32_t i = 0; i < lookup->objects; i++) {
        uint32_t place = start[typed[i].type]++;
        object[place] = i;
        size[place] = typed[i].size;
    }
    memmove(start + 1, start, lookup->types * sizeof(*start));
    start[0] = 0;
    free(typed);
    lookup->type_start = start;
    lookup->type_object = object;
    lookup->type_size = size;
    return NULL;
}

void hs_lookup_types_named(const struct hs_lookup *lookup, const char *name, size_t bytes,
                           uint32_t *ret_first, uint32_t *ret_end)
{
    uint32_t bound[2];
    for (int end = 0; end < 2; end++) {
        uint32_t low = 0, high = lookup->types;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2, type = lookup->by_name[middle];
            size_t length = lookup->name_bytes[type];
            int order =
                memcmp(hs_reader_type(lookup->reader, type)->name, name, length < bytes ? length : bytes);
            if (!order)
                order = (length > bytes) - (length < bytes);
            if (order < 0 || (end && !order))
                low = middle + 1;
            else
                high = middle;
        }
        bound[end] = low;
    }
    *ret_first = bound[0];
    *ret_end = bound[1];
}

/* Addresses. */

static struct hs_error *chunk_address(struct hs_lookup *lookup, uint32_t chunk, const struct hs_chunk **near,
                                      uint64_t *ret)
{
    if (lookup->chunk_address[chunk] == NO_ADDRESS) {
        struct hs_error *error =
            hs_lookup_pin(lookup->reader, chunk * HS_CHUNK_OBJECTS, HS_PART_OBJECTS, near);
        if (error)
            return error;
        lookup->chunk_address[chunk] = (*near)->address[0];
    }
    *ret = lookup->chunk_address[chunk];
    return NULL;
}

/* The first of `chunk` at or above `address`; chunk->count if there is none. */
static uint32_t search_chunk(const struct hs_chunk *chunk, uint64_t address)
{
    const uint64_t *base = chunk->address;
    uint32_t count = chunk->count;
    /* Without branches that depend on the data: a join by address asks this a million times. */
    while (count > 1) {
        uint32_t half = count / 2;
        base += base[half - 1] < address ? half : 0;
        count -= half;
    }
    return (uint32_t)(base - chunk->address) + (count && *base < address);
}

struct hs_error *hs_lookup_address(struct hs_lookup *lookup, uint64_t address, const struct hs_chunk **near,
                                   uint32_t *ret)
{
    const struct hs_chunk *chunk = *near;
    if (chunk && chunk->count && chunk->address[0] <= address &&
        address <= chunk->address[chunk->count - 1]) {
        *ret = chunk->first + search_chunk(chunk, address);
        return NULL;
    }
    /* The last chunk that begins at or below the address. */
    uint32_t low = 0, high = lookup->chunks;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t first = 0;
        struct hs_error *error = chunk_address(lookup, middle, near, &first);
        if (error)
            return error;
        if (first <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (!low) {
        *ret = 0;
        return NULL;
    }
    struct hs_error *error =
        hs_lookup_pin(lookup->reader, (low - 1) * HS_CHUNK_OBJECTS, HS_PART_OBJECTS, near);
    if (error)
        return error;
    *ret = (*near)->first + search_chunk(*near, address);
    return NULL;
}

/* Shapes. */

static uint16_t kinds_of_shape(const struct hs_reader *reader, const struct hs_shape *shape)
{
    unsigned kinds = 0;
    for (uint32_t i = 0; i < shape->fields; i++)
        kinds |= 1u << hs_reader_label(reader, shape->labels[i])->kind;
    switch (shape->tail) {
    case HS_TAIL_NONE:
        break;
    case HS_TAIL_ITEM:
        kinds |= 1u << HS_REF_ITEM;
        break;
    case HS_TAIL_PAIR:
        kinds |= 1u << HS_REF_KEY | 1u << HS_REF_VALUE;
        break;
    case HS_TAIL_KEY:
        kinds |= 1u << HS_REF_KEY;
        break;
    case HS_TAIL_INTERNAL:
        kinds |= 1u << HS_REF_INTERNAL;
        break;
    default:
        kinds |= (1u << HS_REF_KINDS) - 1;
    }
    if (shape->type_ref)
        kinds |= 1u << HS_REF_TYPE;
    return (uint16_t)kinds;
}

struct hs_error *hs_lookup_learn_shapes(struct hs_lookup *lookup)
{
    uint32_t shapes = hs_reader_shapes(lookup->reader);
    if (shapes == lookup->shapes_known)
        return NULL;
    uint16_t *grown = realloc(lookup->shape_kinds, shapes * sizeof(*grown));
    if (!grown)
        return &hs_error_memory;
    lookup->shape_kinds = grown;
    for (uint32_t i = lookup->shapes_known; i < shapes; i++)
        grown[i] = kinds_of_shape(lookup->reader, hs_reader_shape(lookup->reader, i));
    lookup->shapes_known = shapes;
    return NULL;
}

/* Referrers. */

typedef void visit_ref(struct hs_lookup *lookup, uint32_t *cursor, uint32_t src, uint32_t position,
                       uint32_t dst);

static void count_ref(struct hs_lookup *lookup, uint32_t *cursor, uint32_t src, uint32_t position,
                      uint32_t dst)
{
    (void)lookup, (void)src, (void)position;
    cursor[dst]++;
}

static void place_ref(struct hs_lookup *lookup, uint32_t *cursor, uint32_t src, uint32_t position,
                      uint32_t dst)
{
    lookup->in[cursor[dst]++] = (struct hs_referrer){.src = src, .position = position};
}

/* For each shape the object that its instances refer to as their type, HS_NO_OBJECT if they do not. */
struct implied {
    uint32_t *dst; /* [count] */
    uint32_t count;
};

/* Shapes of a plain file become known chunk by chunk. */
static struct hs_error *learn_shapes(const struct hs_reader *reader, struct implied *implied)
{
    uint32_t shapes = hs_reader_shapes(reader);
    if (shapes == implied->count)
        return NULL;
    uint32_t *grown = realloc(implied->dst, shapes * sizeof(*grown));
    if (!grown)
        return &hs_error_memory;
    implied->dst = grown;
    for (uint32_t i = implied->count; i < shapes; i++) {
        const struct hs_shape *shape = hs_reader_shape(reader, i);
        grown[i] = shape->type_ref ? hs_reader_type(reader, shape->type)->object : HS_NO_OBJECT;
    }
    implied->count = shapes;
    return NULL;
}

/* Visits all references in the order of the file. Inlined twice, so that the visitor costs no call. */
static inline __attribute__((always_inline)) struct hs_error *each_ref(struct hs_lookup *lookup,
                                                                       struct implied *implied,
                                                                       uint32_t *cursor, visit_ref *visit)
{
    struct hs_reader *reader = lookup->reader;
    for (uint32_t c = 0; c < lookup->chunks; c++) {
        const struct hs_chunk *chunk;
        struct hs_error *error = hs_reader_chunk(reader, c, HS_PART_REFS, &chunk);
        if (error)
            return error;
        error = learn_shapes(reader, implied);
        for (uint32_t i = 0; i < chunk->count && !error; i++) {
            uint32_t src = chunk->first + i, position = 0;
            for (uint32_t r = chunk->ref_start[i]; r < chunk->ref_start[i + 1]; r++, position++)
                visit(lookup, cursor, src, position, chunk->dst[r]);
            uint32_t type = implied->dst[chunk->shape[i]];
            if (type != HS_NO_OBJECT)
                visit(lookup, cursor, src, position, type);
        }
        hs_reader_release(reader, chunk);
        if (error)
            return error;
    }
    return NULL;
}

/* Makes lookup->in, and of start[0 .. objects], which is zero, the starts in it. */
static struct hs_error *fill_referrers(struct hs_lookup *lookup, struct implied *implied, uint32_t *start)
{
    struct hs_error *error = each_ref(lookup, implied, start + 1, count_ref);
    if (error)
        return error;
    uint64_t refs = 0;
    for (uint32_t i = 0; i < lookup->objects; i++) {
        refs += start[i + 1];
        start[i + 1] = (uint32_t)refs;
    }
    if (refs > UINT32_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "%s: more than %u references cannot be followed backwards",
                               hs_reader_path(lookup->reader), UINT32_MAX);
    lookup->in = malloc((refs + 1) * sizeof(*lookup->in));
    if (!lookup->in)
        return &hs_error_memory;
    /* As with the types: each start moves to its end, and then back by one place. */
    error = each_ref(lookup, implied, start, place_ref);
    if (error)
        return error;
    memmove(start + 1, start, lookup->objects * sizeof(*start));
    start[0] = 0;
    return NULL;
}

struct hs_error *hs_lookup_need_referrers(struct hs_lookup *lookup)
{
    if (lookup->in_start)
        return NULL;
    struct implied implied = {0};
    uint32_t *start = calloc(lookup->objects + (size_t)2, sizeof(*start));
    struct hs_error *error = start ? fill_referrers(lookup, &implied, start) : &hs_error_memory;
    free(implied.dst);
    if (error) {
        free(start);
        free(lookup->in);
        lookup->in = NULL;
        return error;
    }
    lookup->in_start = start;
    return NULL;
}
