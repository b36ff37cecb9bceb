/* Growth found, attributed and told once: on heaps made by hand, one function per shape of leak. */
#include "diff/suspect.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS_MAX 4

/* Makes the heap after `step` repetitions. */
typedef void build_fn(struct fixture *fixture, uint32_t namespace, uint32_t step);

struct result {
    size_t snapshots;
    char *directory;
    struct hs_loaded loaded[STEPS_MAX];
    struct hs_groups *groups;
    struct hs_compare *compare;
    struct hs_suspects suspects;
};

static void assert_fine(struct hs_error *error)
{
    if (error)
        fail_msg("%s", error->message);
}

static void write_steps(build_fn *build, const uint32_t *step, size_t count, const char *directory,
                        char (*path)[4096])
{
    for (size_t i = 0; i < count; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/%zu.db", directory, i);
        struct fixture *fixture = fixture_create();
        uint32_t namespace;
        fixture_module(fixture, "app", &namespace);
        fixture_fact(fixture, "pid", "17");
        fixture_fact(fixture, "process_start", "1234");
        fixture_fact(fixture, "boot_id", "b");
        build(fixture, namespace, step[i]);
        fixture_write(fixture, path[i]);
        fixture_destroy(fixture);
    }
}

static struct result *run(build_fn *build, const uint32_t *step, size_t count)
{
    struct result *result = calloc(1, sizeof(*result));
    assert_non_null(result);
    result->snapshots = count;
    result->directory = fixture_directory();
    char path[STEPS_MAX][4096];
    const char *paths[STEPS_MAX];
    write_steps(build, step, count, result->directory, path);
    for (size_t i = 0; i < count; i++)
        paths[i] = path[i];
    assert_fine(hs_groups_create(count, &result->groups));
    assert_fine(hs_loaded_all(paths, count, NULL, result->loaded, result->groups));
    assert_fine(hs_compare_create(result->loaded, count, &result->compare));
    assert_fine(hs_suspects_find(result->loaded, count, result->groups, result->compare, &result->suspects));
    return result;
}

static struct result *run_four(build_fn *build)
{
    return run(build, (const uint32_t[]){2, 3, 4, 5}, 4);
}

static void finish(struct result *result)
{
    hs_suspects_deinit(&result->suspects);
    hs_compare_destroy(result->compare);
    hs_groups_destroy(result->groups);
    for (size_t i = 0; i < result->snapshots; i++)
        hs_loaded_deinit(&result->loaded[i]);
    fixture_remove(result->directory);
    free(result);
}

/* ---- pieces of heaps ---- */

static uint32_t type(struct fixture *fixture, const char *name)
{
    return fixture_find_type(fixture, name);
}

static uint32_t make(struct fixture *fixture, const char *name, uint64_t bytes)
{
    uint32_t object = fixture_object(fixture, type(fixture, name));
    fixture_set_size(fixture, object, bytes);
    return object;
}

static uint32_t global_dict(struct fixture *fixture, uint32_t namespace, const char *name)
{
    uint32_t dict = make(fixture, "dict", 232);
    fixture_global(fixture, namespace, name, dict);
    return dict;
}

static void put(struct fixture *fixture, uint32_t dict, uint32_t key, uint32_t value)
{
    fixture_tail(fixture, dict, HS_TAIL_PAIR, key);
    fixture_tail(fixture, dict, HS_TAIL_PAIR, value);
}

/* An instance of `class` that holds a string of its own. */
static uint32_t instance(struct fixture *fixture, uint32_t class)
{
    uint32_t object = fixture_object(fixture, class);
    fixture_field(fixture, object, HS_REF_ATTRIBUTE, "name", make(fixture, "str", 1000));
    return object;
}

/* ---- shapes ---- */

static void build_registry(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Session");
    uint32_t registry = global_dict(fixture, namespace, "_sessions");
    for (uint32_t i = 0; i < 10 * step; i++)
        put(fixture, registry, make(fixture, "str", 60), instance(fixture, class));
}

