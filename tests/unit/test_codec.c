/* Columns in all their forms, and chunks made wrong by hand. */
#include "tests/unit/sample.h"

#include "format/codec.h"
#include "format/column.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define MANY 300

static void numbers_round_trip(const uint64_t *number, const uint64_t *base, size_t count, int form)
{
    struct hs_buffer buffer = {0};
    sample_ok(hs_column_put_numbers(&buffer, number, base, count));
    if (count > 1)
        assert_int_equal(buffer.data[0], form);
    uint64_t back[MANY];
    struct hs_cursor cursor = hs_cursor(buffer.data, buffer.bytes, "test");
    sample_ok(hs_column_get_numbers(&cursor, back, base, count));
    sample_ok(hs_cursor_finish(&cursor));
    assert_memory_equal(back, number, count * sizeof(*back));
    /* Nothing that is cut short is believed. */
    for (size_t bytes = 0; bytes < buffer.bytes; bytes++) {
        cursor = hs_cursor(buffer.data, bytes, "test");
        struct hs_error *error = hs_column_get_numbers(&cursor, back, base, count);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_CORRUPT);
        hs_error_destroy(error);
    }
    hs_buffer_deinit(&buffer);
}

static void every_form_of_numbers(void **state)
{
    (void)state;
    struct sample_random random = {12345};
    uint64_t number[MANY];
    uint64_t base[MANY];
    for (int i = 0; i < MANY; i++)
        base[i] = sample_below(&random, 1000);
    for (int i = 0; i < MANY; i++)
        number[i] = 77;
    numbers_round_trip(number, NULL, MANY, HS_NUMBER_SAME);
    numbers_round_trip(number, NULL, 1, 0);
    numbers_round_trip(number, NULL, 0, 0);
    for (int i = 0; i < MANY; i++)
        number[i] = (uint64_t)(i % 3);
    numbers_round_trip(number, NULL, MANY, HS_NUMBER_PLAIN);
    for (int i = 0; i < MANY; i++)
        number[i] = UINT64_MAX - 100 + (uint64_t)i;
    numbers_round_trip(number, NULL, MANY, HS_NUMBER_DELTA);
    for (int i = 0; i < MANY; i++)
        number[i] = sample_below(&random, 65536);
    numbers_round_trip(number, NULL, MANY, HS_NUMBER_WORD);
    for (unsigned shift = 0; shift < 4; shift++) {
        for (int i = 0; i < MANY; i++)
            number[i] = 56 + (base[i] << shift);
        numbers_round_trip(number, base, MANY, (int)(HS_NUMBER_SAME_BASE_1 + shift));
        for (int i = 0; i < MANY; i++)
            number[i] -= (uint64_t)(i % 20 == 0 ? 60 : 0);
        numbers_round_trip(number, base, MANY, (int)(HS_NUMBER_BASE_1 + shift));
    }
}

static void refs_round_trip(const uint32_t *dst, const uint32_t *src, const uint32_t *sibling, size_t count,
                            int form)
{
    struct hs_buffer buffer = {0};
    sample_ok(hs_column_put_refs(&buffer, dst, src, sibling, count));
    if (count > 1)
        assert_int_equal(buffer.data[0], form);
    uint32_t back[MANY];
    struct hs_cursor cursor = hs_cursor(buffer.data, buffer.bytes, "test");
    sample_ok(hs_column_get_refs(&cursor, back, src, sibling, count, UINT32_MAX));
    sample_ok(hs_cursor_finish(&cursor));
    assert_memory_equal(back, dst, count * sizeof(*back));
    for (size_t bytes = 0; bytes < buffer.bytes; bytes++) {
        cursor = hs_cursor(buffer.data, bytes, "test");
        struct hs_error *error = hs_column_get_refs(&cursor, back, src, sibling, count, UINT32_MAX);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_CORRUPT);
        hs_error_destroy(error);
    }
    /* One object fewer than there must be. */
    uint32_t highest = 0;
    for (size_t i = 0; i < count; i++)
        highest = dst[i] > highest ? dst[i] : highest;
    if (count) {
        cursor = hs_cursor(buffer.data, buffer.bytes, "test");
        struct hs_error *error = hs_column_get_refs(&cursor, back, src, sibling, count, highest);
        assert_non_null(error);
        assert_non_null(strstr(error->message, "test: a reference to object "));
        hs_error_destroy(error);
    }
    hs_buffer_deinit(&buffer);
}

