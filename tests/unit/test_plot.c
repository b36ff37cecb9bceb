/* Plots: round ticks, thinning that keeps peaks, tables of strangers, and pictures of any of it. */
#include "query/axis.h"
#include "query/csv.h"
#include "query/plot.h"
#include "query/series.h"
#include "query/thin.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void check_label(const struct hs_axis *axis, size_t tick, const char *expected)
{
    char label[HS_AXIS_LABEL];
    assert_string_equal(hs_axis_label(axis, hs_axis_tick(axis, tick), label), expected);
}

static void test_axes(void **state)
{
    (void)state;
    struct hs_axis axis;
    hs_axis_bytes(13e6, 26e6, 4, &axis);
    assert_int_equal(hs_axis_ticks(&axis), 4);
    check_label(&axis, 0, "0 MB");
    check_label(&axis, 3, "30 MB");
    hs_axis_bytes(1000.2e6, 1000.9e6, 4, &axis);
    check_label(&axis, 0, "1.00 GB");
    hs_axis_bytes(0, 0, 4, &axis);
    assert_true(axis.most > axis.least);
    hs_axis_bytes(0, 1e18, 4, &axis);
    check_label(&axis, 0, "0.0 EB");
    hs_axis_count(0, 3, 4, &axis);
    check_label(&axis, 3, "3");
    hs_axis_time(95, 10, &axis);
    check_label(&axis, 1, "10 s");
    hs_axis_time(3600, 10, &axis);
    check_label(&axis, 1, "10 min");
    hs_axis_time(0, 10, &axis);
    assert_true(hs_axis_ticks(&axis) < 20);
}

/* Whatever is plotted, there is a handful of ticks, and they hold what is between them. */
static void test_any_axis(void **state)
{
    (void)state;
    struct hs_axis axis;
    srand(1);
    for (int i = 0; i < 20000; i++) {
        double least = floor(pow(10, 17.0 * rand() / RAND_MAX)),
               most = least + floor(pow(10, 17.0 * rand() / RAND_MAX));
        (i % 2 ? hs_axis_bytes : hs_axis_count)(least, most, 5, &axis);
        assert_true(axis.least <= least && axis.most >= most);
        assert_in_range(hs_axis_ticks(&axis), 2, 12);
        hs_axis_time(least / 1e7, 10, &axis);
        assert_in_range(hs_axis_ticks(&axis), 1, 60);
    }
}

static void test_csv(void **state)
{
    (void)state;
    static const char text[] = "a,\"b,\"\"c\"\"\nd\",\r\ne";
    static const char *const expected[] = {"a", "b,\"c\"\nd", "", "e"};
    static const bool last[] = {false, false, true, true};
    static const uint64_t line[] = {1, 1, 2, 3};
    struct hs_csv csv = {hs_cursor(text, sizeof(text) - 1, "text"), 1};
    struct hs_text field = {0};
    for (size_t i = 0; i < 4; i++) {
        bool is_last;
        assert_int_equal(csv.line, line[i]);
        assert_true(hs_csv_field(&csv, &field, &is_last));
        assert_string_equal(hs_text_string(&field), expected[i]);
        assert_int_equal(is_last, last[i]);
    }
    bool is_last;
    assert_false(hs_csv_field(&csv, &field, &is_last));
    hs_text_deinit(&field);
}

/* Reads a table from memory. */
static struct hs_error *read_table(const void *data, size_t bytes, struct hs_series *ret)
{
    char path[] = "/tmp/hs_plot_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    close(fd);
    struct hs_error *error = hs_series_read(path, ret);
    unlink(path);
    return error;
}

