/* Where the memory went: parts that add up, the verdict, and when native memory is a suspect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diff/budget.h"

#define MB INT64_C(1000000)

/* One snapshot: what the parts are made of. The resident set follows from them. */
struct state {
    int64_t objects, pymalloc_used, malloc_used, pymalloc_free, malloc_free, files, used_absent, free_absent,
        unexplained;
};

static void set(struct hs_memory *memory, size_t snapshot, const char *name, int64_t bytes)
{
    uint32_t number;
    assert_null(hs_names_add(&memory->names, name, (uint32_t)strlen(name), &number));
    memory->bytes[number * memory->snapshots + snapshot] = bytes;
}

static void make(const struct state *state, size_t count, struct hs_memory *ret)
{
    *ret = (struct hs_memory){
        .snapshots = count, .complete = true, .bytes = calloc(16 * count, sizeof(int64_t))};
    assert_non_null(ret->bytes);
    for (size_t i = 0; i < count; i++) {
        const struct state *s = &state[i];
        set(ret, i, "python_objects", s->objects);
        set(ret, i, "pymalloc_used", s->pymalloc_used);
        set(ret, i, "malloc_used", s->malloc_used);
        set(ret, i, "pymalloc_free", s->pymalloc_free);
        set(ret, i, "malloc_free", s->malloc_free);
        set(ret, i, "anonymous", 0);
        set(ret, i, "mapped_files", s->files);
        set(ret, i, "thread_stacks", 0);
        set(ret, i, "used_not_resident", s->used_absent);
        set(ret, i, "free_not_resident", s->free_absent);
        set(ret, i, "unexplained", s->unexplained);
        set(ret, i, "rss",
            s->pymalloc_used + s->malloc_used + s->pymalloc_free + s->malloc_free + s->files -
                s->used_absent - s->free_absent + s->unexplained);
    }
}

static const struct state base = {
    .objects = 8 * MB, .pymalloc_used = 7 * MB, .malloc_used = 2 * MB, .pymalloc_free = MB, .files = 5 * MB};

static void assert_adds_up(const struct hs_budget *budget)
{
    for (size_t i = 0; i < budget->snapshots; i++) {
        int64_t sum = 0;
        for (unsigned part = 0; part < HS_BUDGET_PARTS; part++)
            sum += budget->part[part][i];
        assert_int_equal(sum, budget->rss[i]);
    }
    int64_t sum = 0;
    for (unsigned part = 0; part < HS_BUDGET_PARTS; part++)
        sum += budget->change[part];
    assert_int_equal(sum, budget->rss_change);
}

/* The verdict on states; *ret_native: the bytes of the suspect, 0 if there is none. */
static const char *judge(const struct state *state, size_t count, int64_t *ret_native)
{
    struct hs_memory memory;
    struct hs_budget budget;
    make(state, count, &memory);
    assert_null(hs_budget_read(&memory, &budget));
    assert_int_equal(budget.snapshots, count);
    assert_adds_up(&budget);
    /* The list is full, and there is garbage too. */
    struct hs_suspect place[HS_SUSPECTS_ROOM] = {{0}}, *native = &place[HS_SUSPECTS_ROOM - 1];
    struct hs_suspects suspects = {.suspect = place, .count = HS_SUSPECTS_ROOM - 1};
    hs_budget_suspect(&budget, &suspects);
    *ret_native = native->bytes;
    if (suspects.count == HS_SUSPECTS_ROOM) {
        assert_int_equal(native->kind, HS_SUSPECT_NATIVE);
        assert_ptr_equal(native->sizes, budget.native);
    }
    const char *verdict = budget.steady ? "steady" : hs_budget_part_name(budget.verdict);
    hs_budget_deinit(&budget);
    hs_memory_deinit(&memory);
    return verdict;
}