static void every_form_of_references(void **state)
{
    (void)state;
    struct sample_random random = {54321};
    uint32_t src[MANY];
    uint32_t sibling[MANY];
    uint32_t dst[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        src[i] = (i ? src[i - 1] : 1000000) + 1 + sample_below(&random, 100000);
        sibling[i] = sample_below(&random, 4000000);
    }
    for (uint32_t i = 0; i < MANY; i++)
        dst[i] = src[i] + 3 - i % 2 * 5;
    refs_round_trip(dst, src, NULL, MANY, HS_REFS_OWNER);
    refs_round_trip(dst, src, sibling, 1, 0);
    refs_round_trip(dst, src, sibling, 0, 0);
    for (uint32_t i = 0; i < MANY; i++)
        dst[i] = 3000000 + i % 3;
    refs_round_trip(dst, src, sibling, MANY, HS_REFS_PREVIOUS);
    for (uint32_t i = 0; i < MANY; i++)
        dst[i] = src[i] + 900000 + i;
    refs_round_trip(dst, src, sibling, MANY, HS_REFS_SECOND);
    for (uint32_t i = 0; i < MANY; i++)
        dst[i] = i % 2 ? 1 : 2;
    refs_round_trip(dst, src, sibling, MANY, HS_REFS_ABSOLUTE);
    for (uint32_t i = 0; i < MANY; i++)
        dst[i] = sibling[i] + 1;
    refs_round_trip(dst, src, sibling, MANY, HS_REFS_SIBLING);
    /* Three roles take turns. */
    for (uint32_t i = 0; i < MANY; i++)
        dst[i] = i % 3 == 0 ? src[i] + 1 : i % 3 == 1 ? 5000000 + i : 9000000;
    refs_round_trip(dst, src, NULL, MANY, HS_REFS_STREAMS);
    refs_round_trip(dst, src, sibling, MANY, HS_REFS_STREAMS);
}

static void corrupt(struct hs_error *error, const char *message)
{
    assert_non_null(error);
    assert_string_equal(error->message, message);
    assert_int_equal(error->code, HS_ERROR_CORRUPT);
    hs_error_destroy(error);
}

static void reserved_forms_are_refused(void **state)
{
    (void)state;
    static const uint32_t src[] = {1, 2};
    uint64_t number[2] = {0};
    uint32_t dst[2];
    struct hs_cursor cursor = hs_cursor("\x0c\0\0", 3, "test");
    corrupt(hs_column_get_numbers(&cursor, number, number, 2),
            "test: a column of numbers has no form 12 (at byte 0)");
    cursor = hs_cursor("\x04\0\0", 3, "test");
    corrupt(hs_column_get_numbers(&cursor, number, NULL, 2),
            "test: a column of numbers has no form 4 (at byte 0)");
    cursor = hs_cursor("\x06\0\0", 3, "test");
    corrupt(hs_column_get_refs(&cursor, dst, src, src, 2, 10),
            "test: a column of references has no form 6 (at byte 0)");
    cursor = hs_cursor("\x04\0\0", 3, "test");
    corrupt(hs_column_get_refs(&cursor, dst, src, NULL, 2, 10),
            "test: a column of references has no form 4 (at byte 0)");
    cursor = hs_cursor("\x05\x01\0\0\0", 5, "test");
    corrupt(hs_column_get_refs(&cursor, dst, src, NULL, 2, 10),
            "test: there is no stream 1 of references (at byte 3)");
    cursor = hs_cursor("\x05\x08\0\0\0", 5, "test");
    corrupt(hs_column_get_refs(&cursor, dst, src, src, 2, 10),
            "test: there is no stream 8 of references (at byte 3)");
    /* 1 - 2 */
    cursor = hs_cursor("\0\x03\0", 3, "test");
    corrupt(hs_column_get_refs(&cursor, dst, src, NULL, 2, 10),
            "test: a reference to object -1, but there are 10 (at byte 2)");
}

