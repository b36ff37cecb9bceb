/* Signatures and their folding, trends, and what is counted where. */
#include "diff/fan.h"
#include "diff/group.h"
#include "diff/kinds.h"
#include "diff/loaded.h"
#include "diff/trend.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_fine(struct hs_error *error)
{
    if (error)
        fail_msg("%s", error->message);
}

static uint32_t name_number(struct hs_groups *groups, const char *name)
{
    uint32_t number;
    assert_fine(hs_names_add(&groups->names, name, (uint32_t)strlen(name), &number));
    return number;
}

/* The group reached from `parent` by a reference of `kind` at an object of `type`. */
static uint32_t child(struct hs_groups *groups, uint32_t parent, uint8_t kind, const char *name,
                      const char *type)
{
    struct hs_edge edge = {.root = parent == HS_NO_GROUP, .kind = kind, .name = HS_NO_LABEL};
    uint32_t number, group;
    if (name)
        edge.name = name_number(groups, name);
    assert_fine(hs_groups_edge(groups, &edge, &number));
    assert_fine(hs_groups_child(groups, parent, number, name_number(groups, type), &group));
    return group;
}

static struct hs_groups *create(void)
{
    struct hs_groups *groups;
    assert_fine(hs_groups_create(1, &groups));
    return groups;
}

static void test_same_step_same_group(void **state)
{
    (void)state;
    struct hs_groups *groups = create();
    uint32_t module = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t a = child(groups, module, HS_REF_GLOBAL, "a", "dict");
    uint32_t b = child(groups, module, HS_REF_GLOBAL, "b", "dict");
    assert_int_not_equal(a, b);
    assert_int_equal(a, child(groups, module, HS_REF_GLOBAL, "a", "dict"));
    assert_int_not_equal(a, child(groups, module, HS_REF_GLOBAL, "a", "list"));
    assert_int_not_equal(child(groups, a, HS_REF_KEY, NULL, "str"),
                         child(groups, a, HS_REF_VALUE, NULL, "str"));
    assert_true(hs_groups_under(groups, a, module));
    assert_false(hs_groups_under(groups, module, a));
    assert_false(hs_groups_under(groups, a, b));
    hs_groups_destroy(groups);
}

static void test_namespace_is_transparent(void **state)
{
    (void)state;
    struct hs_groups *groups = create();
    uint32_t module = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t object = child(groups, module, HS_REF_GLOBAL, "object", "app.Thing");
    uint32_t dict = child(groups, object, HS_REF_MEMBER, "__dict__", "dict");
    assert_true(groups->group[dict].namespace);
    assert_int_equal(hs_groups_owner(groups, dict), object);
    assert_int_equal(child(groups, dict, HS_REF_ATTRIBUTE, "rows", "list"),
                     child(groups, object, HS_REF_ATTRIBUTE, "rows", "list"));
    uint32_t key = child(groups, dict, HS_REF_KEY, NULL, "str");
    assert_int_equal(groups->group[key].parent, dict);
    hs_groups_destroy(groups);
}

static void test_linked_list_folds(void **state)
{
    (void)state;
    struct hs_groups *groups = create();
    uint32_t module = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t head = child(groups, module, HS_REF_GLOBAL, "head", "app.Node");
    uint32_t second = child(groups, head, HS_REF_ATTRIBUTE, "next", "app.Node");
    assert_int_not_equal(head, second);
    assert_false(groups->group[second].loop);
    uint32_t node = second;
    for (int i = 0; i < 1000; i++)
        node = child(groups, node, HS_REF_ATTRIBUTE, "next", "app.Node");
    assert_int_equal(node, second);
    assert_true(groups->group[second].loop);
    /* The same attribute of another class is another place. */
    uint32_t other = child(groups, node, HS_REF_ATTRIBUTE, "next", "app.Other");
    assert_int_not_equal(child(groups, other, HS_REF_ATTRIBUTE, "next", "app.Node"), second);
    hs_groups_destroy(groups);
}

static void test_tree_folds_through_its_lists(void **state)
{
    (void)state;
    struct hs_groups *groups = create();
    uint32_t module = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t root = child(groups, module, HS_REF_GLOBAL, "root", "app.Node");
    uint32_t list = child(groups, root, HS_REF_ATTRIBUTE, "children", "list");
    uint32_t node = child(groups, list, HS_REF_ITEM, NULL, "app.Node");
    assert_int_equal(child(groups, node, HS_REF_ATTRIBUTE, "children", "list"), list);
    assert_int_equal(child(groups, list, HS_REF_ITEM, NULL, "app.Node"), node);
    hs_groups_destroy(groups);
}

