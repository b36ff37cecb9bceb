/* Sketches: what is folded, what is left out, and that every reference is in an arrow or counted. */
#include "query/sketch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint32_t add(struct hs_sketch *sketch, enum hs_plumbing plumbing, uint32_t level, bool main)
{
    uint32_t box;
    struct hs_sketch_box made = {.count = 1, .plumbing = plumbing, .level = level, .main = main};
    assert_null(hs_sketch_add(sketch, &made, &box));
    return box;
}

static void refer(struct hs_sketch *sketch, uint32_t src, uint32_t dst, const char *exact, const char *folded)
{
    struct hs_sketch_label label = {.exact = exact, .folded = folded, .owning = true};
    assert_null(hs_sketch_refer(sketch, src, dst, &label, false));
}

static void refer_main(struct hs_sketch *sketch, uint32_t src, uint32_t dst, const char *exact)
{
    struct hs_sketch_label label = {.exact = exact, .folded = exact, .owning = true, .main = true};
    assert_null(hs_sketch_refer(sketch, src, dst, &label, false));
}

/* The only arrow from one box to another that is drawn; NULL if there is none. */
static const struct hs_sketch_arrow *arrow(const struct hs_sketch *sketch, uint32_t src, uint32_t dst)
{
    const struct hs_sketch_arrow *found = NULL;
    for (size_t i = 0; i < sketch->arrows; i++) {
        const struct hs_sketch_arrow *one = &sketch->arrow[i];
        if (!one->count || one->src != src || one->dst != dst)
            continue;
        assert_null(found);
        found = one;
    }
    return found;
}

static void test_labels_of_many(void **state)
{
    (void)state;
    struct hs_sketch sketch = {0};
    uint32_t a = add(&sketch, 0, 1, false), b = add(&sketch, 0, 0, false);
    refer(&sketch, a, b, "[17]", "[...]");
    assert_string_equal(arrow(&sketch, a, b)->exact, "[17]");
    refer(&sketch, a, b, "[18]", "[...]");
    assert_string_equal(arrow(&sketch, a, b)->label, "[...]");
    assert_int_equal(arrow(&sketch, a, b)->labels, 1);
    refer(&sketch, a, b, ".x", ".x");
    refer(&sketch, a, b, ".x", ".x");
    assert_string_equal(arrow(&sketch, a, b)->label, "[...], .x");
    assert_int_equal(arrow(&sketch, a, b)->labels, 2);
    refer(&sketch, a, b, ".y", ".y");
    assert_string_equal(arrow(&sketch, a, b)->label, "[...], .x");
    assert_int_equal(arrow(&sketch, a, b)->labels, 3);
    assert_int_equal(arrow(&sketch, a, b)->count, 5);
    hs_sketch_deinit(&sketch);
}

static void test_apart(void **state)
{
    (void)state;
    struct hs_sketch sketch = {0};
    uint32_t a = add(&sketch, 0, 1, false), b = add(&sketch, 0, 0, false);
    static const char *const exact[] = {"[1]", "[2]", "[1]"};
    for (int i = 0; i < 3; i++) {
        struct hs_sketch_label label = {.exact = exact[i], .folded = "[...]", .owning = true};
        assert_null(hs_sketch_refer(&sketch, a, b, &label, true));
    }
    assert_int_equal(sketch.arrows, 2);
    assert_int_equal(sketch.arrow[0].count, 2);
    hs_sketch_deinit(&sketch);
}

/* module -> function -> tuple -> cell -> object, as closures are. */
static void test_plumbing_in_a_row_becomes_one_arrow(void **state)
{
    (void)state;
    struct hs_sketch sketch = {0};
    uint32_t function = add(&sketch, HS_PLUMBING_NONE, 3, false);
    uint32_t tuple = add(&sketch, HS_PLUMBING_ALWAYS, 2, false);
    uint32_t cell = add(&sketch, HS_PLUMBING_ALWAYS, 1, false), object = add(&sketch, 0, 0, true);
    refer(&sketch, cell, object, ".cell_contents", ".cell_contents");
    refer(&sketch, tuple, cell, "[0]", "[...]");
    refer(&sketch, function, tuple, ".__closure__", ".__closure__");
    assert_null(hs_sketch_fold(&sketch, HS_PLUMBING_ALWAYS, true));
    assert_int_equal(hs_sketch_drawn(&sketch), 2);
    const struct hs_sketch_arrow *whole = arrow(&sketch, function, object);
    assert_non_null(whole);
    assert_string_equal(whole->exact, ".__closure__[0].cell_contents");
    assert_int_equal(whole->through, 2);
    assert_int_equal(whole->count, 1);
    assert_null(hs_sketch_fold(&sketch, HS_PLUMBING_TIGHT, true)); /* nothing is left to fold */
    assert_int_equal(hs_sketch_drawn(&sketch), 2);
    hs_sketch_deinit(&sketch);
}

