#include "tests/unit/heap.h"

#include "format/sqlite.h"
#include "query/derived.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void heap_check(struct hs_error *error)
{
    if (error)
        fail_msg("%s", error->message);
}

uint32_t heap_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

void heap_open(struct heap *heap, struct fixture *fixture)
{
    *heap = (struct heap){.directory = fixture_directory(), .fixture = fixture};
    char *path;
    assert_true(asprintf(&path, "%s/heap.db", heap->directory) > 0);
    fixture_write(fixture, path);
    const char *paths[] = {path};
    heap_check(hs_session_open(paths, 1, &hs_graph_derived_ops, &heap->session));
    free(path);
    heap->db = hs_session_db(heap->session);
    heap->reader = hs_session_reader(heap->session, 0);
    heap_check(hs_graph_create(heap->reader, &heap->graph));
    heap_check(hs_roots_read(heap->reader, &heap->roots));
}

void heap_close(struct heap *heap)
{
    hs_graph_destroy(heap->graph);
    hs_roots_deinit(&heap->roots);
    hs_session_close(heap->session);
    fixture_destroy(heap->fixture);
    fixture_remove(heap->directory);
}

static void change_costs(struct sqlite3 *db, uint32_t *state)
{
    static const char *const statements[] = {
        "INSERT INTO edge_cost VALUES ('attribute', 'a*', '*', 50)",
        "INSERT INTO edge_cost VALUES ('item', '*', 'list', 200)",
        "INSERT INTO edge_cost VALUES ('value', '*', 'dict', NULL)",
        "INSERT INTO edge_cost VALUES ('attribute', '*', '*.*', 150)",
        "UPDATE edge_cost SET cost = 100 WHERE kind IN ('key', 'internal', 'type')",
        "DELETE FROM edge_cost WHERE kind = 'internal'",
        "INSERT INTO edge_cost VALUES ('root:module', 'lib', '*', 0)",
        "INSERT INTO edge_cost VALUES ('root:module', 's*', '*', NULL)",
        "UPDATE edge_cost SET cost = 100 WHERE kind GLOB 'root:*'",
        "UPDATE edge_cost SET cost = min(cost, 2)",
    };
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++)
        if (heap_random(state) % 4 == 0)
            assert_int_equal(sqlite3_exec(db, statements[i], NULL, NULL, NULL), SQLITE_OK);
}

void heap_open_random(struct heap *heap, uint32_t seed, uint32_t objects)
{
    struct fixture *fixture = fixture_random(seed, objects);
    uint32_t state = seed * 2654435761u | 1;
    static const char *const names[] = {"serve.job", "serve.rows", "main.x", "", "Worker.run.self"};
    static const enum hs_root_kind kinds[] = {HS_ROOT_FRAME, HS_ROOT_THREAD, HS_ROOT_INTERPRETER,
                                              HS_ROOT_MODULE};
    for (uint32_t roots = heap_random(&state) % 5; roots > 0; roots--) {
        uint32_t object = heap_random(&state) % (uint32_t)fixture_objects(fixture);
        enum hs_root_kind kind = kinds[heap_random(&state) % 4];
        fixture_root(fixture, object, kind, names[heap_random(&state) % 5]);
    }
    heap_open(heap, fixture);
    change_costs(heap->db, &state);
}