static void test_nested_containers_stay_apart_for_a_while(void **state)
{
    (void)state;
    struct hs_groups *groups = create();
    uint32_t module = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t level[HS_GROUP_NESTING + 2];
    level[0] = child(groups, module, HS_REF_GLOBAL, "by_a_by_b", "dict");
    for (int i = 1; i < HS_GROUP_NESTING + 2; i++)
        level[i] = child(groups, level[i - 1], HS_REF_VALUE, NULL, "dict");
    for (int i = 1; i <= HS_GROUP_NESTING; i++)
        assert_int_not_equal(level[i], level[i - 1]);
    assert_int_equal(level[HS_GROUP_NESTING + 1], level[HS_GROUP_NESTING]);
    hs_groups_destroy(groups);
}

static void test_names_of_a_fan_become_one(void **state)
{
    (void)state;
    struct hs_groups *groups;
    assert_fine(hs_groups_create(2, &groups));
    uint32_t module = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    groups->objects[module * 2] = groups->objects[module * 2 + 1] = 1;
    uint32_t old = child(groups, module, HS_REF_GLOBAL, "old", "app.Thing");
    groups->objects[old * 2] = groups->objects[old * 2 + 1] = 1;
    uint32_t fresh[2 * HS_FAN_NAMES];
    for (int i = 0; i < 2 * HS_FAN_NAMES; i++) {
        char name[32];
        snprintf(name, sizeof(name), "name%c", 'a' + i);
        fresh[i] = child(groups, module, HS_REF_GLOBAL, name, i % 2 ? "app.Thing" : "app.Other");
        groups->objects[fresh[i] * 2 + 1] = 1;
        groups->bytes[fresh[i] * 2 + 1] = 10;
    }
    uint32_t *map;
    assert_fine(hs_groups_fold_fans(groups, &map));
    assert_non_null(map);
    assert_int_equal(groups->count, 4);
    assert_int_equal(map[fresh[0]], map[fresh[2]]);
    assert_int_equal(map[fresh[1]], map[fresh[3]]);
    assert_int_not_equal(map[fresh[0]], map[fresh[1]]);
    assert_int_not_equal(map[old], map[fresh[1]]);
    assert_int_equal(hs_groups_objects(groups, map[fresh[1]])[1], HS_FAN_NAMES);
    assert_int_equal(hs_groups_bytes(groups, map[fresh[1]])[1], 10 * HS_FAN_NAMES);
    assert_int_equal(hs_groups_objects(groups, map[old])[0], 1);
    free(map);
    assert_fine(hs_groups_fold_fans(groups, &map));
    assert_null(map);
    hs_groups_destroy(groups);
}

/* Deeper than any signature, with no step that repeats. */
static void test_depth_is_bounded(void **state)
{
    (void)state;
    struct hs_groups *groups = create();
    uint32_t group = child(groups, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    for (int i = 0; i < 3 * HS_GROUP_DEPTH; i++) {
        char name[32];
        snprintf(name, sizeof(name), "a%d", i);
        group = child(groups, group, HS_REF_ATTRIBUTE, name, "app.Thing");
    }
    assert_int_equal(groups->group[group].depth, HS_GROUP_DEPTH);
    assert_int_equal(groups->count, HS_GROUP_DEPTH + 1);
    hs_groups_destroy(groups);
}

/* Tables made in different orders merge into one in which equal signatures have one number. */
static void test_merge(void **state)
{
    (void)state;
    struct hs_groups *first = create(), *second = create(), *both;
    uint32_t app = child(first, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t dict = child(first, app, HS_REF_GLOBAL, "cache", "dict");
    uint32_t other = child(second, HS_NO_GROUP, HS_ROOT_MODULE, "other", "module");
    uint32_t again = child(second, HS_NO_GROUP, HS_ROOT_MODULE, "app", "module");
    uint32_t same = child(second, again, HS_REF_GLOBAL, "cache", "dict");
    first->objects[dict] = 4;
    first->bytes[dict] = 400;
    second->objects[same] = 20;
    second->objects[other] = 1;
    assert_fine(hs_groups_create(2, &both));
    uint32_t *of_first, *of_second;
    assert_fine(hs_groups_merge(both, 0, first, &of_first));
    assert_fine(hs_groups_merge(both, 1, second, &of_second));
    assert_int_equal(of_first[dict], of_second[same]);
    assert_int_equal(of_first[app], of_second[again]);
    assert_int_not_equal(of_first[app], of_second[other]);
    assert_int_equal(hs_groups_objects(both, of_first[dict])[0], 4);
    assert_int_equal(hs_groups_objects(both, of_first[dict])[1], 20);
    assert_int_equal(hs_groups_bytes(both, of_first[dict])[0], 400);
    assert_int_equal(hs_groups_objects(both, of_second[other])[0], 0);
    free(of_first);
    free(of_second);
    hs_groups_destroy(first);
    hs_groups_destroy(second);
    hs_groups_destroy(both);
}

/* Two snapshots of the story: one place grows from 4 to 20, and has one number in both. */
static void test_sign_snapshots(void **state)
{
    (void)state;
    char *directory = fixture_directory();
    char path[2][4096];
    const uint32_t databases[2] = {4, 20};
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof(path[i]), "%s/%d.db", directory, i);
        struct fixture *fixture = fixture_webapp(databases[i]);
        fixture_write(fixture, path[i]);
        fixture_destroy(fixture);
    }
    struct hs_loaded loaded[2];
    struct hs_groups *groups;
    assert_fine(hs_groups_create(2, &groups));
    assert_fine(hs_loaded_all((const char *const[]){path[0], path[1]}, 2, NULL, loaded, groups));
    uint32_t found = HS_NO_GROUP;
    for (uint32_t i = 0; i < groups->count; i++) {
        if (strcmp(hs_groups_type(groups, i), "webapp.DB"))
            continue;
        assert_int_equal(found, HS_NO_GROUP);
        found = i;
    }
    assert_int_not_equal(found, HS_NO_GROUP);
    assert_int_equal(hs_groups_objects(groups, found)[0], 4);
    assert_int_equal(hs_groups_objects(groups, found)[1], 20);
    assert_int_equal(hs_groups_bytes(groups, found)[1], 20 * 64);
    assert_string_equal(hs_groups_type(groups, groups->group[found].parent), "dict");
    for (int i = 0; i < 2; i++) {
        uint64_t signed_objects = 0;
        for (uint32_t object = 0; object < loaded[i].graph->nodes; object++)
            signed_objects += loaded[i].group[object] == found;
        assert_int_equal(signed_objects, databases[i]);
        hs_loaded_deinit(&loaded[i]);
    }
    hs_groups_destroy(groups);
    fixture_remove(directory);
}

