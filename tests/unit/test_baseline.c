/* Signatures fold what changes from run to run; the baseline's file is read strictly and compared by them. */
#include "diff/baseline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_fold(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"webapp._open_databases", "webapp._open_databases"},
        {"list(app.pool.values())[3].log_12", "app.pool[...].log_#"},
        {"list(list(a.b.values())[0].values())[1].c", "a.b[...][...].c"},
        {"list(a.keys)[0]", "a.keys[...]"},
        {"a['x]y'].b[\"\\\"]\"]", "a[...].b[...]"},
        {"a[b[0]].c", "a[...].c"},
        {"a[b", "a[...]"},
        {"mylist(a)", "mylist(a)"},
        {"<local job of serve() in thread 7>", "<local job of serve() in thread #>"},
        {"x1y22", "x#y#"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *folded = hs_baseline_fold(cases[i][0]);
        assert_string_equal(folded, cases[i][1]);
        free(folded);
    }
}

static char file[] = "/tmp/heapsnap-baseline-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(file);
}

static struct hs_error *read_text(const char *text, struct hs_baseline *ret)
{
    FILE *stream = fopen(file, "w");
    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
    return hs_baseline_read(file, ret);
}

static void test_compare(void **state)
{
    (void)state;
    struct hs_baseline baseline;
    assert_null(
        read_text("{\"note\": 1, \"heapdiff_baseline\": 1, \"accepted\": ["
                  "{\"path\": \"app.pool[...].log\", \"type\": \"app.Entry\", \"note\": \"fine\"},"
                  "{\"path\": \"app.*\", \"type\": \"*.Page\"}, {\"path\": \"gone\", \"type\": \"x\"}]}",
                  &baseline));
    char path[] = "list(app.pool.values())[3].log", other[] = "web.cache", page[] = "app.pages", empty[] = "";
    struct hs_suspect suspect[] = {
        {.type = "app.Entry", .place = {.path = path}},
        {.type = "app.Other", .place = {.path = path}},
        {.type = "lib.Page", .place = {.path = page}},
        {.type = "lib.Page", .place = {.path = other, .pattern = page}},
        {.type = "lib.Page", .place = {.path = other}},
        {.type = "lib.Page", .place = {.example_path = empty}},
    };
    struct hs_suspects suspects = {.count = sizeof(suspect) / sizeof(*suspect), .suspect = suspect};
    assert_null(hs_baseline_compare(&baseline, &suspects));
    static const bool accepted[] = {true, false, true, true, false, false};
    for (size_t i = 0; i < suspects.count; i++)
        assert_int_equal(baseline.suspect[i].seen, accepted[i]);
    assert_int_equal(hs_baseline_new(&baseline), 3);
    assert_true(baseline.accepted[0].seen && baseline.accepted[1].seen && !baseline.accepted[2].seen);
    hs_baseline_deinit(&baseline);
}

static void test_write_then_read(void **state)
{
    (void)state;
    char path[] = "app.\"q\"[7]";
    struct hs_suspect suspect = {.type = "app.Entry", .place = {.path = path}};
    struct hs_suspects suspects = {.count = 1, .suspect = &suspect};
    struct hs_baseline baseline;
    struct hs_error *error = hs_baseline_write(file, false, &suspects);
    assert_int_equal(error->code, HS_ERROR_EXISTS);
    hs_error_destroy(error);
    assert_null(hs_baseline_write(file, true, &suspects));
    assert_null(hs_baseline_read(file, &baseline));
    assert_null(hs_baseline_compare(&baseline, &suspects));
    assert_int_equal(hs_baseline_new(&baseline), 0);
    hs_baseline_deinit(&baseline);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum hs_error_code code;
    } cases[] = {
        {"", HS_ERROR_USAGE},
        {"{\"heapdiff_baseline\": 1, \"accepted\": [", HS_ERROR_USAGE},
        {"[]", HS_ERROR_VERSION},
        {"{\"heapdiff_baseline\": 2, \"accepted\": []}", HS_ERROR_VERSION},
        {"{\"heapdiff_baseline\": 1, \"accepted\": [7]}", HS_ERROR_USAGE},
        {"{\"heapdiff_baseline\": 1, \"accepted\": [\"{\"]}", HS_ERROR_USAGE},
        {"{\"heapdiff_baseline\": 1, \"accepted\": [{\"path\": \"x\"}]}", HS_ERROR_USAGE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct hs_baseline baseline;
        struct hs_error *error = read_text(cases[i].text, &baseline);
        assert_non_null(error);
        assert_int_equal(error->code, cases[i].code);
        assert_non_null(strstr(error->message, file));
        hs_error_destroy(error);
        hs_baseline_deinit(&baseline);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_write_then_read),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