static void test_objects(void **context)
{
    (void)context;
    struct state state[2] = {base, base};
    state[1].objects += 20 * MB;
    state[1].pymalloc_used += 21 * MB;
    int64_t native;
    assert_string_equal(judge(state, 2, &native), "objects");
    assert_int_equal(native, 0); /* a twentieth is what sizes are uncertain by */
}

static void test_native(void **context)
{
    (void)context;
    struct state state[3] = {base, base, base};
    state[1].malloc_used += 4 * MB;
    state[2].malloc_used += 8 * MB;
    int64_t native;
    assert_string_equal(judge(state, 3, &native), "native");
    assert_int_equal(native, 8 * MB);
}

/* Where a walk broke off in one snapshot and not in the next, what it missed seems to grow. */
static void test_incomplete(void **context)
{
    (void)context;
    struct state state[2] = {base, base};
    state[1].malloc_used += 8 * MB;
    struct hs_memory memory;
    struct hs_budget budget;
    make(state, 2, &memory);
    memory.complete = false;
    assert_null(hs_budget_read(&memory, &budget));
    struct hs_suspects suspects = {0};
    hs_budget_suspect(&budget, &suspects);
    assert_int_equal(suspects.count, 0);
    hs_budget_deinit(&budget);
    hs_memory_deinit(&memory);
}

static void test_native_warm_up(void **context)
{
    (void)context;
    struct state state[4] = {base, base, base, base};
    for (int i = 1; i < 4; i++)
        state[i].malloc_used += 8 * MB;
    int64_t native;
    assert_string_equal(judge(state, 4, &native), "native");
    assert_int_equal(native, 0);
}

static void test_fragmentation(void **context)
{
    (void)context;
    struct state state[2] = {base, base};
    state[1].pymalloc_free += 20 * MB;
    state[1].malloc_free += 9 * MB;
    state[1].free_absent += 8 * MB;
    int64_t native;
    assert_string_equal(judge(state, 2, &native), "free");
    assert_int_equal(native, 0);
}

static void test_never_touched(void **context)
{
    (void)context;
    struct state state[2] = {base, base};
    state[1].malloc_used += 100 * MB;
    state[1].used_absent += 100 * MB;
    int64_t native;
    assert_string_equal(judge(state, 2, &native), "steady");
    assert_int_equal(native, 0);
}

static void test_shrinks(void **context)
{
    (void)context;
    struct state state[2] = {base, base};
    state[0].files += 30 * MB;
    state[1].objects += MB;
    state[1].pymalloc_used += MB;
    int64_t native;
    assert_string_equal(judge(state, 2, &native), "mappings");
    assert_int_equal(native, 0);
}

static void test_unexplained(void **context)
{
    (void)context;
    struct state state[2] = {base, base};
    state[1].unexplained += 30 * MB;
    int64_t native;
    assert_string_equal(judge(state, 2, &native), "unexplained");
    assert_int_equal(native, 0);
}

/* Without one of the figures nothing can be said; with an absurd one neither. */
static void test_unknown(void **context)
{
    (void)context;
    const struct state state[2] = {base, base};
    const int64_t bad[] = {HS_MEMORY_UNKNOWN, INT64_MAX, INT64_MIN + 1};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct hs_memory memory;
        struct hs_budget budget;
        make(state, 2, &memory);
        set(&memory, 1, "malloc_used", bad[i]);
        assert_null(hs_budget_read(&memory, &budget));
        assert_int_equal(budget.snapshots, 0);
        struct hs_suspects suspects = {0};
        hs_budget_suspect(&budget, &suspects);
        assert_int_equal(suspects.count, 0);
        hs_budget_deinit(&budget);
        hs_memory_deinit(&memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_objects),        cmocka_unit_test(test_native),
        cmocka_unit_test(test_native_warm_up), cmocka_unit_test(test_fragmentation),
        cmocka_unit_test(test_never_touched),  cmocka_unit_test(test_shrinks),
        cmocka_unit_test(test_unexplained),    cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_incomplete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
