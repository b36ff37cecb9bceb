/* The indexes of format/lookup.h against plain lists. */
#include "format/lookup.h"
#include "tests/unit/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Three chunks, the last one with a single object. */
#define OBJECTS (2 * HS_CHUNK_OBJECTS + 1)

struct state {
    char *directory;
    struct fixture *fixture;
    uint64_t *address;
    struct hs_reader *reader;
    struct hs_lookup lookup;
};

static void must(struct hs_error *error)
{
    if (error)
        fail_msg("%s", error->message);
}

static int set_up(void **argument)
{
    struct state *state = calloc(1, sizeof(*state));
    assert_non_null(state);
    state->directory = fixture_directory();
    state->fixture = fixture_random(3, OBJECTS);
    state->address = calloc(OBJECTS, sizeof(*state->address));
    assert_non_null(state->address);
    /* Gaps of all sizes, so that addresses between objects and between chunks are asked for, too. */
    uint64_t address = 0x10000;
    for (uint32_t i = 0; i < OBJECTS; i++) {
        address += 16 * (1 + (i * 2654435761u >> 28)) + (i % HS_CHUNK_OBJECTS ? 0 : 1 << 20);
        state->address[i] = address;
        fixture_set_address(state->fixture, i, address);
    }
    char path[512];
    snprintf(path, sizeof(path), "%s/random.db", state->directory);
    fixture_write(state->fixture, path);
    must(hs_reader_open(path, &state->reader));
    must(hs_lookup_init(&state->lookup, state->reader));
    *argument = state;
    return 0;
}

static int tear_down(void **argument)
{
    struct state *state = *argument;
    hs_lookup_deinit(&state->lookup);
    hs_reader_destroy(state->reader);
    fixture_destroy(state->fixture);
    fixture_remove(state->directory);
    free(state->address);
    free(state);
    return 0;
}

static void expect_address(struct state *state, uint64_t address, const struct hs_chunk **near,
                           uint32_t expected)
{
    uint32_t found;
    must(hs_lookup_address(&state->lookup, address, near, &found));
    if (found != expected)
        fail_msg("%llx is said to be at or before object %u, not %u", (unsigned long long)address, found,
                 expected);
}

static void test_addresses(void **argument)
{
    struct state *state = *argument;
    const struct hs_chunk *near = NULL;
    /* All in turn, then jumping between the chunks. */
    for (uint32_t step = 1; step <= 9973; step += 9972) {
        for (uint32_t i = 0, object = 0; i < OBJECTS; i++, object = (object + step) % OBJECTS) {
            uint64_t address = state->address[object];
            expect_address(state, address - 1, &near, object);
            expect_address(state, address, &near, object);
            expect_address(state, address + 1, &near, object + 1);
        }
    }
    expect_address(state, 0, &near, 0);
    expect_address(state, UINT64_MAX, &near, OBJECTS);
    hs_lookup_unpin(state->reader, &near);
    assert_null(near);
    expect_address(state, UINT64_MAX, &near, OBJECTS);
    hs_lookup_unpin(state->reader, &near);
}

static void test_types(void **argument)
{
    struct state *state = *argument;
    const struct hs_lookup *lookup = &state->lookup;
    must(hs_lookup_need_types(&state->lookup));
    must(hs_lookup_need_types(&state->lookup));
    uint32_t total = 0;
    for (uint32_t type = 0; type < lookup->types; type++) {
        for (uint32_t at = lookup->type_start[type]; at < lookup->type_start[type + 1]; at++, total++) {
            uint32_t object = lookup->type_object[at];
            assert_int_equal(fixture_type_of(state->fixture, object), type);
            assert_true(at == lookup->type_start[type] || object > lookup->type_object[at - 1]);
            const struct hs_chunk *chunk = NULL;
            must(hs_lookup_pin(state->reader, object, HS_PART_OBJECTS, &chunk));
            assert_int_equal(lookup->type_size[at], chunk->size[object - chunk->first]);
            hs_lookup_unpin(state->reader, &chunk);
        }
    }
    assert_int_equal(total, OBJECTS);
    for (uint32_t i = 0; i < lookup->types; i++) {
        const char *name = hs_reader_type(state->reader, lookup->by_name[i])->name;
        uint32_t first, end;
        hs_lookup_types_named(lookup, name, strlen(name), &first, &end);
        assert_true(first <= i && i < end);
        assert_int_equal(end - first, strcmp(name, "app.Twin") ? 1 : 2);
        hs_lookup_types_named(lookup, name, strlen(name) - 1, &first, &end);
        assert_int_equal(first, end);
    }
}

static void test_referrers(void **argument)
{
    struct state *state = *argument;
    const struct hs_lookup *lookup = &state->lookup;
    must(hs_lookup_need_referrers(&state->lookup));
    struct fixture_ref refs[1000];
    uint32_t *seen = calloc(OBJECTS, sizeof(*seen));
    assert_non_null(seen);
    uint64_t total = 0;
    /* In the order of holder and position, as the referrers of each object are. */
    for (uint32_t object = 0; object < OBJECTS; object++) {
        size_t count = fixture_refs(state->fixture, object, refs, 1000);
        assert_true(count <= 1000);
        for (uint32_t i = 0; i < count; i++, total++) {
            uint32_t dst = refs[i].dst, at = lookup->in_start[dst] + seen[dst]++;
            assert_true(at < lookup->in_start[dst + 1]);
            assert_int_equal(lookup->in[at].src, object);
            assert_int_equal(lookup->in[at].position, i);
        }
    }
    assert_int_equal(lookup->in_start[OBJECTS], total);
    assert_int_equal(hs_reader_refs(state->reader), total);
    free(seen);
}

static void test_kinds_of_shapes(void **argument)
{
    struct state *state = *argument;
    must(hs_lookup_learn_shapes(&state->lookup));
    assert_int_equal(state->lookup.shapes_known, hs_reader_shapes(state->reader));
    struct fixture_ref refs[1000];
    const struct hs_chunk *chunk = NULL;
    for (uint32_t object = 0; object < OBJECTS; object++) {
        size_t count = fixture_refs(state->fixture, object, refs, 1000);
        must(hs_lookup_pin(state->reader, object, HS_PART_OBJECTS, &chunk));
        uint16_t kinds = state->lookup.shape_kinds[chunk->shape[object - chunk->first]];
        for (size_t i = 0; i < count; i++)
            assert_true(kinds >> refs[i].kind & 1);
    }
    hs_lookup_unpin(state->reader, &chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_referrers),
        cmocka_unit_test(test_kinds_of_shapes),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
