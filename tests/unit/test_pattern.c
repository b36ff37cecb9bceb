/* Known patterns: the first that fits is named, and all conditions of a row must hold. */
#include "diff/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *name_of(const struct hs_suspect *suspect)
{
    const struct hs_pattern *pattern = hs_pattern_find(hs_patterns, hs_patterns_count, suspect);
    return pattern ? pattern->name : "";
}

static struct hs_suspect container(const char *type, char *path, const char *by)
{
    return (struct hs_suspect){
        .kind = HS_SUSPECT_CONTAINER, .type = type, .place = {.path = path, .type = by, .inner = "[...]"}};
}

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *type, *path, *by, *expected;
    } places[] = {
        {"webapp.DB", "webapp._open", "dict", "registry never cleared"},
        {"str", "webapp._texts", "dict", "cache without a bound"},
        {"webapp.Report", "<cache of webapp.Report.total>", "functools._lru_cache_wrapper",
         "lru_cache that keeps its arguments"},
        {"ValueError", "webapp.errors", "list", "exceptions kept with their tracebacks"},
        {"webapp.View", "webapp.signal.receivers", "list", "receivers never disconnected"},
        {"module", "sys.modules", "dict", "modules made at run time"},
        {"type", "webapp.models", "list", "classes made at run time"},
        {"logging.Logger", "logging.Logger.manager.loggerDict", "dict", "loggers by name"},
        {"webapp.Record", "weakref.finalize._registry", "dict",
         "weakref.finalize that keeps what it is given"},
        {"webapp.Record", "webapp.thing.part", "webapp.Thing", ""},
    };
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        struct hs_suspect suspect = container(places[i].type, (char *)places[i].path, places[i].by);
        assert_string_equal(name_of(&suspect), places[i].expected);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    struct hs_suspect suspect = {.kind = HS_SUSPECT_GARBAGE, .type = "webapp.Node"};
    assert_string_equal(name_of(&suspect), "cycles with the collector off");
    suspect.kind = HS_SUSPECT_THREAD;
    assert_string_equal(name_of(&suspect), "threads that never end");
    suspect.kind = HS_SUSPECT_EXTERNAL;
    assert_string_equal(name_of(&suspect), "references that C code does not give back");
}

static void test_steps(void **state)
{
    (void)state;
    struct hs_step step[] = {{.type = (char *)"module"}, {.type = (char *)"queue.Queue"}};
    struct hs_suspect suspect = container("webapp.Job", (char *)"webapp.jobs.queue", "collections.deque");
    suspect.place.chain = (struct hs_chain){.step = step, .count = 2};
    assert_string_equal(name_of(&suspect), "queue backlog");
}

static void test_empty_table(void **state)
{
    (void)state;
    struct hs_suspect suspect = container("webapp.DB", (char *)"webapp._open", "dict");
    assert_null(hs_pattern_find(NULL, 0, &suspect));
}

static void test_every_row_says_what_to_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < hs_patterns_count; i++) {
        const struct hs_pattern *row = &hs_patterns[i];
        assert_true(strlen(row->name) > 0 && strlen(row->advice) > 0);
        assert_true(row->kind || row->type || row->holder || row->by || row->inner || row->step);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_empty_table),
        cmocka_unit_test(test_every_row_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
