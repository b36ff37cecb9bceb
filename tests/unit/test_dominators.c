/* Dominators and retained sizes against their definition on random heaps, and on long lines. */
#include "query/dominators.h"
#include "query/retained.h"
#include "tests/unit/heap.h"
#include "tests/unit/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the roots reach by owning references without going through `without` (HS_NO_OBJECT: without
 * nothing). */
static void reach(const struct heap *heap, uint32_t without, bool *reached)
{
    const struct hs_graph *graph = heap->graph;
    memset(reached, 0, graph->nodes);
    for (size_t i = 0; i < heap->roots.count; i++)
        reached[heap->roots.root[i].object] = heap->roots.root[i].object != without;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t node = 0; node < graph->nodes; node++)
            for (uint64_t edge = graph->out_start[node]; reached[node] && edge < graph->out_start[node + 1];
                 edge++) {
                uint32_t dst = graph->out_dst[edge];
                if (dst == without || reached[dst] || graph->out_flags[edge] & HS_EDGE_BORROWED)
                    continue;
                reached[dst] = changed = true;
            }
    }
}

/* dominates[d * nodes + o]: o is reachable, but not without d. */
static bool *find_dominance(const struct heap *heap)
{
    size_t nodes = heap->graph->nodes;
    bool *dominates = malloc(nodes * nodes), *reachable = malloc(nodes);
    reach(heap, HS_NO_OBJECT, reachable);
    for (uint32_t d = 0; d < nodes; d++) {
        reach(heap, d, &dominates[d * nodes]);
        for (size_t o = 0; o < nodes; o++)
            dominates[d * nodes + o] = reachable[o] && !dominates[d * nodes + o];
    }
    free(reachable);
    return dominates;
}

static void compare_with_definition(struct heap *heap, uint32_t seed)
{
    size_t nodes = heap->graph->nodes;
    struct hs_dominators *dominators;
    heap_check(hs_dominators_create(heap->graph, &heap->roots, &dominators));
    bool *dominates = find_dominance(heap);
    uint32_t reached = 0;
    for (uint32_t o = 0; o < nodes; o++) {
        /* The immediate dominator is the one among the proper dominators that all others dominate. */
        uint32_t immediate = HS_NO_OBJECT;
        for (uint32_t d = 0; d < nodes; d++)
            if (d != o && dominates[d * nodes + o] &&
                (immediate == HS_NO_OBJECT || dominates[immediate * nodes + d]))
                immediate = d;
        uint64_t retained = 0;
        for (uint32_t kept = 0; kept < nodes; kept++)
            retained += dominates[o * nodes + kept] ? heap->graph->size[kept] : 0;
        if (dominators->dominator[o] != immediate || dominators->retained[o] != retained)
            fail_msg("seed %u, object %u: dominator %d and not %d, retained %zu and not %zu", seed, o,
                     (int)dominators->dominator[o], (int)immediate, (size_t)dominators->retained[o],
                     (size_t)retained);
        reached += dominates[o * nodes + o];
    }
    assert_int_equal(dominators->reached, reached);
    free(dominates);
    hs_dominators_destroy(dominators);
}

/* Random sets of nodes and of roots, more than one batch of them, against their definition: the heap without
 * the set. */
static void compare_sets(struct heap *heap, uint32_t seed)
{
    const struct hs_graph *graph = heap->graph;
    uint32_t random = seed * 2654435761u + 1, sets = 1 + seed % 300;
    uint32_t *set = malloc(graph->nodes * sizeof(*set));
    uint32_t *root_set = malloc((heap->roots.count + 1) * sizeof(*root_set));
    bool *all = malloc(graph->nodes), *left = malloc(graph->nodes);
    struct hs_kept *retained = malloc(sets * sizeof(*retained));
    for (uint32_t node = 0; node < graph->nodes; node++)
        set[node] = heap_random(&random) % 3 ? heap_random(&random) % sets : HS_NO_SET;
    for (size_t i = 0; i < heap->roots.count; i++)
        root_set[i] = heap_random(&random) % 2 ? heap_random(&random) % sets : HS_NO_SET;
    heap_check(hs_retained_sets(graph, &heap->roots, set, root_set, sets, retained));
    reach(heap, HS_NO_OBJECT, all);
    for (uint32_t number = 0; number < sets; number++) {
        /* A search of its own: a node of the set is found, but nothing beyond it. */
        memset(left, 0, graph->nodes);
        for (size_t i = 0; i < heap->roots.count; i++)
            if (root_set[i] != number && set[heap->roots.root[i].object] != number)
                left[heap->roots.root[i].object] = true;
        for (bool changed = true; changed;) {
            changed = false;
            for (uint32_t node = 0; node < graph->nodes; node++)
                for (uint64_t edge = graph->out_start[node]; left[node] && edge < graph->out_start[node + 1];
                     edge++) {
                    uint32_t dst = graph->out_dst[edge];
                    if (left[dst] || set[dst] == number || graph->out_flags[edge] & HS_EDGE_BORROWED)
                        continue;
                    left[dst] = changed = true;
                }
        }
        struct hs_kept expected = {0};
        for (uint32_t node = 0; node < graph->nodes; node++) {
            expected.objects += all[node] && !left[node];
            expected.bytes += all[node] && !left[node] ? graph->size[node] : 0;
        }
        if (retained[number].objects != expected.objects || retained[number].bytes != expected.bytes)
            fail_msg("seed %u, set %u: %zu objects, %zu bytes and not %zu, %zu", seed, number,
                     (size_t)retained[number].objects, (size_t)retained[number].bytes,
                     (size_t)expected.objects, (size_t)expected.bytes);
    }
    free(set);
    free(root_set);
    free(all);
    free(left);
    free(retained);
}

