/* Decoded chunks: a cache in order of last use, filled from the blobs of a packed file or the tables of a
 * plain one. */
#include "format/reader_internal.h"

#include <stdio.h>
#include <stdlib.h>

static void unlink_entry(struct hs_reader *reader, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &reader->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &reader->oldest) = entry->newer;
    entry->newer = entry->older = NULL;
}

static void link_newest(struct hs_reader *reader, struct entry *entry)
{
    entry->older = reader->newest;
    *(reader->newest ? &reader->newest->newer : &reader->oldest) = entry;
    reader->newest = entry;
}

static void free_entry(struct hs_reader *reader, struct entry *entry)
{
    reader->cache[entry->number] = NULL;
    reader->cache_bytes -= entry->bytes;
    unlink_entry(reader, entry);
    free(entry->objects_memory);
    free(entry->refs_memory);
    free(entry);
}

void hs_reader_cache_deinit(struct hs_reader *reader)
{
    while (reader->newest)
        free_entry(reader, reader->newest);
    free(reader->cache);
    reader->cache = NULL;
}

/* Drops what was not used for longest, but for what is pinned. */
static void shrink_cache(struct hs_reader *reader)
{
    struct entry *entry = reader->oldest;
    while (entry && reader->cache_bytes > reader->cache_limit) {
        struct entry *newer = entry->newer;
        if (entry->pins == 0)
            free_entry(reader, entry);
        entry = newer;
    }
}

void hs_reader_set_cache(struct hs_reader *reader, size_t bytes)
{
    reader->cache_limit = bytes;
    shrink_cache(reader);
}

struct hs_error *hs_entry_reserve_objects(struct entry *entry, uint32_t count)
{
    /* Widest first, so that each column is aligned. */
    size_t n = count;
    size_t bytes = n * (4 * sizeof(uint64_t) + sizeof(uint32_t) + sizeof(uint16_t) + sizeof(uint8_t)) +
                   (n + 1) * sizeof(uint32_t);
    uint8_t *at = malloc(bytes);
    if (!at)
        return &hs_error_memory;
    entry->objects_memory = at;
    entry->bytes += bytes;
    struct hs_chunk *chunk = &entry->chunk;
    chunk->address = (uint64_t *)(void *)at;
    chunk->size = chunk->address + n;
    chunk->refcount = chunk->size + n;
    chunk->length = chunk->refcount + n;
    chunk->shape = (uint32_t *)(void *)(chunk->length + n);
    chunk->ref_start = chunk->shape + n;
    chunk->ident = (uint16_t *)(void *)(chunk->ref_start + n + 1);
    chunk->generation = (uint8_t *)(chunk->ident + n);
    return NULL;
}

static struct hs_error *decode_objects(struct hs_reader *reader, struct entry *entry)
{
    const struct chunk_row *row = &reader->row[entry->number];
    struct hs_chunk *chunk = &entry->chunk;
    char name[48];
    snprintf(name, sizeof(name), "objects of chunk %u", entry->number);
    uint8_t *data;
    size_t bytes;
    struct hs_error *error = hs_reader_blob(reader, row->objects_blob, "objects", name, &data, &bytes);
    if (error)
        return error;
    struct hs_cursor cursor = hs_cursor(data, bytes, name);
    error = hs_entry_reserve_objects(entry, chunk->count);
    if (!error)
        error = hs_codec_decode_objects(reader->codec, &reader->shapes, row->refs, &cursor, chunk);
    free(data);
    if (!error &&
        (chunk->address[0] != row->first_address || chunk->address[chunk->count - 1] != row->last_address))
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: not the addresses that the table chunks says", name);
    return error;
}

static struct hs_error *decode_refs(struct hs_reader *reader, struct entry *entry)
{
    const struct chunk_row *row = &reader->row[entry->number];
    struct hs_chunk *chunk = &entry->chunk;
    uint8_t *data = NULL;
    size_t bytes = 0;
    char name[48];
    snprintf(name, sizeof(name), "references of chunk %u", entry->number);
    struct hs_error *error = NULL;
    if (row->refs_blob)
        error = hs_reader_blob(reader, row->refs_blob, "refs", name, &data, &bytes);
    /* Each reference takes a byte at least: only then is memory taken for them. */
    if (!error && row->refs > bytes)
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: %u of them in %zu bytes", name, row->refs, bytes);
    if (error) {
        free(data);
        return error;
    }
    size_t refs = row->refs;
    bool labelled = hs_codec_has_labels(&reader->shapes, chunk);
    size_t memory = (refs + 1) * sizeof(uint32_t) * (labelled ? 2 : 1);
    entry->refs_memory = malloc(memory);
    if (!entry->refs_memory) {
        free(data);
        return &hs_error_memory;
    }
    entry->bytes += memory;
    chunk->dst = entry->refs_memory;
    chunk->label = labelled ? chunk->dst + refs + 1 : NULL;
    struct hs_cursor cursor = hs_cursor(data, bytes, name);
    error = hs_codec_decode_refs(reader->codec, &reader->shapes, &reader->labels, reader->objects, &cursor,
                                 chunk);
    free(data);
    return error;
}

static struct hs_error *load_parts(struct hs_reader *reader, struct entry *entry, unsigned parts)
{
    struct hs_error *error = NULL;
    if (!(entry->parts & HS_PART_OBJECTS)) {
        error = reader->plain ? hs_reader_plain_objects(reader, entry) : decode_objects(reader, entry);
        if (error)
            return error;
        entry->parts |= HS_PART_OBJECTS;
    }
    if ((parts & HS_PART_REFS) && !(entry->parts & HS_PART_REFS)) {
        size_t before = entry->bytes;
        error = reader->plain ? hs_reader_plain_refs(reader, entry) : decode_refs(reader, entry);
        if (error) {
            free(entry->refs_memory);
            entry->refs_memory = NULL;
            entry->chunk.dst = entry->chunk.label = entry->slot = NULL;
            entry->bytes = before;
            return error;
        }
        entry->parts |= HS_PART_REFS;
    }
    return NULL;
}

