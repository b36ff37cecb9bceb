/* From heaps to sketches: who shares a box, what is one with its __dict__, and that all references are
 * counted. */
#include "query/gather.h"
#include "query/scene.h"
#include "tests/unit/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct gathered {
    struct heap heap;
    struct hs_scene scene;
    struct hs_sketch sketch;
    struct hs_gather *gather;
};

static void begin(struct gathered *gathered, struct fixture *fixture, bool everything)
{
    heap_open(&gathered->heap, fixture);
    heap_check(hs_scene_init(&gathered->scene, gathered->heap.db, gathered->heap.reader));
    heap_check(hs_gather_create(gathered->scene.graph, gathered->scene.tree, everything, &gathered->sketch,
                                &gathered->gather));
}

static void end(struct gathered *gathered)
{
    hs_gather_destroy(gathered->gather);
    hs_sketch_deinit(&gathered->sketch);
    hs_scene_deinit(&gathered->scene);
    heap_close(&gathered->heap);
}

static void fan(struct gathered *gathered, uint32_t object, unsigned depth, unsigned most)
{
    struct hs_gather_limits limits = {.depth = depth, .fan = most, .boxes = 200};
    heap_check(hs_gather_fan(gathered->gather, object, &limits));
}

static const struct hs_sketch_box *box_of(const struct gathered *gathered, uint32_t object)
{
    uint32_t box = hs_gather_box(gathered->gather, object);
    return box == HS_NO_BOX ? NULL : &gathered->sketch.box[box];
}

static const struct hs_sketch_arrow *arrow(const struct gathered *gathered, uint32_t holder, uint32_t held)
{
    for (size_t i = 0; i < gathered->sketch.arrows; i++) {
        const struct hs_sketch_arrow *one = &gathered->sketch.arrow[i];
        if (one->src == hs_gather_box(gathered->gather, holder) &&
            one->dst == hs_gather_box(gathered->gather, held))
            return one;
    }
    return NULL;
}

/* app.stack is a list of 20 sites, app.last one of them; each site has a database, which 3 documents refer
 * to. */
struct story {
    struct fixture *fixture;
    uint32_t module, dict, list, site[20], db[20], document[60];
};

static struct story make_story(void)
{
    struct story story = {.fixture = fixture_create()};
    struct fixture *fixture = story.fixture;
    uint32_t site = fixture_class(fixture, "app.Site"), db = fixture_class(fixture, "app.DB");
    uint32_t document = fixture_class(fixture, "app.Document");
    story.module = fixture_module(fixture, "app", &story.dict);
    story.list = fixture_object(fixture, fixture_find_type(fixture, "list"));
    for (int i = 0; i < 20; i++)
        story.site[i] = fixture_object(fixture, site);
    for (int i = 0; i < 20; i++)
        story.db[i] = fixture_object(fixture, db);
    for (int i = 0; i < 60; i++)
        story.document[i] = fixture_object(fixture, document);
    fixture_global(fixture, story.dict, "stack", story.list);
    fixture_global(fixture, story.dict, "last", story.site[19]);
    for (int i = 0; i < 20; i++) {
        fixture_tail(fixture, story.list, HS_TAIL_ITEM, story.site[i]);
        fixture_field(fixture, story.site[i], HS_REF_ATTRIBUTE, "db", story.db[i]);
        for (int j = 0; j < 3; j++) {
            fixture_field(fixture, story.site[i], HS_REF_ATTRIBUTE, (const char *[]){"a", "b", "c"}[j],
                          story.document[3 * i + j]);
            fixture_field(fixture, story.document[3 * i + j], HS_REF_ATTRIBUTE, "db", story.db[i]);
        }
    }
    return story;
}

static void test_alike_share_a_box(void **state)
{
    (void)state;
    struct story story = make_story();
    struct gathered gathered = {0};
    begin(&gathered, story.fixture, false);
    fan(&gathered, story.db[3], 5, 20);
    assert_int_equal(box_of(&gathered, story.document[9])->count, 3);
    assert_int_equal(arrow(&gathered, story.document[9], story.db[3])->count, 3);
    assert_string_equal(arrow(&gathered, story.document[9], story.db[3])->label, ".db");
    assert_int_equal(arrow(&gathered, story.site[3], story.document[9])->labels, 3);
    assert_int_equal(arrow(&gathered, story.list, story.site[3])->count, 1);
    assert_string_equal(arrow(&gathered, story.list, story.site[3])->exact, "[3]");
    /* The module and its __dict__ are one. */
    assert_null(box_of(&gathered, story.dict));
    assert_string_equal(arrow(&gathered, story.module, story.list)->exact, ".stack");
    assert_true(box_of(&gathered, story.db[3])->target);
    end(&gathered);
}

static void test_everything_is_drawn_one_by_one(void **state)
{
    (void)state;
    struct story story = make_story();
    struct gathered gathered = {0};
    begin(&gathered, story.fixture, true);
    fan(&gathered, story.db[3], 5, 20);
    for (int i = 9; i < 12; i++)
        assert_int_equal(box_of(&gathered, story.document[i])->count, 1);
    assert_non_null(box_of(&gathered, story.dict));
    assert_string_equal(arrow(&gathered, story.module, story.dict)->exact, ".__dict__");
    end(&gathered);
}

