/* Naming objects and types, and what is said to those who name them wrongly. */
#include "query/object.h"
#include "tests/unit/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* app.Db and app.store.Node; lib.Node; 5 instances of app.Db with ids in `db`. */
static struct fixture *make_heap(uint32_t *db)
{
    struct fixture *fixture = fixture_create();
    uint32_t namespace, type = fixture_class(fixture, "app.Db");
    uint32_t near = fixture_class(fixture, "app.store.Node"), far = fixture_class(fixture, "lib.Node");
    fixture_class(fixture, "app.Empty");
    fixture_module(fixture, "app", &namespace);
    for (int i = 0; i < 5; i++) {
        db[i] = fixture_object(fixture, type);
        fixture_object(fixture, near);
    }
    fixture_object(fixture, far);
    return fixture;
}

static void expect(const struct heap *heap, const char *text, uint32_t object)
{
    uint32_t found;
    heap_check(hs_object_find(heap->reader, text, &found));
    assert_int_equal(found, object);
}

static void expect_error(const struct heap *heap, const char *text, const char *part)
{
    uint32_t found;
    struct hs_error *error = hs_object_find(heap->reader, text, &found);
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_USAGE);
    if (!strstr(error->message, part))
        fail_msg("'%s': '%s' does not say '%s'", text, error->message, part);
    hs_error_destroy(error);
}

static void test_found(void **state)
{
    (void)state;
    struct heap heap;
    uint32_t db[5];
    heap_open(&heap, make_heap(db));
    for (int i = 0; i < 5; i++) {
        char text[64];
        snprintf(text, sizeof(text), "app.Db[%d]", i);
        expect(&heap, text, db[i]);
        snprintf(text, sizeof(text), "Db[%d]", i - 5);
        expect(&heap, text, db[i]);
        snprintf(text, sizeof(text), "#%u", db[i]);
        expect(&heap, text, db[i]);
        snprintf(text, sizeof(text), "0x%llx", 0x7f0000000000 + 64ull * db[i]);
        expect(&heap, text, db[i]);
    }
    expect(&heap, "lib.Node", (uint32_t)fixture_objects(heap.fixture) - 1);
    expect(&heap, "module", 4);
    heap_close(&heap);
}

static void test_errors(void **state)
{
    (void)state;
    struct heap heap;
    uint32_t db[5];
    heap_open(&heap, make_heap(db));
    expect_error(&heap, "app.DB[0]", "no type 'app.DB'; did you mean app.Db?");
    expect_error(&heap, "app.Dbs", "did you mean app.Db");
    expect_error(&heap, "Nude[0]", "lib.Node");
    expect_error(&heap, "Node[0]", "'Node' is ambiguous: app.store.Node or lib.Node");
    expect_error(&heap, "no.such.thing.at.all[0]", "heapquery types ");
    expect_error(&heap, "app.Db", "there are 5 objects of type app.Db: name one of app.Db[0] .. app.Db[4]");
    expect_error(&heap, "app.Db[5]", "no app.Db[5]: there are 5, app.Db[0] .. app.Db[4]");
    expect_error(&heap, "app.Db[-6]", "no app.Db[-6]");
    expect_error(&heap, "app.Db[]", "write app.Db[0] or app.Db[-1]");
    expect_error(&heap, "app.Db[ 1]", "no whole number");
    expect_error(&heap, "app.Db[1x]", "no whole number");
    expect_error(&heap, "app.Db[99999999999999999999]", "no whole number");
    expect_error(&heap, "app.Empty[0]", "there is no app.Empty");
    expect_error(&heap, "#99999", "ids are #0 .. #");
    expect_error(&heap, "#", "no object id");
    expect_error(&heap, "#-1", "no object id");
    expect_error(&heap, "#1x", "no object id");
    expect_error(&heap, "0x7f0000000001", "no object at 0x7f0000000001");
    expect_error(&heap, "0x", "is no address");
    expect_error(&heap, "0xg", "is no address");
    expect_error(&heap, "", "names no object");
    expect_error(&heap, "[3]", "names no object");
    heap_close(&heap);
}

/* Instances far apart, in several chunks. */
static void test_many_chunks(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create();
    uint32_t rare = fixture_class(fixture, "app.Rare"), common = fixture_builtin(fixture, "int");
    uint32_t instances[4];
    for (int i = 0; i < 4; i++) {
        instances[i] = fixture_object(fixture, rare);
        for (int k = 0; k < HS_CHUNK_OBJECTS - 7; k++)
            fixture_object(fixture, common);
    }
    struct heap heap;
    heap_open(&heap, fixture);
    expect(&heap, "Rare[0]", instances[0]);
    expect(&heap, "Rare[1]", instances[1]);
    expect(&heap, "Rare[2]", instances[2]);
    expect(&heap, "Rare[-1]", instances[3]);
    heap_close(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_many_chunks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
