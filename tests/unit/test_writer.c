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

static void round_trip(void **state)
{
    struct sample_place *place = *state;
    static const uint32_t sizes[] = {
        0, 1, 2, 100, HS_CHUNK_OBJECTS, HS_CHUNK_OBJECTS + 1, 3 * HS_CHUNK_OBJECTS + 77};
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct sample *sample = sample_create(i + 1, sizes[i]);
        sample_ok(sample_write(sample, place->path, &options));
        struct hs_reader *reader;
        sample_ok(hs_reader_open(place->path, &reader));
        sample_compare(sample, reader);
        sample_ok(hs_reader_verify(reader));
        assert_string_equal(hs_reader_fact(reader, "label"), "after \xef\xbf\xbd");
        assert_string_equal(hs_reader_fact(reader, "pid"), "4711");
        assert_null(hs_reader_fact(reader, "no such fact"));
        hs_reader_destroy(reader);
        sample_destroy(sample);
    }
}

static void refuse(struct hs_error *error, const char *message)
{
    assert_non_null(error);
    assert_non_null(strstr(error->message, message));
    assert_int_equal(error->code, HS_ERROR_CORRUPT);
    hs_error_destroy(error);
}

/* Two objects without references, of shape 0; tests break one thing in them. */
struct two {
    uint32_t shape[2];
    uint64_t address[2], size[2], refcount[2], length[2];
    uint16_t ident[2];
    uint8_t generation[2];
    uint32_t ref_start[3];
    uint32_t dst[4], label[4];
    struct hs_chunk chunk;
};

static void make_two(struct two *two)
{
    *two = (struct two){.address = {16, 32}, .size = {8, 8}, .refcount = {1, 1}};
    two->chunk = (struct hs_chunk){.count = 2,
                                   .shape = two->shape,
                                   .address = two->address,
                                   .size = two->size,
                                   .refcount = two->refcount,
                                   .length = two->length,
                                   .ident = two->ident,
                                   .generation = two->generation,
                                   .ref_start = two->ref_start,
                                   .dst = two->dst,
                                   .label = two->label};
}

static void make_writer(const struct sample_place *place, struct hs_writer **ret)
{
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    sample_ok(hs_writer_create(place->path, &options, ret));
    uint32_t number;
    sample_ok(hs_writer_add_label(
        *ret, &(struct hs_label){.kind = HS_REF_SLOT, .name = (char *)"x", .bytes = 1}, &number));
    sample_ok(
        hs_writer_add_type(*ret, &(struct hs_type){.name = (char *)"t", .object = HS_NO_OBJECT}, &number));
    sample_ok(hs_writer_add_shape(*ret, &(struct hs_shape){.tail = HS_TAIL_NONE}, &number));
    sample_ok(hs_writer_add_shape(
        *ret, &(struct hs_shape){.tail = HS_TAIL_PAIR, .tail_refs = HS_TAIL_VARIABLE}, &number));
    sample_ok(hs_writer_add_shape(
        *ret, &(struct hs_shape){.tail = HS_TAIL_LABELLED, .tail_refs = HS_TAIL_VARIABLE}, &number));
    sample_ok(hs_writer_add_shape(*ret, &(struct hs_shape){.type = 7}, &number));
}

static void bad_tables_are_refused(void **state)
{
    struct sample_place *place = *state;
    struct hs_writer *writer;
    uint32_t number;
    make_writer(place, &writer);
    refuse(hs_writer_add_label(writer, &(struct hs_label){.kind = HS_REF_KINDS}, &number),
           "label 1: no such kind of reference: 11");
    refuse(hs_writer_add_shape(writer, &(struct hs_shape){.tail = HS_TAILS}, &number),
           "shape 4: no such tail: 6");
    refuse(hs_writer_add_shape(writer, &(struct hs_shape){.tail = HS_TAIL_PAIR, .tail_refs = 3}, &number),
           "shape 4: a tail of pairs has 3 references");
    uint32_t missing = 1;
    refuse(hs_writer_add_shape(writer, &(struct hs_shape){.fields = 1, .labels = &missing}, &number),
           "shape 4: label 1 of 1");
    refuse(hs_writer_add_root(writer, &(struct hs_root_row){0, HS_ROOT_KINDS, "x", HS_NO_THREAD, 0}),
           "no such kind of root: 9");
    refuse(hs_writer_add_value(writer, 0, "x", 1), "the value of object 0 is out of order");
    /* Shape 3 has a type that nobody adds. */
    refuse(hs_writer_finish(writer, NULL), "shape 3: type 7 of 1");
    hs_writer_destroy(writer);
}

static void bad_chunks_are_refused(void **state)
{
    struct sample_place *place = *state;
    struct hs_writer *writer;
    struct two two;
    make_writer(place, &writer);
#define REFUSE(change, message) \
    make_two(&two);             \
    change;                     \
    refuse(hs_writer_add_chunk(writer, &two.chunk), message)
    REFUSE(two.shape[1] = 4, "object 1: shape 4 of 4");
    REFUSE(two.shape[1] = 3, "shape 3: type 7 of 1");
    REFUSE(two.address[1] = 16, "object 1: its address is not above that of the one before");
    REFUSE(two.address[1] = (uint64_t)1 << 63, "object 1: its address is above 2^63");
    REFUSE(two.generation[0] = 8, "object 0: generation 8");
    REFUSE(two.ref_start[2] = 1, "object 1: 1 references do not fit shape 0");
    REFUSE((two.shape[1] = 1, two.ref_start[2] = 3), "object 1: 3 references do not fit shape 1");
    REFUSE((two.shape[1] = 2, two.ref_start[2] = 1, two.label[0] = 1),
           "object 1: a reference without its label");
    REFUSE((two.shape[1] = 2, two.ref_start[2] = 1, two.chunk.label = NULL),
           "object 1: a reference without its label");
    REFUSE((two.ref_start[0] = 2, two.ref_start[1] = 1), "object 0: its references end before they start");
    REFUSE(two.chunk.first = 1, "a chunk starts at object 1, not at 0");
    REFUSE(two.size[1] = UINT64_MAX, "object 1: a size of 18446744073709551615 bytes");
#undef REFUSE
    hs_writer_destroy(writer);
}

static void references_must_exist(void **state)
{
    struct sample_place *place = *state;
    struct hs_writer *writer;
    struct two two;
    make_writer(place, &writer);
    uint32_t number;
    for (int i = 0; i < 7; i++)
        sample_ok(hs_writer_add_type(writer, &(struct hs_type){.name = (char *)"t", .object = HS_NO_OBJECT},
                                     &number));
    make_two(&two);
    two.shape[1] = 1;
    two.ref_start[2] = 2;
    two.dst[1] = 2;
    sample_ok(hs_writer_add_chunk(writer, &two.chunk));
    make_two(&two);
    two.chunk.first = 2;
    refuse(hs_writer_add_chunk(writer, &two.chunk), "a chunk at object 2 follows one that is not full");
    refuse(hs_writer_finish(writer, NULL), "something refers to object 2, but there are 2");
    hs_writer_destroy(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, sample_place_create, sample_place_destroy),
        cmocka_unit_test_setup_teardown(bad_tables_are_refused, sample_place_create, sample_place_destroy),
        cmocka_unit_test_setup_teardown(bad_chunks_are_refused, sample_place_create, sample_place_destroy),
        cmocka_unit_test_setup_teardown(references_must_exist, sample_place_create, sample_place_destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