static void assert_trend(enum hs_trend expected, size_t count, const uint64_t *value)
{
    if (hs_trend_of(value, count) != expected)
        fail_msg("%s instead of %s", hs_trend_name(hs_trend_of(value, count)), hs_trend_name(expected));
}
#define TREND(expected, ...)                                                           \
    assert_trend(expected, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), \
                 (const uint64_t[]){__VA_ARGS__})

static void test_trends(void **state)
{
    (void)state;
    TREND(HS_TREND_STILL, 5, 5);
    TREND(HS_TREND_STILL, 5, 4);
    TREND(HS_TREND_UNKNOWN, 4, 20);
    TREND(HS_TREND_EVERY_STEP, 4, 8, 12, 16);
    TREND(HS_TREND_EVERY_STEP, 0, 1, 2);
    TREND(HS_TREND_EVERY_STEP, 100, 150, 190, 260);
    TREND(HS_TREND_PLATEAU, 0, 3000, 3000, 3000);
    TREND(HS_TREND_PLATEAU, 0, 3000, 3001, 3002); /* next to nothing after the first step */
    TREND(HS_TREND_PLATEAU, 24, 71, 70, 71);
    TREND(HS_TREND_PLATEAU, 10, 20, 30, 30);
    TREND(HS_TREND_PLATEAU, 10, 10, 10, 30);      /* once */
    TREND(HS_TREND_PLATEAU, 0, 1000, 1500, 1750); /* ever less */
    TREND(HS_TREND_NOISY, 10, 20, 20, 30);
    TREND(HS_TREND_NOISY, 100, 300, 260, 480);
    TREND(HS_TREND_STILL, 500, 480, 510);
    TREND(HS_TREND_STILL, 480, 500, 505, 525);                  /* a little, unevenly */
    TREND(HS_TREND_EVERY_STEP, 100000, 100010, 100020, 100030); /* a little, steadily */
    TREND(HS_TREND_STILL, 100, 300, 50, 110);
    TREND(HS_TREND_STILL, 7, 7, 7);
    TREND(HS_TREND_EVERY_STEP, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    uint64_t many[100];
    for (size_t i = 0; i < 100; i++)
        many[i] = 5 + i;
    assert_trend(HS_TREND_EVERY_STEP, 100, many);
    TREND(HS_TREND_NOISY, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9);
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(hs_type_kind("dict"), HS_TYPE_CONTAINER);
    assert_int_equal(hs_type_kind("NoneType"), HS_TYPE_SCALAR);
    assert_int_equal(hs_type_kind("weakref.KeyedRef"), HS_TYPE_WEAK);
    assert_int_equal(hs_type_kind("weakref.ref"), HS_TYPE_WEAK);
    assert_int_equal(hs_type_kind("collections.deque"), HS_TYPE_CONTAINER);
    assert_int_equal(hs_type_kind("cell"), HS_TYPE_WRAPPER);
    assert_int_equal(hs_type_kind("webapp.DB"), HS_TYPE_NAMED);
    assert_int_equal(hs_type_kind("generator"), HS_TYPE_NAMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_step_same_group),
        cmocka_unit_test(test_namespace_is_transparent),
        cmocka_unit_test(test_linked_list_folds),
        cmocka_unit_test(test_tree_folds_through_its_lists),
        cmocka_unit_test(test_nested_containers_stay_apart_for_a_while),
        cmocka_unit_test(test_names_of_a_fan_become_one),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_sign_snapshots),
        cmocka_unit_test(test_trends),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
