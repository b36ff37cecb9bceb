/* The explaining tree: against a naive search on random heaps, and on heaps made for a reason. */
#include "format/sqlite.h"
#include "query/explain.h"
#include "tests/unit/heap.h"
#include "tests/unit/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One reference with all that decides, as the fixture says it. */
struct edge {
    struct fixture_ref ref;
    uint32_t position;
    uint32_t cost; /* UINT32_MAX: never */
};

struct naive {
    struct edge *edge;
    size_t edges;
    uint32_t *cost;
    uint32_t *parent, *position, *root;
    bool *is_module;
};

static void list_edges(const struct heap *heap, const struct hs_costs *costs, struct naive *naive)
{
    naive->edge = malloc((heap->graph->edges + 1) * sizeof(*naive->edge));
    static struct fixture_ref refs[4096];
    for (uint32_t object = 0; object < heap->graph->nodes; object++) {
        size_t count = fixture_refs(heap->fixture, object, refs, 4096);
        assert_true(count <= 4096);
        for (size_t i = 0; i < count; i++) {
            struct hs_ref ref = {.dst = refs[i].dst, .kind = refs[i].kind, .name = refs[i].name};
            uint16_t cost = hs_costs_ref(costs, fixture_type_of(heap->fixture, object), &ref);
            naive->edge[naive->edges++] = (struct edge){
                .ref = refs[i],
                .position = (uint32_t)i,
                .cost = cost == HS_COST_NEVER || !refs[i].owning ? UINT32_MAX : cost,
            };
        }
    }
    assert_int_equal(naive->edges, heap->graph->edges);
}

static int compare_text(const char *a, const char *b)
{
    return !a || !b ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

static int compare_numbers(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* Is `a` the better reference to their common destination? */
static bool better(const struct heap *heap, const struct edge *a, const struct edge *b)
{
    const char *a_name = a->ref.kind == HS_REF_VALUE ? NULL : a->ref.name;
    const char *b_name = b->ref.kind == HS_REF_VALUE ? NULL : b->ref.name;
    const char *a_type = fixture_type_name(heap->fixture, fixture_type_of(heap->fixture, a->ref.src));
    const char *b_type = fixture_type_name(heap->fixture, fixture_type_of(heap->fixture, b->ref.src));
    int order = strcmp(hs_ref_kind_name(a->ref.kind), hs_ref_kind_name(b->ref.kind));
    if (!order)
        order = compare_text(a_name, b_name);
    if (!order)
        order = strcmp(a_type, b_type);
    if (!order)
        order = compare_numbers(a->ref.slot == HS_NO_LABEL ? -1 : (int64_t)a->ref.slot,
                                b->ref.slot == HS_NO_LABEL ? -1 : (int64_t)b->ref.slot);
    if (!order)
        order = compare_numbers(a->ref.src, b->ref.src);
    if (!order)
        order = compare_numbers(a->position, b->position);
    return order < 0;
}

static void start_at_roots(const struct heap *heap, const struct hs_costs *costs, struct naive *naive)
{
    for (size_t i = 0; i < heap->roots.count; i++) {
        const struct hs_root *root = &heap->roots.root[i], *other;
        uint32_t number = naive->root[root->object];
        uint16_t cost = hs_costs_root(costs, root);
        naive->is_module[root->object] |= root->kind == HS_ROOT_MODULE;
        if (cost == HS_COST_NEVER)
            continue;
        other = number == HS_NO_OBJECT ? NULL : &heap->roots.root[number];
        int order = other ? compare_numbers(cost, naive->cost[root->object]) : -1;
        if (!order)
            order = strcmp(hs_root_kind_name(root->kind), hs_root_kind_name(other->kind));
        if (!order)
            order = strcmp(root->name, other->name);
        if (order < 0) {
            naive->cost[root->object] = cost;
            naive->root[root->object] = (uint32_t)i;
        }
    }
}

/* Bellman-Ford until nothing changes; then the best of the references on least paths. */
static void search(const struct heap *heap, const struct hs_costs *costs, struct naive *naive)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < naive->edges; i++) {
            const struct edge *edge = &naive->edge[i];
            uint32_t from = naive->cost[edge->ref.src], dst = edge->ref.dst;
            if (edge->cost == UINT32_MAX || from == UINT32_MAX || naive->is_module[dst] ||
                from + edge->cost >= naive->cost[dst])
                continue;
            naive->cost[dst] = from + edge->cost;
            naive->root[dst] = HS_NO_OBJECT;
            changed = true;
        }
    }
    for (uint32_t object = 0; object < heap->graph->nodes; object++) {
        const struct edge *best = NULL;
        for (size_t i = 0; i < naive->edges; i++) {
            const struct edge *edge = &naive->edge[i];
            if (edge->ref.dst == object && edge->cost != UINT32_MAX &&
                naive->cost[edge->ref.src] != UINT32_MAX && !naive->is_module[object] &&
                naive->root[object] == HS_NO_OBJECT &&
                naive->cost[edge->ref.src] + edge->cost == naive->cost[object] &&
                (!best || better(heap, edge, best)))
                best = edge;
        }
        naive->parent[object] = best ? best->ref.src : HS_NO_OBJECT;
        naive->position[object] = best ? best->position : HS_NO_OBJECT;
    }
    (void)costs;
}