static void test_registry(void **state)
{
    (void)state;
    struct result *result = run_four(build_registry);
    assert_int_equal(result->suspects.count, 1);
    const struct hs_suspect *suspect = &result->suspects.suspect[0];
    assert_int_equal(suspect->kind, HS_SUSPECT_CONTAINER);
    assert_string_equal(suspect->type, "app.Session");
    assert_int_equal(suspect->trend, HS_TREND_EVERY_STEP);
    assert_int_equal(suspect->objects, 30);
    assert_int_equal(suspect->counts[0], 20);
    assert_int_equal(suspect->counts[3], 50);
    assert_int_equal(suspect->bytes, 30 * (60 + 64 + 1000));
    assert_string_equal(suspect->place.path, "app._sessions");
    assert_string_equal(suspect->place.type, "dict");
    assert_string_equal(suspect->place.inner, "[...]");
    assert_int_equal(suspect->place.alike, 1);
    assert_string_equal(suspect->place.example_path, "list(app._sessions.values())[49]");
    assert_int_equal(suspect->also_count, 0);
    assert_string_equal(suspect->place.chain.step[suspect->place.chain.count - 1].type, "app.Session");
    finish(result);
}

static void test_two_snapshots(void **state)
{
    (void)state;
    struct result *result = run(build_registry, (const uint32_t[]){1, 5}, 2);
    assert_int_equal(result->suspects.count, 1);
    assert_int_equal(result->suspects.suspect[0].trend, HS_TREND_UNKNOWN);
    assert_int_equal(result->suspects.suspect[0].objects, 40);
    finish(result);
}

/* The leaked instances keep each other and their own parts: all of it hangs off one place. */
static void build_linked(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Node");
    uint32_t next = HS_NO_OBJECT;
    for (uint32_t i = 0; i < 100 * step; i++) {
        uint32_t node = instance(fixture, class);
        if (next != HS_NO_OBJECT)
            fixture_field(fixture, node, HS_REF_ATTRIBUTE, "next", next);
        next = node;
    }
    fixture_global(fixture, namespace, "_head", next);
}

static void test_linked_list(void **state)
{
    (void)state;
    struct result *result = run_four(build_linked);
    assert_int_equal(result->suspects.count, 1);
    const struct hs_suspect *suspect = &result->suspects.suspect[0];
    assert_string_equal(suspect->type, "app.Node");
    assert_string_equal(suspect->place.path, "app._head");
    assert_int_equal(suspect->objects, 300);
    assert_int_equal(suspect->bytes, 300 * 1064);
    assert_string_equal(suspect->place.example_path, "app._head.next");
    finish(result);
}

static void build_tuples(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t tuple = fixture_builtin(fixture, "tuple"), class = fixture_class(fixture, "app.Report");
    uint32_t list = make(fixture, "list", 100);
    fixture_global(fixture, namespace, "_history", list);
    for (uint32_t i = 0; i < 20 * step; i++) {
        uint32_t pair = fixture_object(fixture, tuple);
        fixture_tail(fixture, pair, HS_TAIL_ITEM, make(fixture, "str", 50));
        fixture_tail(fixture, pair, HS_TAIL_ITEM, instance(fixture, class));
        fixture_tail(fixture, list, HS_TAIL_ITEM, pair);
    }
}

/* What people would name is inside the tuples that the list holds. */
static void test_type_is_what_people_name(void **state)
{
    (void)state;
    struct result *result = run_four(build_tuples);
    assert_int_equal(result->suspects.count, 1);
    assert_string_equal(result->suspects.suspect[0].type, "app.Report");
    assert_string_equal(result->suspects.suspect[0].place.path, "app._history");
    assert_string_equal(result->suspects.suspect[0].place.inner, "[...][...]");
    assert_string_equal(result->suspects.suspect[0].place.example_path, "app._history[99][1]");
    finish(result);
}

static void build_strings(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t cache = global_dict(fixture, namespace, "_translations");
    for (uint32_t i = 0; i < 50 * step; i++)
        put(fixture, cache, make(fixture, "str", 70), make(fixture, "str", 150));
}

static void test_strings(void **state)
{
    (void)state;
    struct result *result = run_four(build_strings);
    assert_int_equal(result->suspects.count, 1);
    assert_string_equal(result->suspects.suspect[0].type, "str");
    assert_string_equal(result->suspects.suspect[0].place.path, "app._translations");
    assert_int_equal(result->suspects.suspect[0].bytes, 150 * 220);
    finish(result);
}

static void build_two_registries(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.User");
    uint32_t by_id = global_dict(fixture, namespace, "by_id");
    uint32_t by_name = global_dict(fixture, namespace, "by_name");
    for (uint32_t i = 0; i < 10 * step; i++) {
        uint32_t user = instance(fixture, class);
        put(fixture, by_id, make(fixture, "str", 60), user);
        put(fixture, by_name, make(fixture, "str", 60), user);
    }
}

/* Clearing one registry would free nothing: the other one holds the same objects. It is one leak, told with
 * both. */