static void test_series(void **state)
{
    (void)state;
    static const char table[] = "timestamp,rss,label\n"
                                "2026-01-01T00:00:01.5Z,30,\n"
                                "2026-01-01T00:00:00.5Z,10,begin\n"
                                "2026-01-01T00:00:02.5Z,,'=end\n";
    struct hs_series series;
    assert_null(read_table(table, sizeof(table) - 1, &series));
    assert_int_equal(series.count, 3);
    assert_float_equal(series.seconds, 2, 1e-3);
    assert_float_equal(series.sample[0].value[HS_SERIES_RSS], 10, 0);
    assert_float_equal(series.sample[1].time, 1, 1e-3);
    assert_true(isnan(series.sample[2].value[HS_SERIES_RSS]));
    assert_false(series.has[HS_SERIES_OBJECTS]);
    assert_int_equal(series.marks, 2);
    assert_string_equal(series.mark[0].label, "begin");
    assert_string_equal(series.mark[1].label, "=end");
    assert_int_equal(series.mark[1].sample, 2);
    hs_series_deinit(&series);
}

static void test_thin_keeps_peaks(void **state)
{
    (void)state;
    enum { COUNT = 10000, STRETCHES = 50, PEAK = 4321 };
    struct hs_sample *sample = calloc(COUNT, sizeof(*sample));
    struct hs_moment moment[4 * (STRETCHES + 1)];
    assert_non_null(sample);
    for (size_t i = 0; i < COUNT; i++)
        sample[i] =
            (struct hs_sample){.time = (double)i, .value[HS_SERIES_RSS] = i == PEAK ? 1e9 : (double)(i % 7)};
    struct hs_series series = {.count = COUNT, .sample = sample, .processes = 1, .seconds = COUNT - 1};
    size_t count = 0, peaks = 0;
    assert_int_equal(hs_series_thin(&series, HS_SERIES_RSS, 0, STRETCHES, moment, &count), COUNT);
    assert_in_range(count, STRETCHES, 4 * (STRETCHES + 1));
    for (size_t i = 0; i < count; i++) {
        peaks += moment[i].value == 1e9 && moment[i].time == PEAK;
        assert_true(!i || moment[i].time >= moment[i - 1].time);
    }
    assert_int_equal(peaks, 1);
    assert_float_equal(moment[0].time, 0, 0);
    assert_float_equal(moment[count - 1].time, COUNT - 1, 0);
    free(sample);
}

/* Tables with bytes changed and cut short: each is refused or drawn, as a picture and as a page. */
static void test_mangled_tables(void **state)
{
    (void)state;
    static const char good[] = "timestamp,pid,test,run,vm_size,rss,pss,objects,label\n"
                               "1700000000.5,7,\"a.py::t[\"\"x\"\"]\",1,150000000,20000000,,11000,one\n"
                               "1700000001.5,7,a.py::u,2,150000000,21000000,5,11100,\n"
                               "1700000002.5,8,a.py::t,1,160000000,22000000,6,11200,\"two, and\"\n";
    static const char spice[] = ",\"\n\r\0-9eE.:ZTx\xff\xed\xa0\x80'=";
    char table[sizeof(good)];
    size_t drawn = 0;
    srand(2);
    for (int round = 0; round < 4000; round++) {
        memcpy(table, good, sizeof(good));
        for (int i = rand() % 4; i-- > 0;)
            table[rand() % (int)sizeof(good)] = spice[rand() % (int)sizeof(spice)];
        struct hs_series series;
        struct hs_text file = {0};
        struct hs_error *error =
            read_table(table, round % 5 ? sizeof(good) - 1 : (size_t)rand() % sizeof(good), &series);
        drawn += !error;
        if (!error)
            error = round % 2 ? hs_plot_svg(&series, "title", true, &file)
                              : hs_plot_page(&series, "title", &file);
        if (error)
            assert_true(error->message[0] && !strchr(error->message, '\n'));
        hs_error_destroy(error);
        hs_series_deinit(&series);
        hs_text_deinit(&file);
    }
    assert_true(drawn > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_axes),
        cmocka_unit_test(test_any_axis),
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_thin_keeps_peaks),
        cmocka_unit_test(test_mangled_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
