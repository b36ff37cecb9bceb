#include "query/inspect.h"

#include <stdlib.h>
#include <string.h>

static struct hs_error *read_value(struct hs_reader *reader, struct hs_inspected *ret)
{
    const char *value;
    size_t bytes = 0;
    struct hs_error *error = hs_reader_value(reader, ret->object, &value, &bytes);
    if (error || !value)
        return error;
    ret->value = malloc(bytes + 1);
    if (!ret->value)
        return &hs_error_memory;
    memcpy(ret->value, value, bytes);
    ret->value[bytes] = '\0';
    ret->value_bytes = bytes;
    return NULL;
}

struct hs_error *hs_inspect(struct hs_reader *reader, uint32_t object, struct hs_inspected *ret)
{
    *ret = (struct hs_inspected){.object = object};
    const struct hs_chunk *chunk;
    struct hs_error *error =
        hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, HS_PART_OBJECTS | HS_PART_REFS, &chunk);
    if (error)
        return error;
    uint32_t index = object - chunk->first;
    ret->type = hs_reader_shape(reader, chunk->shape[index])->type;
    ret->type_name = hs_reader_type(reader, ret->type)->name;
    ret->address = chunk->address[index];
    ret->size = chunk->size[index];
    ret->refcount = chunk->refcount[index];
    ret->length = chunk->length[index];
    ret->generation = chunk->generation[index];
    ret->refs = hs_chunk_refs(reader, chunk, index);
    hs_reader_release(reader, chunk);
    error = read_value(reader, ret);
    if (error)
        hs_inspected_deinit(ret);
    return error;
}

void hs_inspected_deinit(struct hs_inspected *inspected)
{
    free(inspected->value);
    inspected->value = NULL;
}