static void test_also_held(void **state)
{
    (void)state;
    struct result *result = run_four(build_two_registries);
    assert_int_equal(result->suspects.count, 1);
    const struct hs_suspect *suspect = &result->suspects.suspect[0];
    assert_string_equal(suspect->type, "app.User");
    assert_int_equal(suspect->also_count, 1);
    bool first = !strcmp(suspect->place.path, "app.by_id");
    assert_string_equal(suspect->place.path, first ? "app.by_id" : "app.by_name");
    assert_string_equal(suspect->also[0], first ? "app.by_name" : "app.by_id");
    assert_int_equal(suspect->bytes, 30 * (1064 + 120));
    finish(result);
}

static void build_two_leaks(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t small = global_dict(fixture, namespace, "small"),
             large = global_dict(fixture, namespace, "large");
    uint32_t a = fixture_class(fixture, "app.A"), b = fixture_class(fixture, "app.B");
    for (uint32_t i = 0; i < 10 * step; i++)
        put(fixture, small, make(fixture, "str", 60), instance(fixture, a));
    for (uint32_t i = 0; i < 100 * step; i++)
        put(fixture, large, make(fixture, "str", 60), instance(fixture, b));
}

static void test_two_leaks_in_order(void **state)
{
    (void)state;
    struct result *result = run_four(build_two_leaks);
    assert_int_equal(result->suspects.count, 2);
    assert_string_equal(result->suspects.suspect[0].type, "app.B");
    assert_string_equal(result->suspects.suspect[1].type, "app.A");
    finish(result);
}

/* Connections come and go in number, and each collects more and more. */
static void build_inner_growth(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Connection"), entry = fixture_class(fixture, "app.Entry");
    uint32_t pool = make(fixture, "list", 100);
    fixture_global(fixture, namespace, "pool", pool);
    for (uint32_t i = 0; i < 5; i++) {
        uint32_t connection = instance(fixture, class), log = make(fixture, "list", 100);
        fixture_field(fixture, connection, HS_REF_ATTRIBUTE, "log", log);
        fixture_tail(fixture, pool, HS_TAIL_ITEM, connection);
        for (uint32_t j = 0; j < 20 * step; j++)
            fixture_tail(fixture, log, HS_TAIL_ITEM, instance(fixture, entry));
    }
}

static void test_spread_over_holders(void **state)
{
    (void)state;
    struct result *result = run_four(build_inner_growth);
    assert_int_equal(result->suspects.count, 1);
    const struct hs_suspect *suspect = &result->suspects.suspect[0];
    assert_string_equal(suspect->type, "app.Entry");
    assert_int_equal(suspect->objects, 300);
    assert_int_equal(suspect->place.alike, 5);
    assert_string_equal(suspect->place.type, "list");
    assert_non_null(strstr(suspect->place.path, ".log"));
    finish(result);
}

static void build_buffer(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t buffer = fixture_object(fixture, fixture_builtin(fixture, "bytearray"));
    fixture_set_size(fixture, buffer, 100000 * step);
    fixture_global(fixture, namespace, "_journal", buffer);
}

static void test_size(void **state)
{
    (void)state;
    struct result *result = run_four(build_buffer);
    assert_int_equal(result->suspects.count, 1);
    const struct hs_suspect *suspect = &result->suspects.suspect[0];
    assert_int_equal(suspect->kind, HS_SUSPECT_SIZE);
    assert_string_equal(suspect->type, "bytearray");
    assert_string_equal(suspect->place.example_path, "app._journal");
    assert_int_equal(suspect->bytes, 300000);
    finish(result);
}

/* ---- what is no leak ---- */

static void build_warm_up(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Compiled");
    uint32_t cache = global_dict(fixture, namespace, "_cache");
    for (uint32_t i = 0; i < (step > 2 ? 500 : 0); i++)
        put(fixture, cache, make(fixture, "str", 60), instance(fixture, class));
}

static void build_churn(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    static const uint32_t entries[] = {0, 0, 100, 80, 110, 95};
    uint32_t class = fixture_class(fixture, "app.Request");
    uint32_t current = global_dict(fixture, namespace, "_current");
    for (uint32_t i = 0; i < entries[step]; i++)
        put(fixture, current, make(fixture, "str", 60), instance(fixture, class));
}

/* Objects that nothing holds: cycles that the collector has not got to yet. */
static void build_garbage(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Cycle");
    global_dict(fixture, namespace, "_settings");
    for (uint32_t i = 0; i < 100 * step; i++) {
        uint32_t object = instance(fixture, class);
        fixture_field(fixture, object, HS_REF_ATTRIBUTE, "me", object);
    }
}