static void test_the_chain_is_the_main_way(void **state)
{
    (void)state;
    struct story story = make_story();
    struct gathered gathered = {0};
    begin(&gathered, story.fixture, false);
    struct hs_chain chain;
    heap_check(hs_chain_from_tree(gathered.scene.graph, &gathered.scene.roots, gathered.scene.tree,
                                  story.db[3], &chain));
    heap_check(hs_gather_chain(gathered.gather, &chain));
    hs_chain_deinit(&chain);
    assert_int_equal(gathered.sketch.boxes, 4);
    fan(&gathered, story.db[3], 5, 20);
    const uint32_t way[] = {story.module, story.list, story.site[3], story.db[3]};
    for (int i = 0; i < 4; i++)
        assert_true(box_of(&gathered, way[i])->main);
    for (int i = 1; i < 4; i++) {
        assert_true(arrow(&gathered, way[i - 1], way[i])->main);
        assert_int_equal(arrow(&gathered, way[i - 1], way[i])->count, 1); /* not again by the fan */
    }
    assert_false(box_of(&gathered, story.document[9])->main);
    end(&gathered);
}

/* References to the objects of a box: those that arrows stand for, those inside, those that are only
 * counted. */
static uint64_t accounted(const struct hs_sketch *sketch, uint32_t box)
{
    uint64_t all = sketch->box[box].more + sketch->box[box].inside;
    for (size_t i = 0; i < sketch->arrows; i++)
        if (sketch->arrow[i].dst == box)
            all += sketch->arrow[i].count;
    return all;
}

static void test_no_reference_is_lost(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        struct gathered gathered = {0};
        begin(&gathered, fixture_random(seed, 150), seed % 3 == 0);
        uint32_t target = seed * 7 % gathered.scene.graph->nodes;
        fan(&gathered, target, 1 + seed % 4, 1 + seed % 6);
        const struct hs_graph *graph = gathered.scene.graph;
        uint64_t *holders = calloc(gathered.sketch.boxes, sizeof(*holders));
        assert_non_null(holders);
        for (uint32_t node = 0; node < graph->nodes; node++)
            if (hs_gather_box(gathered.gather, node) != HS_NO_BOX)
                holders[hs_gather_box(gathered.gather, node)] +=
                    graph->in_start[node + 1] - graph->in_start[node];
        for (uint32_t box = 0; box < gathered.sketch.boxes; box++) {
            const struct hs_sketch_box *one = &gathered.sketch.box[box];
            bool module = !strcmp(hs_reader_type(gathered.heap.reader, one->type)->name, "module");
            if (!module || one->target)
                assert_int_equal(accounted(&gathered.sketch, box), holders[box]);
        }
        free(holders);
        end(&gathered);
    }
}

static void test_ways_merge(void **state)
{
    (void)state;
    struct story story = make_story();
    struct gathered gathered = {0};
    begin(&gathered, story.fixture, false);
    uint8_t fresh[32] = {0};
    for (int i = 4; i < 20; i++)
        fresh[story.db[i] / 8] |= (uint8_t)(1 << story.db[i] % 8);
    heap_check(hs_gather_ways(gathered.gather, story.db, 20, fresh, true));
    /* One site is held by a name of its own, and better explained by it. */
    assert_int_equal(box_of(&gathered, story.db[0])->count, 19);
    assert_int_equal(box_of(&gathered, story.db[0])->fresh, 15);
    assert_int_equal(box_of(&gathered, story.site[0])->count, 19);
    assert_int_equal(box_of(&gathered, story.db[19])->count, 1);
    assert_true(box_of(&gathered, story.list)->main);
    assert_false(box_of(&gathered, story.site[19])->main);
    assert_string_equal(arrow(&gathered, story.list, story.site[0])->label, "[...]");
    heap_check(hs_gather_ways(gathered.gather, story.document, 60, NULL, false));
    assert_false(box_of(&gathered, story.document[0])->target);
    end(&gathered);
}

/* A linked list of 100,000 is a box that refers to itself. */
static void test_ways_through_a_line(void **state)
{
    (void)state;
    enum { LENGTH = 100000 };
    struct fixture *fixture = fixture_create();
    uint32_t type = fixture_class(fixture, "app.Node"), dict;
    uint32_t module = fixture_module(fixture, "app", &dict), *node = malloc(LENGTH * sizeof(*node));
    assert_non_null(node);
    for (int i = 0; i < LENGTH; i++)
        node[i] = fixture_object(fixture, type);
    fixture_global(fixture, dict, "first", node[0]);
    for (int i = 1; i < LENGTH; i++)
        fixture_field(fixture, node[i - 1], HS_REF_ATTRIBUTE, "following", node[i]);
    struct gathered gathered = {0};
    begin(&gathered, fixture, false);
    heap_check(hs_gather_ways(gathered.gather, &node[LENGTH - 1], 1, NULL, true));
    assert_int_equal(gathered.sketch.boxes, 3);
    assert_int_equal(box_of(&gathered, node[LENGTH - 1])->count, LENGTH - 1);
    assert_int_equal(arrow(&gathered, node[5], node[6])->count, LENGTH - 2);
    assert_non_null(arrow(&gathered, module, node[0]));
    free(node);
    end(&gathered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alike_share_a_box),
        cmocka_unit_test(test_everything_is_drawn_one_by_one),
        cmocka_unit_test(test_the_chain_is_the_main_way),
        cmocka_unit_test(test_no_reference_is_lost),
        cmocka_unit_test(test_ways_merge),
        cmocka_unit_test(test_ways_through_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
