/* Fuzzing the decoders of labels, shapes and chunks (libFuzzer): any bytes are either refused or give a
 * chunk that keeps its promises.
 *
 * The input: four lengths of two bytes each, little endian, then that many bytes of labels, shapes,
 * objects, references; what is missing is empty. One more byte before them says how many objects the chunk
 * has.
 */
#include "format/codec.h"

#include <stdlib.h>

/* So many objects as a snapshot of this chunk would have. */
#define OBJECTS 1000
#define TYPES   10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static struct hs_cursor take(const uint8_t **data, size_t *bytes, const uint8_t *lengths, const char *name)
{
    size_t length = (size_t)lengths[0] | (size_t)lengths[1] << 8;
    if (length > *bytes)
        length = *bytes;
    struct hs_cursor cursor = hs_cursor(*data, length, name);
    *data += length;
    *bytes -= length;
    return cursor;
}

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_objects(const struct hs_chunk *chunk, const struct hs_shapes *shapes, uint64_t refs)
{
    require(chunk->ref_start[0] == 0 && chunk->ref_start[chunk->count] == refs);
    for (uint32_t i = 0; i < chunk->count; i++) {
        require(chunk->shape[i] < shapes->count);
        require(chunk->ref_start[i] <= chunk->ref_start[i + 1]);
        require(i == 0 || chunk->address[i] > chunk->address[i - 1]);
        require(chunk->generation[i] <= HS_GENERATION_UNTRACKED);
    }
}

static struct hs_error *decode_refs(struct hs_codec *codec, const struct hs_shapes *shapes,
                                    const struct hs_labels *labels, struct hs_cursor *cursor,
                                    struct hs_chunk *chunk)
{
    uint32_t refs = chunk->ref_start[chunk->count];
    chunk->dst = malloc((refs + 1) * sizeof(*chunk->dst));
    chunk->label = hs_codec_has_labels(shapes, chunk) ? malloc((refs + 1) * sizeof(*chunk->label)) : NULL;
    struct hs_error *error = hs_codec_decode_refs(codec, shapes, labels, OBJECTS, cursor, chunk);
    for (uint32_t i = 0; !error && i < refs; i++) {
        require(chunk->dst[i] < OBJECTS);
        require(!chunk->label || chunk->label[i] == HS_NO_LABEL || chunk->label[i] < labels->count);
    }
    return error;
}

static void decode_chunk(struct hs_codec *codec, const struct hs_shapes *shapes,
                         const struct hs_labels *labels, uint32_t count, struct hs_cursor *objects,
                         struct hs_cursor *refs)
{
    uint32_t shape[256], ref_start[257];
    uint64_t address[256], size[256], refcount[256], length[256];
    uint16_t ident[256];
    uint8_t generation[256];
    struct hs_chunk chunk = {.count = count,
                             .shape = shape,
                             .address = address,
                             .size = size,
                             .refcount = refcount,
                             .length = length,
                             .ident = ident,
                             .generation = generation,
                             .ref_start = ref_start};
    /* A reader believes in no more references than bytes; here all that fit are tried by the last byte. */
    uint64_t promised = hs_cursor_left(refs);
    if (promised)
        promised -= refs->end[-1] % promised;
    struct hs_error *error = hs_codec_decode_objects(codec, shapes, promised, objects, &chunk);
    if (!error) {
        check_objects(&chunk, shapes, promised);
        error = decode_refs(codec, shapes, labels, refs, &chunk);
    }
    hs_error_destroy(error);
    free(chunk.dst);
    free(chunk.label);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes < 9)
        return 0;
    uint32_t count = 1 + data[0] % 255u;
    const uint8_t *lengths = data + 1;
    data += 9;
    bytes -= 9;
    struct hs_cursor label_bytes = take(&data, &bytes, lengths, "labels");
    struct hs_cursor shape_bytes = take(&data, &bytes, lengths + 2, "shapes");
    struct hs_cursor objects = take(&data, &bytes, lengths + 4, "objects");
    struct hs_cursor refs = take(&data, &bytes, lengths + 6, "references");
    struct hs_labels labels = {0};
    struct hs_shapes shapes = {0};
    /* One for all runs, as a reader has it for all its chunks: what one input leaves behind must not harm
     * the next. */
    static struct hs_codec *codec;
    struct hs_error *error = codec ? NULL : hs_codec_create(&codec);
    if (!error)
        error = hs_labels_decode(&labels, &label_bytes);
    if (!error)
        error = hs_shapes_decode(&shapes, &labels, TYPES, &shape_bytes);
    if (!error)
        decode_chunk(codec, &shapes, &labels, count, &objects, &refs);
    hs_error_destroy(error);
    hs_shapes_deinit(&shapes);
    hs_labels_deinit(&labels);
    return 0;
}