static void build_tool(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t own;
    global_dict(fixture, namespace, "_settings");
    fixture_module(fixture, "heapdump", &own);
    uint32_t log = global_dict(fixture, own, "_log");
    for (uint32_t i = 0; i < 100 * step; i++)
        put(fixture, log, make(fixture, "str", 60), make(fixture, "str", 1000));
}

static void test_no_leak_is_silent(void **state)
{
    (void)state;
    build_fn *const shapes[] = {build_warm_up, build_churn, build_garbage, build_tool};
    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
        struct result *result = run_four(shapes[i]);
        if (result->suspects.count)
            fail_msg("shape %zu: %s", i, result->suspects.suspect[0].place.path);
        finish(result);
    }
}

static void test_garbage_is_counted_apart(void **state)
{
    (void)state;
    struct result *result = run_four(build_garbage);
    assert_int_equal(result->loaded[3].garbage.objects - result->loaded[0].garbage.objects, 600);
    finish(result);
}

/* The same objects, found through another name in the last snapshot: nothing was added. */
static void build_moved(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Item");
    uint32_t list = make(fixture, "list", 1000), dict = global_dict(fixture, namespace, "a_view");
    fixture_global(fixture, namespace, "items", list);
    for (uint32_t i = 0; i < 100; i++) {
        uint32_t item = instance(fixture, class), key = make(fixture, "str", 60);
        fixture_tail(fixture, list, HS_TAIL_ITEM, item);
        if (i < step * 20)
            put(fixture, dict, make(fixture, "str", 0), item);
        fixture_field(fixture, item, HS_REF_ATTRIBUTE, "key", key);
    }
}

static void test_moved_objects_are_no_growth(void **state)
{
    (void)state;
    struct result *result = run_four(build_moved);
    assert_int_equal(result->suspects.count, 0);
    finish(result);
}

/* ---- identity ---- */

static void test_identity(void **state)
{
    (void)state;
    struct result *result = run(build_registry, (const uint32_t[]){1, 5}, 2);
    assert_true(result->compare->same_process);
    assert_false(result->compare->reversed);
    assert_int_equal(result->compare->freed_objects, 0);
    assert_int_equal(result->compare->new_objects, 40 * 3);
    for (size_t i = 0; i < result->compare->types; i++) {
        const struct hs_type_row *row = &result->compare->type[i];
        if (!strcmp(row->name, "app.Session")) {
            assert_int_equal(row->new_objects, 40);
            assert_int_equal(row->count[0], 10);
            assert_int_equal(row->count[1], 50);
        }
    }
    finish(result);
}

static void build_reused(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Reused");
    uint32_t object = fixture_object(fixture, class);
    fixture_set_ident(fixture, object, (uint16_t)step);
    fixture_global(fixture, namespace, "it", object);
}

/* Same address, same type, other storage: another object. */
static void test_reused_address(void **state)
{
    (void)state;
    struct result *result = run(build_reused, (const uint32_t[]){1, 2}, 2);
    assert_int_equal(result->compare->new_objects, 1);
    assert_int_equal(result->compare->freed_objects, 1);
    finish(result);
}

/* A line of objects as long as a stack would never bear. */
static void build_deep(struct fixture *fixture, uint32_t namespace, uint32_t step)
{
    uint32_t class = fixture_class(fixture, "app.Link");
    uint32_t next = fixture_object(fixture, class);
    for (uint32_t i = 0; i < 100000 * step; i++) {
        uint32_t node = fixture_object(fixture, class);
        fixture_field(fixture, node, HS_REF_ATTRIBUTE, "next", next);
        next = node;
    }
    fixture_global(fixture, namespace, "_chain", next);
}

static void test_deep_line(void **state)
{
    (void)state;
    struct result *result = run(build_deep, (const uint32_t[]){1, 3}, 2);
    assert_int_equal(result->suspects.count, 1);
    assert_string_equal(result->suspects.suspect[0].place.path, "app._chain");
    assert_int_equal(result->suspects.suspect[0].bytes, 200000 * 64);
    finish(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registry),
        cmocka_unit_test(test_two_snapshots),
        cmocka_unit_test(test_linked_list),
        cmocka_unit_test(test_type_is_what_people_name),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_also_held),
        cmocka_unit_test(test_two_leaks_in_order),
        cmocka_unit_test(test_spread_over_holders),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_no_leak_is_silent),
        cmocka_unit_test(test_garbage_is_counted_apart),
        cmocka_unit_test(test_moved_objects_are_no_growth),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_reused_address),
        cmocka_unit_test(test_deep_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
