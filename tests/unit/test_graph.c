/* The graph in memory against what the fixture says. */
#include "query/graph.h"
#include "tests/unit/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void compare_edges(const struct heap *heap, uint32_t object)
{
    const struct hs_graph *graph = heap->graph;
    static struct fixture_ref refs[4096];
    size_t count = fixture_refs(heap->fixture, object, refs, 4096);
    assert_true(count <= 4096);
    assert_int_equal(graph->out_start[object + 1] - graph->out_start[object], count);
    assert_int_equal(graph->type[object], fixture_type_of(heap->fixture, object));
    for (size_t i = 0; i < count; i++) {
        uint64_t edge = graph->out_start[object] + i;
        uint32_t label = graph->out_label[edge];
        assert_int_equal(graph->out_dst[edge], refs[i].dst);
        assert_int_equal(graph->out_flags[edge] & HS_EDGE_KIND, refs[i].kind);
        assert_int_equal(!(graph->out_flags[edge] & HS_EDGE_BORROWED), refs[i].owning);
        assert_int_equal(hs_graph_slot(graph, object, edge), refs[i].slot);
        if (label == HS_NO_LABEL)
            assert_null(refs[i].name);
        else if (refs[i].name)
            assert_string_equal(hs_reader_label(heap->reader, label)->name, refs[i].name);
    }
}

/* Each edge backward is one forward, owning ones first, in order. */
static void compare_reverse(const struct heap *heap)
{
    const struct hs_graph *graph = heap->graph;
    uint64_t next = 0;
    for (uint32_t dst = 0; dst < graph->nodes; dst++)
        for (int borrowed = 0; borrowed < 2; borrowed++) {
            uint64_t count = 0;
            for (uint32_t src = 0; src < graph->nodes; src++)
                for (uint64_t edge = graph->out_start[src]; edge < graph->out_start[src + 1]; edge++)
                    if (graph->out_dst[edge] == dst &&
                        !(graph->out_flags[edge] & HS_EDGE_BORROWED) == !borrowed) {
                        assert_int_equal(graph->in_src[next++], src);
                        count++;
                    }
            if (borrowed) {
                assert_int_equal(graph->in_borrowed[dst], count);
                assert_int_equal(graph->in_start[dst + 1], next);
            }
        }
    assert_int_equal(next, graph->edges);
}

static void test_random(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 50; seed++) {
        struct heap heap;
        heap_open(&heap, fixture_random(seed, 100));
        for (uint32_t object = 0; object < heap.graph->nodes; object++)
            compare_edges(&heap, object);
        heap_check(hs_graph_reverse(heap.graph));
        compare_reverse(&heap);
        heap_close(&heap);
    }
}

static void test_many_chunks(void **state)
{
    (void)state;
    struct heap heap;
    heap_open(&heap, fixture_random(3, 3 * HS_CHUNK_OBJECTS + 5));
    for (uint32_t object = 0; object < heap.graph->nodes; object += 37)
        compare_edges(&heap, object);
    heap_close(&heap);
}

static void test_roots(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_webapp(1);
    fixture_root(fixture, 3, HS_ROOT_FRAME, "serve.job");
    struct heap heap;
    heap_open(&heap, fixture);
    assert_int_equal(heap.roots.count, 2);
    assert_int_equal(heap.roots.root[0].kind, HS_ROOT_MODULE);
    assert_string_equal(heap.roots.root[0].name, "webapp");
    assert_int_equal(heap.roots.root[1].object, 3);
    assert_int_equal(heap.roots.root[1].kind, HS_ROOT_FRAME);
    assert_string_equal(heap.roots.root[1].name, "serve.job");
    heap_close(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_many_chunks),
        cmocka_unit_test(test_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
