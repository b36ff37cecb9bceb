/* The two forms of the report, byte for byte where it matters, on heaps made by hand. */
#include "diff/report.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct result {
    char *directory;
    char path[2][4096];
    struct hs_loaded loaded[2];
    struct hs_groups *groups;
    struct hs_compare *compare;
    struct hs_suspects suspects;
    struct hs_memory memory;
    struct hs_budget budget;
    struct hs_pattern_table patterns; /* the built-in one */
    struct hs_report report;
};

static void assert_fine(struct hs_error *error)
{
    if (error)
        fail_msg("%s", error->message);
}

/* The report over two snapshots, which are freed. */
static struct result *compare(struct fixture *before, struct fixture *after)
{
    struct result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    result->directory = fixture_directory();
    struct fixture *fixture[2] = {before, after};
    for (int i = 0; i < 2; i++) {
        snprintf(result->path[i], sizeof(result->path[i]), "%s/%d.db", result->directory, i);
        fixture_write(fixture[i], result->path[i]);
        fixture_destroy(fixture[i]);
    }
    const char *const paths[] = {result->path[0], result->path[1]};
    assert_fine(hs_groups_create(2, &result->groups));
    assert_fine(hs_loaded_all(paths, 2, NULL, result->loaded, result->groups));
    assert_fine(hs_compare_create(result->loaded, 2, &result->compare));
    assert_fine(hs_suspects_find(result->loaded, 2, result->groups, result->compare, &result->suspects));
    assert_fine(hs_memory_read(result->loaded, 2, &result->memory));
    assert_fine(hs_budget_read(&result->memory, &result->budget));
    result->report = (struct hs_report){
        .snapshots = 2,
        .loaded = result->loaded,
        .groups = result->groups,
        .compare = result->compare,
        .suspects = &result->suspects,
        .memory = &result->memory,
        .budget = &result->budget,
        .patterns = &result->patterns,
        .types_max = 10,
    };
    assert_fine(hs_report_add_blind_spots(&result->report));
    return result;
}

static void finish(struct result *result)
{
    hs_report_deinit(&result->report);
    hs_budget_deinit(&result->budget);
    hs_memory_deinit(&result->memory);
    hs_suspects_deinit(&result->suspects);
    hs_compare_destroy(result->compare);
    hs_groups_destroy(result->groups);
    for (int i = 0; i < 2; i++)
        hs_loaded_deinit(&result->loaded[i]);
    fixture_remove(result->directory);
    free(result);
}

typedef struct hs_error *write_fn(const struct hs_report *report, FILE *file);

static char *written(const struct result *result, write_fn *write)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    assert_non_null(file);
    assert_fine(write(&result->report, file));
    fclose(file);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("no \"%s\" in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" in:\n%s", part, text);
}

static void test_text(void **state)
{
    (void)state;
    struct result *result = compare(fixture_webapp(4), fixture_webapp(20));
    char *text = written(result, hs_report_text);
    const char expected[] =
        "1. webapp._open_databases  (dict)  4 -> 20 entries, keeps 8.0 MB more alive\n"
        "   webapp._open_databases[...]  ->  DB  (+16)\n"
        "   one step only: a third snapshot tells warm-up from leak\n"
        "   looks like registry never cleared: take entries out when they are done with, or "
        "hold them weakly (weakref.WeakValueDictionary)\n"
        "This is 100 % of the 8.0 MB that all objects grew by\n"
        "\n"
        "type       before  after  +count    bytes   +bytes\n"
        "str             8     40     +32  10.0 MB  +8.0 MB\n";
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail_msg("%s", text);
    /* The fixture says nothing of its process. */
    assert_has(text, "  - the snapshots are of different processes");
    free(text);
    result->report.quiet = true;
    text = written(result, hs_report_text);
    assert_string_equal(text,
                        "1. webapp._open_databases  (dict)  4 -> 20 entries, keeps 8.0 MB more alive\n");
    free(text);
    finish(result);
}

