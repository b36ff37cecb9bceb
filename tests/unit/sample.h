/* Snapshots made of random but repeatable data, for tests of what reads and writes them. */
#ifndef HS_TESTS_SAMPLE_H
#define HS_TESTS_SAMPLE_H

#include "format/reader.h"
#include "format/writer.h"

/* A repeatable source of numbers (xorshift). */
struct sample_random {
    uint64_t state;
};
uint64_t sample_random(struct sample_random *random);
/* 0 .. below - 1 */
uint32_t sample_below(struct sample_random *random, uint32_t below);

/* Fails the test with the error's message unless it is NULL. */
void sample_ok(struct hs_error *error);

/* cmocka's setup and teardown: `*state` is a new directory and the name of a file in it. The teardown removes
 * both, and fails if anything else was left behind. */
struct sample_place {
    char directory[64];
    char path[128];
};
int sample_place_create(void **state);
int sample_place_destroy(void **state);

/* Sites in the table: line 1, 2, 3 ... of app.py. */
#define SAMPLE_SITES 5

/* One heap in memory, as the caller of the writer has it. */
struct sample {
    uint32_t objects;
    uint32_t labels;
    uint32_t shapes;
    uint32_t types;
    struct hs_label *label;
    struct hs_shape *shape;
    struct hs_type *type;
    struct hs_chunk *chunk; /* [chunks] */
    uint32_t chunks;
    char **value; /* [objects], NULL where an object has none */
};

/* `objects` objects with all kinds of shapes and tails. Destroy with sample_destroy(). */
struct sample *sample_create(uint64_t seed, uint32_t objects);
void sample_destroy(struct sample *sample);

/* Writes the sample with some rows in every table. The error is the caller's. */
struct hs_error *sample_write(const struct sample *sample, const char *path,
                              const struct hs_writer_options *options) HS_MUST_CHECK;

/* Fails the test unless the reader gives exactly the sample back. */
void sample_compare(const struct sample *sample, struct hs_reader *reader);

#endif