static struct hs_error *add_entry(struct hs_reader *reader, uint32_t number, struct entry **ret)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return &hs_error_memory;
    entry->number = number;
    entry->chunk.first = reader->row[number].first;
    entry->chunk.count = reader->row[number].objects;
    reader->cache[number] = entry;
    link_newest(reader, entry);
    *ret = entry;
    return NULL;
}

struct hs_error *hs_reader_chunk(struct hs_reader *reader, uint32_t number, unsigned parts,
                                 const struct hs_chunk **ret)
{
    if (number >= reader->chunks)
        return hs_error_create(HS_ERROR_USAGE, "%s: there is no chunk %u", reader->path, number);
    struct entry *entry = reader->cache[number];
    struct hs_error *error = entry ? NULL : add_entry(reader, number, &entry);
    if (error)
        return error;
    if (entry != reader->newest) {
        unlink_entry(reader, entry);
        link_newest(reader, entry);
    }
    size_t before = entry->bytes;
    error = load_parts(reader, entry, parts);
    reader->cache_bytes += entry->bytes - before;
    if (error) {
        /* What another user pinned was complete before, and stays. */
        if (entry->pins == 0)
            free_entry(reader, entry);
        return hs_error_prefix(error, "%s", reader->path);
    }
    entry->pins++;
    shrink_cache(reader);
    *ret = &entry->chunk;
    return NULL;
}

void hs_reader_release(struct hs_reader *reader, const struct hs_chunk *chunk)
{
    struct entry *entry = reader->cache[chunk->first / HS_CHUNK_OBJECTS];
    entry->pins--;
    shrink_cache(reader);
}

/* Whether objects of that shape refer to their type without saying so. */
static bool implies_type(const struct hs_reader *reader, const struct hs_shape *shape)
{
    return shape->type_ref && reader->type[shape->type].object != HS_NO_OBJECT;
}

uint32_t hs_chunk_refs(const struct hs_reader *reader, const struct hs_chunk *chunk, uint32_t index)
{
    const struct hs_shape *shape = &reader->shapes.shape[chunk->shape[index]];
    return chunk->ref_start[index + 1] - chunk->ref_start[index] + implies_type(reader, shape);
}

static void use_label(const struct hs_reader *reader, uint32_t number, struct hs_ref *ret)
{
    const struct hs_label *label = &reader->labels.label[number];
    ret->kind = label->kind;
    ret->owning = label->owning;
    ret->name = label->name;
    ret->name_bytes = label->bytes;
}

void hs_chunk_ref(const struct hs_reader *reader, const struct hs_chunk *chunk, uint32_t index,
                  uint32_t position, struct hs_ref *ret)
{
    const struct hs_shape *shape = &reader->shapes.shape[chunk->shape[index]];
    const struct entry *entry = (const struct entry *)chunk;
    uint32_t start = chunk->ref_start[index];
    *ret = (struct hs_ref){.slot = HS_NO_LABEL, .owning = true};
    if (position >= chunk->ref_start[index + 1] - start) {
        ret->dst = reader->type[shape->type].object;
        ret->kind = HS_REF_TYPE;
        return;
    }
    ret->dst = chunk->dst[start + position];
    if (position < shape->fields) {
        use_label(reader, shape->labels[position], ret);
        return;
    }
    uint32_t entry_of_tail = position - shape->fields;
    ret->slot = entry_of_tail;
    switch (shape->tail) {
    case HS_TAIL_ITEM:
        ret->kind = HS_REF_ITEM;
        break;
    case HS_TAIL_PAIR:
        ret->kind = entry_of_tail % 2 ? HS_REF_VALUE : HS_REF_KEY;
        ret->slot = entry_of_tail / 2;
        break;
    case HS_TAIL_KEY:
        ret->kind = HS_REF_KEY;
        break;
    case HS_TAIL_LABELLED:
        use_label(reader, chunk->label[start + position], ret);
        if (entry->slot)
            ret->slot = entry->slot[start + position];
        else if (ret->name)
            ret->slot = HS_NO_LABEL;
        break;
    default:
        ret->kind = HS_REF_INTERNAL;
    }
}

/* The chunk whose stretch of addresses holds `address`, or reader->chunks. */
static uint32_t chunk_of_address(const struct hs_reader *reader, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = reader->chunks;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (reader->row[middle].last_address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < reader->chunks && reader->row[low].first_address <= address ? low : reader->chunks;
}

static uint32_t find_in_chunk(const struct hs_chunk *chunk, uint64_t address)
{
    uint32_t low = 0;
    uint32_t high = chunk->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (chunk->address[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < chunk->count && chunk->address[low] == address ? chunk->first + low : HS_NO_OBJECT;
}

struct hs_error *hs_reader_find_address(struct hs_reader *reader, uint64_t address, uint32_t *ret)
{
    *ret = HS_NO_OBJECT;
    if (reader->plain)
        return hs_reader_plain_find_address(reader, address, ret);
    uint32_t number = chunk_of_address(reader, address);
    if (number == reader->chunks)
        return NULL;
    const struct hs_chunk *chunk;
    struct hs_error *error = hs_reader_chunk(reader, number, HS_PART_OBJECTS, &chunk);
    if (error)
        return error;
    *ret = find_in_chunk(chunk, address);
    hs_reader_release(reader, chunk);
    return NULL;
}
