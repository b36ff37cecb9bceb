/* Text, numbers, JSON and tables: what people and programs get to see. */
#include "format/text.h"
#include "query/json.h"
#include "query/output.h"
#include "query/quantity.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef void (*escape_fn)(struct hs_text *, const char *, size_t);

static void check_escape(escape_fn escape, const char *data, size_t bytes, const char *expected)
{
    struct hs_text text = {0};
    escape(&text, data, bytes);
    assert_null(hs_text_error(&text));
    assert_string_equal(hs_text_string(&text), expected);
    hs_text_deinit(&text);
}
#define CHECK_ESCAPE(escape, data, expected) check_escape(escape, data, sizeof(data) - 1, expected)

static void test_terminal(void **state)
{
    (void)state;
    CHECK_ESCAPE(hs_text_terminal, "plain \\ text", "plain \\ text");
    CHECK_ESCAPE(hs_text_terminal, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
    CHECK_ESCAPE(hs_text_terminal, "\x1b]0;title\x07", "\\x1b]0;title\\x07");
    CHECK_ESCAPE(hs_text_terminal, "a\nb\tc\rd", "a\\nb\\tc\\rd");
    CHECK_ESCAPE(hs_text_terminal, "nul\0end", "nul\\x00end");
    CHECK_ESCAPE(hs_text_terminal,
                 "\xc2\x9b"
                 "31m",
                 "\\x9b31m"); /* CSI of C1 */
    CHECK_ESCAPE(hs_text_terminal,
                 "\xe2\x80\xae"
                 "gnp.exe",
                 "\\u202egnp.exe");                                                 /* bidi override */
    CHECK_ESCAPE(hs_text_terminal, "\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"); /* bidi isolate */
    CHECK_ESCAPE(hs_text_terminal, "\xf3\xa0\x81\x81", "\\U000e0041");              /* tag character */
    CHECK_ESCAPE(hs_text_terminal, "\xff\xc0\x80", "\\xff\\xc0\\x80");              /* no UTF-8, overlong */
    CHECK_ESCAPE(hs_text_terminal, "\xed\xb2\x80", "\\udc80");                      /* lone surrogate */
    CHECK_ESCAPE(hs_text_terminal, "\xe2\x82", "\\xe2\\x82");                       /* cut short */
    CHECK_ESCAPE(hs_text_terminal, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");     /* beyond U+10FFFF */
}

static void test_json_text(void **state)
{
    (void)state;
    CHECK_ESCAPE(hs_text_json, "a\"b\\c\n\x01", "a\\\"b\\\\c\\n\\u0001");
    CHECK_ESCAPE(hs_text_json, "\xe2\x80\xae", "\\u202e");
    CHECK_ESCAPE(hs_text_json, "\xf3\xa0\x81\x81", "\\udb40\\udc41");
    CHECK_ESCAPE(hs_text_json, "\xff|\xed\xa0\x80", "\xef\xbf\xbd|\xef\xbf\xbd");
}

static void test_csv_text(void **state)
{
    (void)state;
    CHECK_ESCAPE(hs_text_csv, "plain", "plain");
    CHECK_ESCAPE(hs_text_csv, "a,b", "\"a,b\"");
    CHECK_ESCAPE(hs_text_csv, "say \"hi\"\n", "\"say \"\"hi\"\"\n\"");
    CHECK_ESCAPE(hs_text_csv, "=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0");
    CHECK_ESCAPE(hs_text_csv, "+1", "'+1");
    CHECK_ESCAPE(hs_text_csv, "@SUM(1,2)", "\"'@SUM(1,2)\"");
    CHECK_ESCAPE(hs_text_csv, "", "");
    CHECK_ESCAPE(hs_text_csv, "nul\0\xff", "nul\xef\xbf\xbd\xef\xbf\xbd");
}

static void test_html_text(void **state)
{
    (void)state;
    CHECK_ESCAPE(hs_text_html, "</script><b a='1' b=\"2\">&",
                 "&lt;/script&gt;&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;");
    CHECK_ESCAPE(hs_text_html, "nul\0\xff\xe2\x80\xae", "nul\\x00\\xff\\u202e");
    CHECK_ESCAPE(hs_text_html, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
}

static void test_shell_word(void **state)
{
    (void)state;
    struct hs_text text = {0};
    hs_text_shell(&text, "after.db");
    hs_text_puts(&text, " ");
    hs_text_shell(&text, "it's $HOME");
    hs_text_puts(&text, " ");
    hs_text_shell(&text, "");
    assert_string_equal(hs_text_string(&text), "after.db 'it'\\''s $HOME' ''");
    hs_text_deinit(&text);
}

static void test_clip_and_width(void **state)
{
    (void)state;
    struct hs_text text = {0};
    hs_text_clip(&text, "0123456789", 10, 10);
    assert_string_equal(hs_text_string(&text), "0123456789");
    hs_text_clear(&text);
    hs_text_clip(&text, "0123456789a", 11, 10);
    assert_string_equal(hs_text_string(&text), "0123456...");
    hs_text_clear(&text);
    /* The ellipsis never splits an escape. */
    hs_text_clip(&text, "01234\x1b\x1b\x1b", 8, 10);
    assert_string_equal(hs_text_string(&text), "01234...");
    hs_text_deinit(&text);
    assert_int_equal(hs_text_width("gr\xc3\xbc\xc3\x9f", 6), 4);
    assert_int_equal(hs_text_width("\xe6\x97\xa5\xe6\x9c\xac", 6), 4); /* two wide characters */
    assert_int_equal(hs_text_width("e\xcc\x81", 3), 1);                /* a combining accent */
}

static void test_quantities(void **state)
{
    (void)state;
    char text[HS_QUANTITY_MAX];
    assert_string_equal(hs_count_format(text, 0), "0");
    assert_string_equal(hs_count_format(text, 999), "999");
    assert_string_equal(hs_count_format(text, 1234567), "1,234,567");
    assert_string_equal(hs_count_format(text, UINT64_MAX), "18,446,744,073,709,551,615");
    assert_string_equal(hs_count_delta_format(text, 16), "+16");
    assert_string_equal(hs_count_delta_format(text, 0), "0");
    assert_string_equal(hs_count_delta_format(text, INT64_MIN), "-9,223,372,036,854,775,808");
    assert_string_equal(hs_bytes_format(text, 999), "999 B");
    assert_string_equal(hs_bytes_format(text, 1000), "1.0 kB");
    assert_string_equal(hs_bytes_format(text, 999999), "1.0 MB");
    assert_string_equal(hs_bytes_format(text, 8300000), "8.3 MB");
    assert_string_equal(hs_bytes_format(text, UINT64_MAX), "18.4 EB");
    assert_string_equal(hs_bytes_delta_format(text, -2048), "-2.0 kB");
}

/* Output goes to a file in memory and comes back as text. */
struct sink {
    FILE *file;
    char *text;
    size_t bytes;
};

static void open_sink(struct sink *sink)
{
    sink->file = open_memstream(&sink->text, &sink->bytes);
    assert_non_null(sink->file);
}

static void check_sink(struct sink *sink, const char *expected)
{
    fclose(sink->file);
    assert_string_equal(sink->text, expected);
    free(sink->text);
}

static void test_json(void **state)
{
    (void)state;
    struct sink sink;
    open_sink(&sink);
    struct hs_json json = {.file = sink.file};
    hs_json_object(&json);
    hs_json_key_string(&json, "name", "webapp");
    hs_json_key_string(&json, "none", NULL);
    hs_json_key_int(&json, "delta", -5);
    hs_json_key(&json, "counts");
    hs_json_array_inline(&json);
    hs_json_int(&json, 4);
    hs_json_uint(&json, UINT64_MAX);
    hs_json_real(&json, 0.5);
    hs_json_real(&json, NAN);
    hs_json_array_end(&json);
    hs_json_key(&json, "chain");
    hs_json_array(&json);
    hs_json_object_inline(&json);
    hs_json_key(&json, "address");
    hs_json_address(&json, 0x7f00);
    hs_json_key(&json, "ok");
    hs_json_bool(&json, true);
    hs_json_object_end(&json);
    hs_json_object(&json);
    hs_json_object_end(&json);
    hs_json_array_end(&json);
    hs_json_object_end(&json);
    assert_null(hs_json_finish(&json));
    check_sink(&sink, "{\n"
                      "  \"name\": \"webapp\",\n"
                      "  \"none\": null,\n"
                      "  \"delta\": -5,\n"
                      "  \"counts\": [4, 18446744073709551615, 0.5, null],\n"
                      "  \"chain\": [\n"
                      "    {\"address\": \"0x7f00\", \"ok\": true},\n"
                      "    {}\n"
                      "  ]\n"
                      "}\n");
}

/* A small table with all that is special in it. */
static void write_table(FILE *file, enum hs_output_format format)
{
    static const struct hs_column columns[] = {{"type", HS_COLUMN_TEXT},
                                               {"objects", HS_COLUMN_COUNT},
                                               {"bytes", HS_COLUMN_BYTES},
                                               {"address", HS_COLUMN_ADDRESS},
                                               {"any", HS_COLUMN_ANY}};
    struct hs_output *output;
    assert_null(hs_output_create(file, &(struct hs_output_options){.format = format}, columns, 5, &output));
    hs_output_string(output, "dict");
    hs_output_int(output, 1234);
    hs_output_int(output, 99000);
    hs_output_int(output, 0x7f10);
    hs_output_int(output, 7);
    assert_true(hs_output_row(output));
    hs_output_string(output, "=x,\x1b");
    hs_output_int(output, 1);
    hs_output_null(output);
    hs_output_int(output, 0x10);
    hs_output_real(output, 2.5);
    assert_true(hs_output_row(output));
    assert_int_equal(hs_output_rows(output), 2);
    assert_null(hs_output_finish(output));
    hs_output_destroy(output);
}

static void test_table_formats(void **state)
{
    (void)state;
    static const char *const expected[] = {
        [HS_OUTPUT_COLUMNS] = "type     objects    bytes  address  any\n"
                              "dict       1,234  99.0 kB   0x7f10    7\n"
                              "=x,\\x1b        1              0x10  2.5\n",
        [HS_OUTPUT_BOX] = "┌─────────┬─────────┬─────────┬─────────┬─────┐\n"
                          "│ type    │ objects │   bytes │ address │ any │\n"
                          "├─────────┼─────────┼─────────┼─────────┼─────┤\n"
                          "│ dict    │   1,234 │ 99.0 kB │  0x7f10 │   7 │\n"
                          "│ =x,\\x1b │       1 │         │    0x10 │ 2.5 │\n"
                          "└─────────┴─────────┴─────────┴─────────┴─────┘\n",
        [HS_OUTPUT_CSV] = "type,objects,bytes,address,any\n"
                          "dict,1234,99000,0x7f10,7\n"
                          "\"'=x,\x1b\",1,,0x10,2.5\n",
        [HS_OUTPUT_JSON] = "[\n"
                           "  {\"type\": \"dict\", \"objects\": 1234, \"bytes\": 99000, \"address\": "
                           "\"0x7f10\", \"any\": 7},\n"
                           "  {\"type\": \"=x,\\u001b\", \"objects\": 1, \"bytes\": null, \"address\": "
                           "\"0x10\", \"any\": 2.5}\n"
                           "]\n",
    };
    for (int format = 0; format < 4; format++) {
        struct sink sink;
        open_sink(&sink);
        write_table(sink.file, (enum hs_output_format)format);
        check_sink(&sink, expected[format]);
    }
}

static void test_empty_table(void **state)
{
    (void)state;
    static const struct hs_column columns[] = {{"a", HS_COLUMN_TEXT}, {"b", HS_COLUMN_TEXT}};
    static const char *const expected[] = {
        [HS_OUTPUT_COLUMNS] = "a  b\n",
        [HS_OUTPUT_BOX] = "┌───┬───┐\n│ a │ b │\n├───┼───┤\n└───┴───┘\n",
        [HS_OUTPUT_CSV] = "a,b\n",
        [HS_OUTPUT_JSON] = "[]\n",
    };
    for (int format = 0; format < 4; format++) {
        struct sink sink;
        struct hs_output *output;
        open_sink(&sink);
        assert_null(hs_output_create(sink.file,
                                     &(struct hs_output_options){.format = (enum hs_output_format)format},
                                     columns, 2, &output));
        assert_null(hs_output_finish(output));
        hs_output_destroy(output);
        check_sink(&sink, expected[format]);
    }
}

/* People see the beginning of a value, programs all of it. */
static void test_long_value(void **state)
{
    (void)state;
    static const struct hs_column columns[] = {{"value", HS_COLUMN_VALUE}};
    char value[301] = "";
    memset(value, 'v', 300);
    for (int format = 0; format < 4; format++) {
        struct sink sink;
        struct hs_output *output;
        open_sink(&sink);
        assert_null(hs_output_create(sink.file,
                                     &(struct hs_output_options){.format = (enum hs_output_format)format},
                                     columns, 1, &output));
        hs_output_string(output, value);
        hs_output_row(output);
        assert_null(hs_output_finish(output));
        hs_output_destroy(output);
        fclose(sink.file);
        bool whole = format == HS_OUTPUT_CSV || format == HS_OUTPUT_JSON;
        assert_int_equal(strstr(sink.text, value) != NULL, whole);
        assert_int_equal(strstr(sink.text, "vvv...") != NULL, !whole);
        free(sink.text);
    }
}

/* Rows beyond the sample keep its widths, and appear before the end. */
static void test_long_table(void **state)
{
    (void)state;
    static const struct hs_column columns[] = {{"n", HS_COLUMN_ANY}, {"text", HS_COLUMN_TEXT}};
    struct sink sink;
    struct hs_output *output;
    open_sink(&sink);
    assert_null(
        hs_output_create(sink.file, &(struct hs_output_options){.no_header = true}, columns, 2, &output));
    for (int i = 0; i < 3 * HS_OUTPUT_SAMPLE; i++) {
        hs_output_int(output, i);
        hs_output_string(output, i == 2500 ? "longer than all before" : "x");
        hs_output_row(output);
        fflush(sink.file);
        assert_int_equal(sink.bytes > 0, i + 1 >= HS_OUTPUT_SAMPLE);
    }
    assert_null(hs_output_finish(output));
    hs_output_destroy(output);
    fclose(sink.file);
    assert_memory_equal(sink.text, "  0  x\n  1  x\n", 14);
    assert_non_null(strstr(sink.text, "\n2500  longer than all before\n2501  x\n"));
    free(sink.text);
}

static void test_write_error(void **state)
{
    (void)state;
    static const struct hs_column columns[] = {{"a", HS_COLUMN_TEXT}};
    FILE *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    struct hs_output *output;
    assert_null(
        hs_output_create(full, &(struct hs_output_options){.format = HS_OUTPUT_CSV}, columns, 1, &output));
    hs_output_string(output, "x");
    hs_output_row(output);
    struct hs_error *error = hs_output_finish(output);
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_SYSTEM);
    assert_string_equal(error->message, "cannot write the result: No space left on device");
    hs_error_destroy(error);
    hs_output_destroy(output);
    fclose(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal),      cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_csv_text),      cmocka_unit_test(test_html_text),
        cmocka_unit_test(test_shell_word),    cmocka_unit_test(test_clip_and_width),
        cmocka_unit_test(test_quantities),    cmocka_unit_test(test_json),
        cmocka_unit_test(test_table_formats), cmocka_unit_test(test_empty_table),
        cmocka_unit_test(test_long_table),    cmocka_unit_test(test_write_error),
        cmocka_unit_test(test_long_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
