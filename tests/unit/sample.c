#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

uint64_t sample_random(struct sample_random *random)
{
    random->state ^= random->state << 13;
    random->state ^= random->state >> 7;
    random->state ^= random->state << 17;
    return random->state;
}

uint32_t sample_below(struct sample_random *random, uint32_t below)
{
    return (uint32_t)(sample_random(random) % below);
}

void sample_ok(struct hs_error *error)
{
    if (error)
        fail_msg("%s", error->message);
}

int sample_place_create(void **state)
{
    struct sample_place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    strcpy(place->directory, "/tmp/hs_sample_XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof(place->path), "%s/file", place->directory);
    *state = place;
    return 0;
}

int sample_place_destroy(void **state)
{
    struct sample_place *place = *state;
    unlink(place->path);
    int status = rmdir(place->directory);
    free(place);
    return status;
}

static void *allocate(size_t count, size_t item)
{
    void *memory = calloc(count + 1, item);
    assert_non_null(memory);
    return memory;
}

static char *format_name(const char *prefix, uint32_t number)
{
    char text[64];
    snprintf(text, sizeof(text), "%s_%u", prefix, number);
    return strdup(text);
}

static void make_labels(struct sample *sample, struct sample_random *random)
{
    sample->labels = 40;
    sample->label = allocate(sample->labels, sizeof(*sample->label));
    for (uint32_t i = 0; i < sample->labels; i++) {
        struct hs_label *label = &sample->label[i];
        label->kind = (uint8_t)sample_below(random, HS_REF_KINDS);
        label->owning = sample_below(random, 5) != 0;
        if (i % 7) {
            label->name = format_name("caf\xc3\xa9", i);
            label->bytes = (uint32_t)strlen(label->name);
        }
    }
}

static void make_types(struct sample *sample, struct sample_random *random)
{
    sample->types = 12;
    sample->type = allocate(sample->types, sizeof(*sample->type));
    for (uint32_t i = 0; i < sample->types; i++) {
        struct hs_type *type = &sample->type[i];
        type->name = format_name("app.Type", i);
        type->module = i % 3 ? strdup("app") : NULL;
        type->qualname = format_name("Type", i);
        type->object =
            i % 4 == 0 || sample->objects == 0 ? HS_NO_OBJECT : sample_below(random, sample->objects);
        type->opaque = i == 5;
    }
}

static void make_shapes(struct sample *sample, struct sample_random *random)
{
    sample->shapes = 30;
    sample->shape = allocate(sample->shapes, sizeof(*sample->shape));
    for (uint32_t i = 0; i < sample->shapes; i++) {
        struct hs_shape *shape = &sample->shape[i];
        shape->type = sample_below(random, sample->types);
        shape->type_ref = sample_below(random, 2);
        shape->tail = (uint8_t)(i % HS_TAILS);
        if (shape->tail != HS_TAIL_NONE)
            shape->tail_refs = i % 4 == 0 ? 2 * sample_below(random, 4) : HS_TAIL_VARIABLE;
        shape->fields = sample_below(random, 5);
        uint32_t *labels = allocate(shape->fields, sizeof(*labels));
        for (uint32_t f = 0; f < shape->fields; f++)
            labels[f] = sample_below(random, sample->labels);
        shape->labels = labels;
    }
}

static uint32_t refs_of(const struct hs_shape *shape, struct sample_random *random)
{
    if (shape->tail == HS_TAIL_NONE)
        return shape->fields;
    if (shape->tail_refs != HS_TAIL_VARIABLE)
        return shape->fields + shape->tail_refs;
    return shape->fields + 2 * sample_below(random, sample_below(random, 50) ? 4 : 200);
}

static void make_chunk(struct sample *sample, struct sample_random *random, struct hs_chunk *chunk,
                       uint64_t *address)
{
    uint32_t n = chunk->count;
    chunk->shape = allocate(n, sizeof(*chunk->shape));
    chunk->address = allocate(n, sizeof(*chunk->address));
    chunk->size = allocate(n, sizeof(*chunk->size));
    chunk->refcount = allocate(n, sizeof(*chunk->refcount));
    chunk->length = allocate(n, sizeof(*chunk->length));
    chunk->ident = allocate(n, sizeof(*chunk->ident));
    chunk->generation = allocate(n, sizeof(*chunk->generation));
    chunk->ref_start = allocate(n + 1, sizeof(*chunk->ref_start));
    /* Long runs of a few shapes, and now and then any. */
    uint32_t usual = sample_below(random, sample->shapes);
    for (uint32_t i = 0; i < n; i++) {
        if (sample_below(random, 20) == 0)
            usual = sample_below(random, sample->shapes);
        const struct hs_shape *shape = &sample->shape[usual];
        chunk->shape[i] = usual;
        *address += 8 + 8 * (uint64_t)sample_below(random, sample_below(random, 100) ? 10 : 1000000);
        chunk->address[i] = *address;
        uint32_t refs = refs_of(shape, random);
        chunk->ref_start[i + 1] = chunk->ref_start[i] + refs;
        chunk->length[i] = usual % 3 ? refs : HS_NO_LENGTH;
        chunk->size[i] = usual % 2 ? 56 + 8 * (uint64_t)refs : sample_below(random, 100000);
        chunk->refcount[i] = sample_below(random, 10) ? sample_below(random, 4) : sample_random(random);
        chunk->ident[i] = usual % 5 ? 0 : (uint16_t)sample_random(random);
        static const uint8_t generations[] = {0, 1, 2, HS_GENERATION_PERMANENT, HS_GENERATION_UNTRACKED};
        chunk->generation[i] = generations[sample_below(random, 5)];
    }
    if (chunk->first / HS_CHUNK_OBJECTS % 2 == 0) {
        chunk->site = allocate(n, sizeof(*chunk->site));
        for (uint32_t i = 0; i < n; i++)
            chunk->site[i] = sample_below(random, SAMPLE_SITES + 1);
    }
    uint32_t refs = chunk->ref_start[n];
    chunk->dst = allocate(refs, sizeof(*chunk->dst));
    chunk->label = allocate(refs, sizeof(*chunk->label));
    for (uint32_t i = 0; i < n; i++) {
        const struct hs_shape *shape = &sample->shape[chunk->shape[i]];
        for (uint32_t r = chunk->ref_start[i]; r < chunk->ref_start[i + 1]; r++) {
            bool labelled = shape->tail == HS_TAIL_LABELLED && r >= chunk->ref_start[i] + shape->fields;
            chunk->dst[r] = sample_below(random, sample->objects);
            chunk->label[r] = labelled ? sample_below(random, sample->labels) : HS_NO_LABEL;
        }
    }
}

struct sample *sample_create(uint64_t seed, uint32_t objects)
{
    struct sample_random random = {seed * 2654435761u + 88172645463325252u};
    struct sample *sample = allocate(1, sizeof(*sample));
    sample->objects = objects;
    make_labels(sample, &random);
    make_types(sample, &random);
    make_shapes(sample, &random);
    sample->chunks = (objects + HS_CHUNK_OBJECTS - 1) / HS_CHUNK_OBJECTS;
    sample->chunk = allocate(sample->chunks, sizeof(*sample->chunk));
    uint64_t address = 0x7f0000000000;
    for (uint32_t i = 0; i < sample->chunks; i++) {
        struct hs_chunk *chunk = &sample->chunk[i];
        chunk->first = i * HS_CHUNK_OBJECTS;
        uint32_t left = objects - chunk->first;
        chunk->count = left < HS_CHUNK_OBJECTS ? left : HS_CHUNK_OBJECTS;
        make_chunk(sample, &random, chunk, &address);
        for (uint32_t k = 0; k < chunk->count; k++) {
            struct hs_type *type = &sample->type[sample->shape[chunk->shape[k]].type];
            type->objects++;
            type->shallow_bytes += chunk->size[k];
        }
    }
    sample->value = allocate(objects, sizeof(*sample->value));
    for (uint32_t i = 0; i < objects; i++)
        if (sample_below(&random, 9) == 0)
            sample->value[i] = format_name("value \xe2\x82\xac", i);
    return sample;
}

void sample_destroy(struct sample *sample)
{
    for (uint32_t i = 0; i < sample->labels; i++)
        free(sample->label[i].name);
    for (uint32_t i = 0; i < sample->types; i++) {
        free(sample->type[i].name);
        free(sample->type[i].module);
        free(sample->type[i].qualname);
    }
    for (uint32_t i = 0; i < sample->shapes; i++)
        free((void *)sample->shape[i].labels);
    for (uint32_t i = 0; i < sample->chunks; i++) {
        struct hs_chunk *chunk = &sample->chunk[i];
        void *columns[] = {chunk->shape,  chunk->address, chunk->size,       chunk->refcount,
                           chunk->length, chunk->ident,   chunk->generation, chunk->ref_start,
                           chunk->dst,    chunk->label,   chunk->site};
        for (size_t c = 0; c < sizeof(columns) / sizeof(*columns); c++)
            free(columns[c]);
    }
    for (uint32_t i = 0; i < sample->objects; i++)
        free(sample->value[i]);
    free(sample->label);
    free(sample->type);
    free(sample->shape);
    free(sample->chunk);
    free(sample->value);
    free(sample);
}

static struct hs_error *write_tables(const struct sample *sample, struct hs_writer *writer)
{
    uint32_t none = HS_NO_OBJECT;
    uint32_t some = sample->objects ? sample->objects - 1 : none;
    struct hs_error *error = hs_writer_fact_text(writer, "label", "before");
    if (!error)
        error = hs_writer_fact_text(writer, "label", "after \xff");
    if (!error)
        error = hs_writer_fact_int(writer, "pid", 4711);
    if (!error && sample->objects)
        error =
            hs_writer_add_root(writer, &(struct hs_root_row){some, HS_ROOT_MODULE, "app", HS_NO_THREAD, 0});
    if (!error && sample->objects)
        error = hs_writer_add_root(
            writer, &(struct hs_root_row){0, HS_ROOT_STATIC, "libfoo.so+0x40", HS_NO_THREAD, 1});
    if (!error && sample->objects)
        error = hs_writer_add_module(writer, some, "app", NULL);
    if (!error)
        error = hs_writer_add_thread(writer, 0, 4712, "MainThread", none);
    if (!error)
        error = hs_writer_add_frame(writer, 0, 0, "run", "app.py", 12, some, none);
    for (uint32_t i = 0; i < SAMPLE_SITES && !error; i++)
        error = hs_writer_add_site(writer, "app.py", i + 1);
    return error ? error : hs_writer_add_memory(writer, "rss", 1 << 20);
}

static struct hs_error *write_all(const struct sample *sample, struct hs_writer *writer)
{
    struct hs_error *error = NULL;
    uint32_t number;
    for (uint32_t i = 0; i < sample->labels && !error; i++)
        error = hs_writer_add_label(writer, &sample->label[i], &number);
    for (uint32_t i = 0; i < sample->types && !error; i++)
        error = hs_writer_add_type(writer, &sample->type[i], &number);
    for (uint32_t i = 0; i < sample->shapes && !error; i++)
        error = hs_writer_add_shape(writer, &sample->shape[i], &number);
    for (uint32_t i = 0; i < sample->chunks && !error; i++) {
        const struct hs_chunk *chunk = &sample->chunk[i];
        error = hs_writer_add_chunk(writer, chunk);
        for (uint32_t k = chunk->first; k < chunk->first + chunk->count && !error; k++)
            if (sample->value[k])
                error = hs_writer_add_value(writer, k, sample->value[k], strlen(sample->value[k]));
    }
    if (!error)
        error = write_tables(sample, writer);
    return error ? error : hs_writer_finish(writer, NULL);
}

struct hs_error *sample_write(const struct sample *sample, const char *path,
                              const struct hs_writer_options *options)
{
    struct hs_writer *writer;
    struct hs_error *error = hs_writer_create(path, options, &writer);
    if (error)
        return error;
    error = write_all(sample, writer);
    hs_writer_destroy(writer);
    return error;
}

static void compare_chunk(const struct sample *sample, const struct hs_chunk *expected,
                          const struct hs_chunk *chunk, struct hs_reader *reader)
{
    size_t n = expected->count;
    assert_int_equal(chunk->first, expected->first);
    assert_int_equal(chunk->count, expected->count);
    assert_memory_equal(chunk->shape, expected->shape, n * sizeof(*chunk->shape));
    assert_memory_equal(chunk->address, expected->address, n * sizeof(*chunk->address));
    assert_memory_equal(chunk->size, expected->size, n * sizeof(*chunk->size));
    assert_memory_equal(chunk->refcount, expected->refcount, n * sizeof(*chunk->refcount));
    assert_memory_equal(chunk->length, expected->length, n * sizeof(*chunk->length));
    assert_memory_equal(chunk->ident, expected->ident, n * sizeof(*chunk->ident));
    assert_memory_equal(chunk->generation, expected->generation, n * sizeof(*chunk->generation));
    assert_memory_equal(chunk->ref_start, expected->ref_start, (n + 1) * sizeof(*chunk->ref_start));
    assert_memory_equal(chunk->dst, expected->dst, expected->ref_start[n] * sizeof(*chunk->dst));
    if (chunk->label)
        assert_memory_equal(chunk->label, expected->label, expected->ref_start[n] * sizeof(*chunk->label));
    for (uint32_t i = 0; i < chunk->count; i++) {
        const struct hs_shape *shape = &sample->shape[chunk->shape[i]];
        bool implied = shape->type_ref && sample->type[shape->type].object != HS_NO_OBJECT;
        uint32_t refs = expected->ref_start[i + 1] - expected->ref_start[i];
        assert_int_equal(hs_chunk_refs(reader, chunk, i), refs + implied);
        if (implied) {
            struct hs_ref ref;
            hs_chunk_ref(reader, chunk, i, refs, &ref);
            assert_int_equal(ref.kind, HS_REF_TYPE);
            assert_int_equal(ref.dst, sample->type[shape->type].object);
        }
    }
}

static void compare_type(const struct hs_type *type, const struct hs_type *expected)
{
    assert_string_equal(type->name, expected->name);
    assert_string_equal(type->qualname, expected->qualname);
    assert_true(!type->module == !expected->module);
    assert_int_equal(type->object, expected->object);
    assert_int_equal(type->objects, expected->objects);
    assert_int_equal(type->shallow_bytes, expected->shallow_bytes);
    assert_int_equal(type->opaque, expected->opaque);
}

void sample_compare(const struct sample *sample, struct hs_reader *reader)
{
    assert_int_equal(hs_reader_objects(reader), sample->objects);
    assert_int_equal(hs_reader_labels(reader), sample->labels);
    assert_int_equal(hs_reader_shapes(reader), sample->shapes);
    assert_int_equal(hs_reader_types(reader), sample->types);
    assert_int_equal(hs_reader_chunks(reader), sample->chunks);
    for (uint32_t i = 0; i < sample->labels; i++) {
        const struct hs_label *label = hs_reader_label(reader, i);
        assert_int_equal(label->kind, sample->label[i].kind);
        assert_int_equal(label->owning, sample->label[i].owning);
        assert_int_equal(label->bytes, sample->label[i].bytes);
        if (sample->label[i].name)
            assert_string_equal(label->name, sample->label[i].name);
        else
            assert_null(label->name);
    }
    for (uint32_t i = 0; i < sample->types; i++)
        compare_type(hs_reader_type(reader, i), &sample->type[i]);
    for (uint32_t i = 0; i < sample->shapes; i++) {
        const struct hs_shape *shape = hs_reader_shape(reader, i);
        assert_int_equal(shape->type, sample->shape[i].type);
        assert_int_equal(shape->type_ref, sample->shape[i].type_ref);
        assert_int_equal(shape->tail, sample->shape[i].tail);
        assert_int_equal(shape->tail_refs, sample->shape[i].tail_refs);
        assert_int_equal(shape->fields, sample->shape[i].fields);
        if (shape->fields)
            assert_memory_equal(shape->labels, sample->shape[i].labels, shape->fields * sizeof(uint32_t));
    }
    for (uint32_t i = 0; i < sample->chunks; i++) {
        const struct hs_chunk *chunk;
        sample_ok(hs_reader_chunk(reader, i, HS_PART_REFS, &chunk));
        compare_chunk(sample, &sample->chunk[i], chunk, reader);
        hs_reader_release(reader, chunk);
    }
    for (uint32_t i = 0; i < sample->objects; i++) {
        const char *value;
        size_t bytes;
        sample_ok(hs_reader_value(reader, i, &value, &bytes));
        if (sample->value[i]) {
            assert_int_equal(bytes, strlen(sample->value[i]));
            assert_memory_equal(value, sample->value[i], bytes);
        } else {
            assert_null(value);
        }
        const char *site;
        const uint64_t *sites = sample->chunk[i / HS_CHUNK_OBJECTS].site;
        sample_ok(hs_reader_allocated_at(reader, i, &site));
        if (sites && sites[i % HS_CHUNK_OBJECTS]) {
            char expected[32];
            snprintf(expected, sizeof(expected), "app.py:%d", (int)sites[i % HS_CHUNK_OBJECTS]);
            assert_string_equal(site, expected);
        } else {
            assert_null(site);
        }
    }
}