/* What has something to say stays: two holders, references that are not drawn, a self-reference, a target. */
static void test_what_is_not_folded(void **state)
{
    (void)state;
    for (int what = 0; what < 5; what++) {
        struct hs_sketch sketch = {0};
        uint32_t holder = add(&sketch, 0, 2, false);
        uint32_t list = add(&sketch, HS_PLUMBING_TIGHT, 1, what == 4), object = add(&sketch, 0, 0, true);
        refer(&sketch, holder, list, ".items", ".items");
        refer(&sketch, list, object, "[0]", "[...]");
        uint32_t other = add(&sketch, 0, 2, false);
        switch (what) {
        case 0:
            refer(&sketch, other, list, ".more", ".more");
            break;
        case 1:
            sketch.box[list].more = 3;
            break;
        case 2:
            refer(&sketch, list, list, "[1]", "[...]");
            break;
        case 3:
            sketch.box[list].target = true;
            break;
        }
        assert_null(hs_sketch_fold(&sketch, HS_PLUMBING_ALWAYS, true));
        assert_false(sketch.box[list].gone);
        assert_null(hs_sketch_fold(&sketch, HS_PLUMBING_TIGHT, false));
        assert_false(sketch.box[list].gone);
        hs_sketch_deinit(&sketch);
    }
}

static uint64_t count_all(const struct hs_sketch *sketch)
{
    uint64_t all = 0;
    for (size_t i = 0; i < sketch->boxes; i++)
        all += sketch->box[i].gone ? 0 : sketch->box[i].more;
    for (size_t i = 0; i < sketch->arrows; i++)
        if (!sketch->box[sketch->arrow[i].src].gone && !sketch->box[sketch->arrow[i].dst].gone)
            all += sketch->arrow[i].count;
    return all;
}

/* A star of holders: however few are drawn, all the references to the object are accounted for. */
static void test_what_is_left_out_is_counted(void **state)
{
    (void)state;
    for (size_t budget = 2; budget <= 30; budget++) {
        struct hs_sketch sketch = {0};
        uint32_t object = add(&sketch, 0, 0, true);
        for (int i = 0; i < 25; i++) {
            uint32_t holder = add(&sketch, 0, 1, false);
            for (int j = 0; j <= i; j++)
                refer(&sketch, holder, object, ".a", ".a");
        }
        uint64_t before = count_all(&sketch);
        assert_null(hs_sketch_fit(&sketch, budget));
        assert_int_equal(hs_sketch_drawn(&sketch), budget < 26 ? budget : 26);
        assert_int_equal(count_all(&sketch), before);
        hs_sketch_deinit(&sketch);
    }
}

static void test_the_farthest_go_first_and_the_main_way_last(void **state)
{
    (void)state;
    struct hs_sketch sketch = {0};
    uint32_t box[6];
    for (uint32_t i = 0; i < 6; i++)
        box[i] = add(&sketch, 0, 5 - i, true);
    for (uint32_t i = 1; i < 6; i++)
        refer_main(&sketch, box[i - 1], box[i], ".next");
    uint32_t near = add(&sketch, 0, 1, false), far = add(&sketch, 0, 2, false);
    refer(&sketch, near, box[5], ".x", ".x");
    refer(&sketch, far, near, ".y", ".y");
    sketch.box[box[5]].target = true;
    assert_null(hs_sketch_fit(&sketch, 7));
    assert_true(sketch.box[far].gone);
    assert_int_equal(sketch.box[near].more, 1);
    assert_null(hs_sketch_fit(&sketch, 6));
    assert_true(sketch.box[near].gone);
    assert_int_equal(sketch.box[box[5]].more, 1);
    assert_null(hs_sketch_fit(&sketch, 4));
    assert_int_equal(hs_sketch_drawn(&sketch), 4);
    assert_false(sketch.box[box[0]].gone || sketch.box[box[5]].gone);
    size_t skips = 0;
    for (size_t i = 0; i < sketch.arrows; i++) {
        skips += sketch.arrow[i].skip;
        if (sketch.arrow[i].skip)
            assert_int_equal(sketch.arrow[i].through, 2);
    }
    assert_int_equal(skips, 1);
    assert_null(hs_sketch_fit(&sketch, 2)); /* skips what was skipped, too */
    assert_int_equal(hs_sketch_drawn(&sketch), 2);
    const struct hs_sketch_arrow *rest = arrow(&sketch, box[0], box[5]);
    assert_non_null(rest);
    assert_int_equal(rest->through, 4);
    hs_sketch_deinit(&sketch);
}

static void test_copies_are_their_own(void **state)
{
    (void)state;
    struct hs_sketch sketch = {0}, copy;
    uint32_t a = add(&sketch, 0, 1, true), b = add(&sketch, 0, 0, false);
    refer(&sketch, a, b, "[1]", "[...]");
    assert_null(hs_sketch_copy(&sketch, &copy));
    copy.box[b].gone = true;
    refer(&copy, a, a, ".self", ".self");
    assert_int_equal(hs_sketch_drawn(&sketch), 2);
    assert_int_equal(sketch.arrows, 1);
    hs_sketch_deinit(&copy);
    hs_sketch_deinit(&sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels_of_many),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_plumbing_in_a_row_becomes_one_arrow),
        cmocka_unit_test(test_what_is_not_folded),
        cmocka_unit_test(test_what_is_left_out_is_counted),
        cmocka_unit_test(test_the_farthest_go_first_and_the_main_way_last),
        cmocka_unit_test(test_copies_are_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