/* A chunk of two objects of one shape, decoded from bytes made by hand. */
static struct hs_error *decode_two(const char *bytes, size_t count, struct hs_shape *shape, uint64_t refs)
{
    struct hs_codec *codec;
    sample_ok(hs_codec_create(&codec));
    struct hs_shapes shapes = {.shape = shape, .count = 1};
    uint32_t shape_numbers[2];
    uint64_t address[2], size[2], refcount[2], length[2];
    uint16_t ident[2];
    uint8_t generation[2];
    uint32_t ref_start[3];
    struct hs_chunk chunk = {.count = 2,
                             .shape = shape_numbers,
                             .address = address,
                             .size = size,
                             .refcount = refcount,
                             .length = length,
                             .ident = ident,
                             .generation = generation,
                             .ref_start = ref_start};
    struct hs_cursor cursor = hs_cursor(bytes, count, "test");
    struct hs_error *error = hs_codec_decode_objects(codec, &shapes, refs, &cursor, &chunk);
    if (!error) {
        assert_int_equal(address[0], 16);
        assert_int_equal(address[1], 48);
        assert_true(length[0] == HS_NO_LENGTH);
        assert_int_equal(size[1], 64);
    }
    hs_codec_destroy(codec);
    return error;
}

static void chunks_made_by_hand(void **state)
{
    (void)state;
    struct hs_shape none = {.tail = HS_TAIL_NONE};
    struct hs_shape items = {.tail = HS_TAIL_ITEM, .tail_refs = HS_TAIL_VARIABLE};
    /* groups, shape, count; shift, address; distance, length, size, refcount, generation, ident */
#define TWO  \
    "\1\0\2" \
    "\4\x10" \
    "\0\2\0" \
    "\1\0"   \
    "\1\x40" \
    "\1\1"   \
    "\1\2"   \
    "\1\0"
    sample_ok(decode_two(TWO, sizeof(TWO) - 1, &none, 0));
    corrupt(decode_two(TWO, sizeof(TWO) - 1, &none, 1),
            "test: 1 references fewer than the chunk has (at byte 18)");
    corrupt(decode_two(TWO "\0", sizeof(TWO), &none, 0), "test: 1 bytes too many (at byte 18)");
    for (size_t bytes = 0; bytes < sizeof(TWO) - 1; bytes++) {
        struct hs_error *error = decode_two(TWO, bytes, &none, 0);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_CORRUPT);
        hs_error_destroy(error);
    }
    sample_ok(decode_two(TWO "\1\3", sizeof(TWO) + 1, &items, 6));
    corrupt(decode_two(TWO "\1\3", sizeof(TWO) + 1, &items, 5),
            "test: more references than the chunk has (at byte 20)");
    corrupt(decode_two(TWO "\1\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", sizeof(TWO) + 10, &items, 6),
            "test: more references than the chunk has (at byte 29)");
#define BAD(bytes, message) corrupt(decode_two(bytes, sizeof(bytes) - 1, &none, 0), message)
    BAD("\3\0\2", "test: the count of shapes is 3, more than 2 (at byte 0)");
    BAD("\1\1\2", "test: shape 1 of 1 (at byte 3)");
    BAD("\1\0\3", "test: the count of objects of a shape is 3, more than 2 (at byte 2)");
    BAD("\1\0\1", "test: shapes of 1 objects, but the chunk has 2 (at byte 3)");
    BAD("\1\0\0", "test: a shape without objects (at byte 3)");
    BAD("\1\0\2\x40", "test: addresses shifted by 64 (at byte 4)");
    BAD("\1\0\2"
        "\4\x10"
        "\0\0\0"
        "\1\0"
        "\1\x40"
        "\1\1"
        "\1\2"
        "\1\0",
        "test: the address of object 0 is out of order (at byte 18)");
    BAD("\1\0\2"
        "\4\x10"
        "\0\2\2"
        "\1\0"
        "\1\x40"
        "\1\1"
        "\1\2"
        "\1\0",
        "test: the address of object 1 is out of order (at byte 18)");
    BAD("\1\0\2"
        "\4\x10"
        "\0\2\0"
        "\1\0"
        "\1\x40"
        "\1\1"
        "\1\x08",
        "test: an object of generation 8 (at byte 16)");
    BAD("\1\0\2"
        "\4\x10"
        "\0\2\0"
        "\1\0"
        "\1\x40"
        "\1\1"
        "\1\2"
        "\1\x80\x80\4",
        "test: an ident of more than 16 bits (at byte 20)");
}