static uint32_t *filled(uint32_t nodes)
{
    uint32_t *array = malloc((nodes + 1) * sizeof(*array));
    memset(array, 0xff, (nodes + 1) * sizeof(*array));
    return array;
}

static void compare_with_naive(const struct heap *heap, const struct hs_costs *costs, uint32_t seed)
{
    uint32_t nodes = heap->graph->nodes;
    struct naive naive = {.cost = filled(nodes),
                          .parent = filled(nodes),
                          .position = filled(nodes),
                          .root = filled(nodes),
                          .is_module = calloc(nodes + 1, 1)};
    struct hs_tree *tree;
    heap_check(hs_tree_create(heap->graph, &heap->roots, costs, &tree));
    list_edges(heap, costs, &naive);
    start_at_roots(heap, costs, &naive);
    search(heap, costs, &naive);
    for (uint32_t i = 0; i < nodes; i++) {
        if (tree->cost[i] != naive.cost[i] || tree->parent[i] != naive.parent[i] ||
            tree->position[i] != naive.position[i] || tree->root[i] != naive.root[i])
            fail_msg("seed %u, object %u: cost %u %u, parent %d %d, position %d %d, root %d %d", seed, i,
                     tree->cost[i], naive.cost[i], (int)tree->parent[i], (int)naive.parent[i],
                     (int)tree->position[i], (int)naive.position[i], (int)tree->root[i], (int)naive.root[i]);
        uint32_t steps = 0;
        for (uint32_t at = i; tree->parent[at] != HS_NO_OBJECT; at = tree->parent[at])
            steps++;
        if (tree->cost[i] != HS_UNREACHABLE)
            assert_int_equal(tree->steps[i], steps);
    }
    hs_tree_destroy(tree);
    free(naive.edge);
    free(naive.cost);
    free(naive.parent);
    free(naive.position);
    free(naive.root);
    free(naive.is_module);
}

static void test_random(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 1000; seed++) {
        struct heap heap;
        struct hs_costs *costs;
        heap_open_random(&heap, seed, 10 + seed % 50);
        heap_check(hs_costs_create(heap.db, heap.reader, &costs));
        compare_with_naive(&heap, costs, seed);
        hs_costs_destroy(costs);
        heap_close(&heap);
    }
}

/* A line of `length` objects, each holding the next as an attribute, held by module app as `head`. */
static struct fixture *make_line(uint32_t length, uint32_t *ret_last)
{
    struct fixture *fixture = fixture_create();
    uint32_t node = fixture_builtin(fixture, "Node"), namespace;
    fixture_module(fixture, "app", &namespace);
    uint32_t last = fixture_object(fixture, node);
    fixture_global(fixture, namespace, "head", last);
    for (uint32_t i = 1; i < length; i++) {
        uint32_t next = fixture_object(fixture, node);
        fixture_field(fixture, last, HS_REF_ATTRIBUTE, "next", next);
        last = next;
    }
    *ret_last = last;
    return fixture;
}

static void test_long_line(void **state)
{
    (void)state;
    enum { LENGTH = 3000000 };
    struct heap heap;
    struct hs_costs *costs;
    struct hs_tree *tree;
    struct hs_chain chain;
    char *path;
    uint32_t last;
    struct fixture *fixture = make_line(LENGTH, &last);
    heap_open(&heap, fixture);
    heap_check(hs_costs_create(NULL, heap.reader, &costs));
    heap_check(hs_tree_create(heap.graph, &heap.roots, costs, &tree));
    assert_int_equal(tree->steps[last], LENGTH + 1);
    heap_check(hs_chain_from_tree(heap.graph, &heap.roots, tree, last, &chain));
    assert_int_equal(chain.count, LENGTH + 2);
    heap_check(hs_path_format(&chain, &path));
    assert_int_equal(strlen(path), strlen("app.head") + (LENGTH - 1) * strlen(".next"));
    free(path);
    hs_chain_deinit(&chain);
    hs_tree_destroy(tree);
    hs_costs_destroy(costs);
    heap_close(&heap);
}

/* The path of an object under the built-in costs. */
static void expect_path(struct heap *heap, uint32_t object, const char *expected)
{
    char *sql = sqlite3_mprintf("SELECT path(%u)", object), *rows;
    char *line = sqlite3_mprintf("%s\n", expected);
    rows = sql_rows(heap->db, sql);
    assert_string_equal(rows, line);
    free(rows);
    sqlite3_free(sql);
    sqlite3_free(line);
}