static void test_types_asked_for(void **state)
{
    (void)state;
    struct result *result = compare(fixture_webapp(4), fixture_webapp(20));
    result->report.types_max = 1;
    char *text = written(result, hs_report_text);
    assert_has(text, "3 more types: -n 4 lists them\n");
    free(text);
    result->report.type_glob = "webapp.*";
    text = written(result, hs_report_text);
    assert_has(text, "webapp.DB       4     20     +16");
    assert_lacks(text, "\nstr ");
    free(text);
    result->report.type_glob = "nothing";
    text = written(result, hs_report_text);
    assert_has(text, "No type of that name.\n");
    free(text);
    finish(result);
}

static void test_nothing_grows(void **state)
{
    (void)state;
    struct result *result = compare(fixture_webapp(4), fixture_webapp(4));
    char *text = written(result, hs_report_text);
    assert_has(text, "Nothing grows like a leak.\n\nNo type has grown.\n");
    free(text);
    text = written(result, hs_report_json);
    assert_has(text, "\"suspects\": []");
    free(text);
    finish(result);
}

static void test_json(void **state)
{
    (void)state;
    struct result *result = compare(fixture_webapp(4), fixture_webapp(20));
    char *text = written(result, hs_report_json);
    assert_has(text, "{\"type\": \"webapp.DB\", \"count\": [4, 20], \"bytes\": [256, 1280], \"new\": null, "
                     "\"freed\": null}");
    assert_has(text, "\"rank\": 1,");
    assert_has(text, "\"kind\": \"container\",");
    assert_has(text, "\"counts\": [4, 20],");
    assert_has(text, "\"trend\": \"unknown\",");
    assert_has(text, "\"path\": \"webapp._open_databases['db19']\",");
    assert_has(text, "\"also_held_by\": [],");
    assert_has(text, "\"type\": \"module\", \"name\": \"webapp\", \"edge\": \"__dict__\"}");
    free(text);
    finish(result);
}

/* A module and a class whose names try to reach the terminal and to break out of a string. */
static struct fixture *hostile(uint32_t things)
{
    struct fixture *fixture = fixture_create();
    uint32_t namespace;
    fixture_module(fixture, "evil\x1b]0;title\x07\"", &namespace);
    uint32_t class = fixture_class(fixture, "evil.T\n\"\\\xe2\x80\xae\xff");
    uint32_t list = fixture_object(fixture, fixture_find_type(fixture, "list"));
    fixture_global(fixture, namespace, "a\"b", list);
    for (uint32_t i = 0; i < things; i++)
        fixture_tail(fixture, list, HS_TAIL_ITEM, fixture_object(fixture, class));
    return fixture;
}

static void test_hostile_names(void **state)
{
    (void)state;
    struct result *result = compare(hostile(10), hostile(100));
    assert_int_equal(result->suspects.count, 1);
    write_fn *const forms[] = {hs_report_text, hs_report_json};
    for (int i = 0; i < 2; i++) {
        char *text = written(result, forms[i]);
        assert_lacks(text, "\x1b");
        assert_lacks(text, "\x07");
        assert_lacks(text, "\xe2\x80\xae");
        assert_lacks(text, "\xff");
        assert_lacks(text, "T\n");
        free(text);
    }
    finish(result);
}

/* What cannot be written is said. */
static void test_full_file(void **state)
{
    (void)state;
    struct result *result = compare(fixture_webapp(4), fixture_webapp(20));
    write_fn *const forms[] = {hs_report_text, hs_report_json};
    for (int i = 0; i < 2; i++) {
        FILE *full = fopen("/dev/full", "w");
        assert_non_null(full);
        struct hs_error *error = forms[i](&result->report, full);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_SYSTEM);
        hs_error_destroy(error);
        fclose(full);
    }
    finish(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_types_asked_for),
        cmocka_unit_test(test_nothing_grows), cmocka_unit_test(test_json),
        cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_full_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