/* The nodes of one set, which is random, too. */
static void compare_nodes(struct heap *heap, uint32_t seed)
{
    const struct hs_graph *graph = heap->graph;
    uint32_t random = seed * 40503u + 1;
    uint32_t *set = malloc(graph->nodes * sizeof(*set));
    uint64_t *bits = hs_bits_create(graph->nodes), *freed, bytes = 0, objects = 0;
    for (uint32_t node = 0; node < graph->nodes; node++) {
        set[node] = heap_random(&random) % 5 ? HS_NO_SET : 0;
        if (!set[node])
            hs_bits_set(bits, node);
    }
    struct hs_kept retained;
    heap_check(hs_retained_sets(graph, &heap->roots, set, NULL, 1, &retained));
    heap_check(hs_retained_nodes(graph, &heap->roots, bits, &freed));
    for (uint32_t node = 0; node < graph->nodes; node++) {
        objects += hs_bits_get(freed, node);
        bytes += hs_bits_get(freed, node) ? graph->size[node] : 0;
    }
    assert_true(objects == retained.objects && bytes == retained.bytes);
    free(set);
    free(bits);
    free(freed);
}

static void test_random_sets(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        struct heap heap;
        heap_open_random(&heap, seed, 10 + seed % 40);
        compare_sets(&heap, seed);
        compare_nodes(&heap, seed);
        heap_close(&heap);
    }
}

static void test_random(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 1000; seed++) {
        struct heap heap;
        heap_open_random(&heap, seed, 10 + seed % 40);
        compare_with_definition(&heap, seed);
        heap_close(&heap);
    }
}

/* A line with both directions linked, as a doubly linked list: a trap for recursion and for iteration to a
 * fixed point. */
static void test_long_line(void **state)
{
    (void)state;
    enum { LENGTH = 3000000 };
    struct fixture *fixture = fixture_create();
    uint32_t node = fixture_builtin(fixture, "Node"), app;
    fixture_module(fixture, "app", &app);
    uint32_t first = (uint32_t)fixture_objects(fixture);
    for (uint32_t i = 0; i < LENGTH; i++)
        fixture_object(fixture, node);
    for (uint32_t i = first; i < first + LENGTH; i++) {
        fixture_field(fixture, i, HS_REF_ATTRIBUTE, "next", i + 1 < first + LENGTH ? i + 1 : first);
        fixture_field(fixture, i, HS_REF_ATTRIBUTE, "previous", i > first ? i - 1 : first);
    }
    fixture_global(fixture, app, "head", first);
    struct heap heap;
    struct hs_dominators *dominators;
    heap_open(&heap, fixture);
    heap_check(hs_dominators_create(heap.graph, &heap.roots, &dominators));
    assert_int_equal(dominators->dominator[first], app);
    assert_true(dominators->retained[first] == (uint64_t)LENGTH * 64);
    /* The ring closes at the first: the last one is held from both ends. */
    assert_int_equal(dominators->dominator[first + LENGTH - 1], first + LENGTH - 2);
    hs_dominators_destroy(dominators);
    heap_close(&heap);
}

static void test_sql(void **state)
{
    (void)state;
    struct heap heap;
    heap_open(&heap, fixture_webapp(4));
    sql_expect(heap.db,
               "SELECT o.retained_bytes, d.path FROM objects AS o JOIN objects AS d ON d.id = o.dominator_id"
               " WHERE o.type = 'webapp.DB'",
               "500192|webapp._open_databases\n"
               "500192|webapp._open_databases\n"
               "500192|webapp._open_databases\n"
               "500192|webapp._open_databases\n");
    sql_expect(heap.db,
               "SELECT in_refs, external_refs, reachable, distance FROM objects WHERE id = obj('DB[0]')",
               "1|0|1|3\n");
    sql_expect(
        heap.db,
        "SELECT p.type FROM objects AS o JOIN objects AS p ON p.id = o.parent_id WHERE o.type = 'webapp.DB'"
        " GROUP BY 1",
        "dict\n");
    heap_close(&heap);
}

static void test_accounting(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create();
    uint32_t app, list_type = fixture_find_type(fixture, "list");
    fixture_module(fixture, "app", &app);
    uint32_t leaked = fixture_object(fixture, list_type), immortal = fixture_object(fixture, list_type);
    uint32_t local = fixture_object(fixture, list_type), weak = fixture_object(fixture, list_type);
    fixture_global(fixture, app, "leaked", leaked);
    fixture_global(fixture, app, "immortal", immortal);
    fixture_labelled(fixture, app, HS_REF_INTERNAL, "wr_object", false, weak);
    fixture_root(fixture, local, HS_ROOT_FRAME, "main.x");
    fixture_set_refcount(fixture, leaked, 3);
    fixture_set_refcount(fixture, immortal, 4294967295);
    struct heap heap;
    heap_open(&heap, fixture);
    sql_expect(
        heap.db,
        "SELECT id, in_refs, external_refs, reachable, retained_bytes, path FROM objects WHERE type = 'list'",
        "2|1|2|1|64|app.leaked\n"
        "3|1|NULL|1|64|app.immortal\n"
        "4|0|0|1|64|<local x of main()>\n"
        "5|1|1|0|NULL|NULL\n");
    heap_close(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random), cmocka_unit_test(test_random_sets), cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_sql),    cmocka_unit_test(test_accounting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