static void test_definer_before_importer(void **state)
{
    (void)state;
    /* `tool` imports the package `app`, which imports app.store; all three name the registry. */
    struct fixture *fixture = fixture_create();
    uint32_t tool, app, store;
    uint32_t tool_module = fixture_module(fixture, "tool", &tool);
    uint32_t app_module = fixture_module(fixture, "app", &app);
    uint32_t store_module = fixture_module(fixture, "app.store", &store);
    uint32_t registry = fixture_object(fixture, fixture_find_type(fixture, "dict"));
    uint32_t held = fixture_object(fixture, fixture_find_type(fixture, "list"));
    fixture_global(fixture, tool, "app", app_module);
    fixture_global(fixture, app, "store", store_module);
    fixture_global(fixture, tool, "registry", registry);
    fixture_global(fixture, app, "registry", registry);
    fixture_global(fixture, store, "registry", registry);
    fixture_tail(fixture, registry, HS_TAIL_PAIR, held);
    fixture_tail(fixture, registry, HS_TAIL_PAIR, held);
    struct heap heap;
    heap_open(&heap, fixture);
    expect_path(&heap, registry, "app.store.registry");
    expect_path(&heap, held, "list(app.store.registry.values())[0]");
    expect_path(&heap, app_module, "app");
    expect_path(&heap, store_module, "app.store");
    expect_path(&heap, tool_module, "tool");
    heap_close(&heap);
}

static void test_not_through_classes(void **state)
{
    (void)state;
    /* A list that a class keeps three steps down, and any instance's type reaches in two. */
    struct fixture *fixture = fixture_create();
    uint32_t app;
    fixture_module(fixture, "app", &app);
    uint32_t class = fixture_class(fixture, "app.Thing"), dict_type = fixture_find_type(fixture, "dict");
    uint32_t class_object = fixture_class_object(fixture, class);
    uint32_t thing = fixture_object(fixture, class), namespace = fixture_object(fixture, dict_type);
    uint32_t list = fixture_object(fixture, fixture_find_type(fixture, "list"));
    uint32_t holder = fixture_object(fixture, dict_type);
    fixture_field(fixture, class_object, HS_REF_MEMBER, "__dict__", namespace);
    fixture_labelled(fixture, namespace, HS_REF_ATTRIBUTE, "cache", true, list);
    fixture_global(fixture, app, "a_thing", thing);
    fixture_global(fixture, app, "classes", holder);
    fixture_tail(fixture, holder, HS_TAIL_PAIR, thing);
    fixture_tail(fixture, holder, HS_TAIL_PAIR, class_object);
    struct heap heap;
    heap_open(&heap, fixture);
    expect_path(&heap, list, "list(app.classes.values())[0].cache");
    /* Costs are the user's: make classes dear and the way through the instance is what is left. */
    sql_expect(heap.db, "INSERT INTO edge_cost VALUES ('value', '*', 'dict', NULL)", "");
    expect_path(&heap, list, "type(app.a_thing).cache");
    heap_close(&heap);
}

static void test_costs_are_checked(void **state)
{
    (void)state;
    struct heap heap;
    heap_open(&heap, fixture_webapp(1));
    sql_expect_error(heap.db, "INSERT INTO edge_cost VALUES ('item', '*', '*', 0)", "CHECK");
    sql_expect_error(heap.db, "INSERT INTO edge_cost VALUES ('item', '*', '*', 10001)", "CHECK");
    sql_expect_error(heap.db, "INSERT INTO edge_cost VALUES ('item', '*', '*', 'dear')", "CHECK");
    sql_expect(heap.db, "INSERT INTO edge_cost VALUES ('root:module', '*', '*', 0)", "");
    heap_close(&heap);
}

static void test_defaults_are_the_table(void **state)
{
    (void)state;
    /* Without a connection the costs are those that a session has when it opens. */
    struct heap heap;
    heap_open(&heap, fixture_random(7, 200));
    struct hs_costs *with, *without;
    struct hs_tree *a, *b;
    heap_check(hs_costs_create(heap.db, heap.reader, &with));
    heap_check(hs_costs_create(NULL, heap.reader, &without));
    heap_check(hs_tree_create(heap.graph, &heap.roots, with, &a));
    heap_check(hs_tree_create(heap.graph, &heap.roots, without, &b));
    assert_memory_equal(a->cost, b->cost, heap.graph->nodes * sizeof(*a->cost));
    assert_memory_equal(a->parent, b->parent, heap.graph->nodes * sizeof(*a->parent));
    hs_tree_destroy(a);
    hs_tree_destroy(b);
    hs_costs_destroy(with);
    hs_costs_destroy(without);
    heap_close(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_definer_before_importer),
        cmocka_unit_test(test_not_through_classes),
        cmocka_unit_test(test_costs_are_checked),
        cmocka_unit_test(test_defaults_are_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