static void labels_and_shapes_made_by_hand(void **state)
{
    (void)state;
    struct hs_labels labels = {0};
    struct hs_shapes shapes = {0};
    struct hs_cursor cursor = hs_cursor("\2\x21\1x\1", 5, "labels");
    sample_ok(hs_labels_decode(&labels, &cursor));
    assert_int_equal(labels.count, 2);
    assert_string_equal(labels.label[0].name, "x");
#define BAD_LABELS(bytes, message)                              \
    do {                                                        \
        struct hs_labels other = {0};                           \
        cursor = hs_cursor(bytes, sizeof(bytes) - 1, "labels"); \
        corrupt(hs_labels_decode(&other, &cursor), message);    \
        hs_labels_deinit(&other);                               \
    } while (0)
    BAD_LABELS("\1\x0b", "labels: label 0 starts with byte 0x0b, which is reserved (at byte 2)");
    BAD_LABELS("\1\x40", "labels: label 0 starts with byte 0x40, which is reserved (at byte 2)");
    BAD_LABELS("\1\x20\1\xff", "labels: the name of label 0 is not UTF-8 (at byte 4)");
    BAD_LABELS("\1\x20\2x", "labels: 2 bytes expected, 1 left (at byte 3)");
    BAD_LABELS("\2\1", "labels: the count of labels is 2, but only 1 bytes follow (at byte 0)");
    BAD_LABELS("\1\1\1", "labels: 1 bytes too many (at byte 2)");
#define BAD_SHAPES(bytes, message)                                        \
    do {                                                                  \
        cursor = hs_cursor(bytes, sizeof(bytes) - 1, "shapes");           \
        corrupt(hs_shapes_decode(&shapes, &labels, 1, &cursor), message); \
        hs_shapes_deinit(&shapes);                                        \
    } while (0)
    BAD_SHAPES("\1\1\0\0", "shapes: shape 0: type 1 of 1 (at byte 3)");
    BAD_SHAPES("\1\0\6\0", "shapes: shape 0 has the form 0x06, which is reserved (at byte 3)");
    BAD_SHAPES("\1\0\x20\0", "shapes: shape 0 has the form 0x20, which is reserved (at byte 3)");
    BAD_SHAPES("\1\0\0\2\0", "shapes: the count of fields is 2, but only 1 bytes follow (at byte 3)");
    BAD_SHAPES("\1\0\0\1\4", "shapes: label 2 of 2 (at byte 5)");
    BAD_SHAPES("\1\0\0\1\1", "shapes: label 18446744073709551615 of 2 (at byte 5)");
    BAD_SHAPES("\1\0\2\x80\x80\x80\x80\x08\0",
               "shapes: length of a tail is 2147483648, more than 2147483647 (at byte 3)");
    cursor = hs_cursor("\1\0\x11\4\2\0\1", 7, "shapes");
    sample_ok(hs_shapes_decode(&shapes, &labels, 1, &cursor));
    assert_true(shapes.shape[0].type_ref);
    assert_int_equal(shapes.shape[0].tail_refs, 3);
    assert_int_equal(shapes.shape[0].labels[0], 0);
    assert_int_equal(shapes.shape[0].labels[1], 0);
    hs_shapes_deinit(&shapes);
    hs_labels_deinit(&labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_numbers),          cmocka_unit_test(every_form_of_references),
        cmocka_unit_test(reserved_forms_are_refused),     cmocka_unit_test(chunks_made_by_hand),
        cmocka_unit_test(labels_and_shapes_made_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
