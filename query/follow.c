#include "query/follow.h"

#include <string.h>

struct hs_error *hs_object_pin(struct hs_reader *reader, uint32_t object, const struct hs_chunk **ret,
                               uint32_t *ret_index)
{
    struct hs_error *error = hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, HS_PART_REFS, ret);
    if (!error)
        *ret_index = object - (*ret)->first;
    return error;
}

struct hs_error *hs_object_follow(struct hs_reader *reader, uint32_t object, enum hs_ref_kind kind,
                                  const char *name, size_t name_bytes, uint32_t *ret)
{
    const struct hs_chunk *chunk;
    uint32_t index;
    *ret = HS_NO_OBJECT;
    struct hs_error *error = hs_object_pin(reader, object, &chunk, &index);
    if (error)
        return error;
    uint32_t refs = hs_chunk_refs(reader, chunk, index);
    for (uint32_t i = 0; i < refs && *ret == HS_NO_OBJECT; i++) {
        struct hs_ref ref;
        hs_chunk_ref(reader, chunk, index, i, &ref);
        if (ref.kind == kind && ref.name && ref.name_bytes == name_bytes &&
            !memcmp(ref.name, name, name_bytes))
            *ret = ref.dst;
    }
    hs_reader_release(reader, chunk);
    return NULL;
}
