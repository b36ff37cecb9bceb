#include "format/cursor.h"
#include "format/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct hs_cursor over(const char *bytes, size_t count)
{
    return hs_cursor(bytes, count, "test");
}

/* The error must be HS_ERROR_CORRUPT with this offset and message, and the cursor where it was. */
static void fails(struct hs_error *error, uint64_t offset, const char *message)
{
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_CORRUPT);
    assert_int_equal(error->offset, offset);
    assert_string_equal(error->message, message);
    hs_error_destroy(error);
}

static void varints_round_trip(void **state)
{
    (void)state;
    struct hs_buffer buffer = {0};
    for (unsigned shift = 0; shift < 64; shift++) {
        for (int step = -1; step <= 1; step++) {
            uint64_t number = ((uint64_t)1 << shift) + (uint64_t)(int64_t)step;
            buffer.bytes = 0;
            assert_null(hs_buffer_varint(&buffer, number));
            struct hs_cursor cursor = hs_cursor(buffer.data, buffer.bytes, "test");
            uint64_t back;
            assert_null(hs_cursor_varint(&cursor, &back));
            assert_int_equal(back, number);
            assert_null(hs_cursor_finish(&cursor));
            assert_int_equal(hs_unzigzag(hs_zigzag((int64_t)number)), (int64_t)number);
        }
    }
    hs_buffer_deinit(&buffer);
}

static void zigzag_keeps_small_numbers_small(void **state)
{
    (void)state;
    assert_int_equal(hs_zigzag(0), 0);
    assert_int_equal(hs_zigzag(-1), 1);
    assert_int_equal(hs_zigzag(1), 2);
    assert_int_equal(hs_zigzag(-2), 3);
    assert_int_equal(hs_zigzag(INT64_MIN), UINT64_MAX);
}

static void varints_end_in_time(void **state)
{
    (void)state;
    uint64_t number;
    struct hs_cursor cursor = over("", 0);
    fails(hs_cursor_varint(&cursor, &number), 0, "test: ends within a number (at byte 0)");
    cursor = over("\x05\x80\xff", 3);
    assert_null(hs_cursor_varint(&cursor, &number));
    assert_int_equal(number, 5);
    fails(hs_cursor_varint(&cursor, &number), 1, "test: ends within a number (at byte 1)");
    cursor = over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    assert_null(hs_cursor_varint(&cursor, &number));
    assert_true(number == UINT64_MAX);
    cursor = over("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
    fails(hs_cursor_varint(&cursor, &number), 0, "test: a number of more than 64 bits (at byte 0)");
    cursor = over("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11);
    fails(hs_cursor_varint(&cursor, &number), 0, "test: a number of more than 64 bits (at byte 0)");
}

static void limits_are_kept(void **state)
{
    (void)state;
    uint64_t number;
    struct hs_cursor cursor = over("\x07\x08", 2);
    assert_null(hs_cursor_varint_max(&cursor, 7, "a thing", &number));
    fails(hs_cursor_varint_max(&cursor, 7, "a thing", &number), 1,
          "test: a thing is 8, more than 7 (at byte 1)");
    assert_int_equal(hs_cursor_left(&cursor), 1);
}

static void counts_must_be_possible(void **state)
{
    (void)state;
    uint32_t count;
    struct hs_cursor cursor = over("\x02....", 5);
    assert_null(hs_cursor_count(&cursor, 2, "things", &count));
    assert_int_equal(count, 2);
    cursor = over("\x03....", 5);
    fails(hs_cursor_count(&cursor, 2, "things", &count), 0,
          "test: things is 3, but only 4 bytes follow (at byte 0)");
    cursor = over("\xff\xff\xff\xff\xff\xff\xff\xff\x7f....", 13);
    fails(hs_cursor_count(&cursor, 1, "things", &count), 0,
          "test: things is 9223372036854775807, more than 4294967295 (at byte 0)");
}

static void bytes_stay_inside(void **state)
{
    (void)state;
    const uint8_t *bytes;
    uint8_t byte;
    uint16_t two;
    struct hs_cursor cursor = over("\x01\x02\x03", 3);
    assert_null(hs_cursor_byte(&cursor, &byte));
    assert_int_equal(byte, 1);
    assert_null(hs_cursor_le16(&cursor, &two));
    assert_int_equal(two, 0x0302);
    assert_null(hs_cursor_finish(&cursor));
    fails(hs_cursor_byte(&cursor, &byte), 3, "test: 1 bytes expected, 0 left (at byte 3)");
    cursor = over("abc", 3);
    fails(hs_cursor_bytes(&cursor, UINT64_MAX, &bytes), 0,
          "test: 18446744073709551615 bytes expected, 3 left (at byte 0)");
    fails(hs_cursor_bytes(&cursor, 4, &bytes), 0, "test: 4 bytes expected, 3 left (at byte 0)");
    fails(hs_cursor_finish(&cursor), 0, "test: 3 bytes too many (at byte 0)");
    assert_null(hs_cursor_bytes(&cursor, 3, &bytes));
    assert_memory_equal(bytes, "abc", 3);
}

static void utf8_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *stored;
    } cases[] = {
        {"plain", "plain"},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8d", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8d"},
        {"\xff", "\xef\xbf\xbd"},
        {"a\xc3", "a\xef\xbf\xbd"},
        {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                                 /* overlong */
        {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                 /* surrogate */
        {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* beyond U+10FFFF */
        {"\xe2\x82x", "\xef\xbf\xbd\xef\xbf\xbdx"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *copy;
        assert_null(hs_utf8_copy(cases[i].text, &copy));
        assert_string_equal(copy, cases[i].stored);
        assert_true(hs_utf8_valid(copy, strlen(copy)));
        assert_int_equal(hs_utf8_valid(cases[i].text, strlen(cases[i].text)),
                         strcmp(cases[i].text, cases[i].stored) == 0);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_round_trip),      cmocka_unit_test(zigzag_keeps_small_numbers_small),
        cmocka_unit_test(varints_end_in_time),     cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(counts_must_be_possible), cmocka_unit_test(bytes_stay_inside),
        cmocka_unit_test(utf8_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
