/* Retaining chains: the search in SQL against the tree on random heaps, the script that people are shown, and
 * heaps made for a reason. */
#include "format/sqlite.h"
#include "query/chain.h"
#include "query/compute.h"
#include "tests/unit/heap.h"
#include "tests/unit/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool same_text(const char *a, const char *b)
{
    return !a || !b ? a == b : !strcmp(a, b);
}

static bool same_chain(const struct hs_chain *a, const struct hs_chain *b)
{
    if (a->count != b->count || (a->count && (a->cost != b->cost || a->root_kind != b->root_kind)))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct hs_step *x = &a->step[i], *y = &b->step[i];
        if (x->object != y->object || x->kind != y->kind || x->slot != y->slot ||
            !same_text(x->name, y->name))
            return false;
    }
    return true;
}

static void print_chain(const char *title, const struct hs_chain *chain)
{
    print_message("%s: %zu steps, root kind %d, cost %u\n", title, chain->count, chain->root_kind,
                  chain->cost);
    for (size_t i = 0; i < chain->count; i++)
        print_message("  %d %s slot %d -> %u\n", chain->step[i].kind, chain->step[i].name,
                      (int)chain->step[i].slot, chain->step[i].object);
}

/* Gives the number of steps. */
static size_t compare(struct heap *heap, uint32_t seed, uint32_t object, enum hs_chain_to to,
                      const char *type)
{
    struct hs_chain found, computed;
    heap_check(hs_chain_find(heap->db, "main", heap->reader, object, to, type, &found));
    heap_check(hs_chain_compute(heap->db, heap->reader, object, to, type, &computed));
    if (!same_chain(&found, &computed)) {
        print_chain("SQL", &found);
        print_chain("tree", &computed);
        fail_msg("seed %u, object %u, to %d", seed, object, to);
    }
    size_t steps = found.count;
    hs_chain_deinit(&found);
    hs_chain_deinit(&computed);
    return steps;
}

/* Leaves out some holders, starts and references of the heap. */
static void avoid_some(struct heap *heap, uint32_t *random)
{
    for (uint32_t i = 0; i < 6; i++) {
        uint32_t holder = heap_random(random) % heap->graph->nodes, object = HS_NO_OBJECT;
        uint64_t start = heap->graph->out_start[holder], refs = heap->graph->out_start[holder + 1] - start;
        if (i < 4 && refs)
            object = heap->graph->out_dst[start + heap_random(random) % refs];
        if (i == 4) {
            object = heap->roots.count ? heap->roots.root[0].object : 0;
            holder = HS_NO_OBJECT;
        }
        heap_check(hs_avoid_write(heap->db, holder, object));
    }
}

static void test_sql_is_tree(void **state)
{
    (void)state;
    uint32_t long_chains = 0;
    for (uint32_t seed = 1; seed <= 1000; seed++) {
        struct heap heap;
        heap_open_random(&heap, seed, 10 + seed % 60);
        uint32_t random = seed;
        uint32_t object = heap_random(&random) % heap.graph->nodes;
        long_chains += compare(&heap, seed, object, HS_TO_ROOT, NULL) > 4;
        compare(&heap, seed, object, HS_TO_MODULE, NULL);
        compare(&heap, seed, object, HS_TO_TYPE, seed % 2 ? "dict" : "list");
        avoid_some(&heap, &random);
        compare(&heap, seed, object, HS_TO_ROOT, NULL);
        compare(&heap, seed, object, HS_TO_TYPE, seed % 2 ? "dict" : "list");
        heap_close(&heap);
    }
    assert_true(long_chains > 100); /* or the test says little */
}

/* The chain as rows of (object, kind, name, slot), as the script's last statement gives them. */
static char *chain_rows(const struct hs_chain *chain)
{
    char *rows = NULL;
    size_t bytes;
    FILE *out = open_memstream(&rows, &bytes);
    for (size_t i = 0; i < chain->count; i++) {
        const struct hs_step *step = &chain->step[i];
        const char *kind = i ? hs_ref_kind_name(step->kind) : hs_root_kind_name(step->kind);
        fprintf(out, "%zu|%u|%s|%s|%s|", i, step->object, step->type, kind, step->name ? step->name : "NULL");
        if (step->slot == HS_NO_LABEL)
            fprintf(out, "NULL\n");
        else
            fprintf(out, "%u\n", step->slot);
    }
    fclose(out);
    return rows;
}

/* Runs a script and gives the rows of its last statement that has any columns. */
static char *run_script(sqlite3 *db, const char *script)
{
    char *rows = strdup("");
    sqlite3_stmt *statement;
    for (const char *rest = script; *rest;) {
        const char *start = rest;
        assert_int_equal(sqlite3_prepare_v2(db, start, -1, &statement, &rest), SQLITE_OK);
        if (!statement)
            break;
        bool selects = sqlite3_column_count(statement) > 0;
        sqlite3_finalize(statement);
        char *one = strndup(start, (size_t)(rest - start));
        if (selects) {
            free(rows);
            rows = sql_rows(db, one);
        } else if (sqlite3_exec(db, one, NULL, NULL, NULL) != SQLITE_OK) {
            fail_msg("%s: %s", sqlite3_errmsg(db), one);
        }
        free(one);
    }
    return rows;
}

static void test_script(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct heap heap;
        heap_open_random(&heap, seed, 100);
        uint32_t object = heap.graph->nodes / 2 + seed;
        struct hs_chain chain;
        char *script;
        heap_check(hs_chain_show_sql("main", object, HS_TO_ROOT, NULL, &script));
        char *rows = run_script(heap.db, script);
        heap_check(hs_chain_compute(heap.db, heap.reader, object, HS_TO_ROOT, NULL, &chain));
        char *expected = chain_rows(&chain);
        assert_string_equal(rows, expected);
        free(rows);
        free(expected);
        free(script);
        hs_chain_deinit(&chain);
        heap_close(&heap);
    }
}

static void test_webapp(void **state)
{
    (void)state;
    struct heap heap;
    heap_open(&heap, fixture_webapp(20));
    sql_expect(heap.db, "SELECT step, type, kind, name, path FROM retaining_chain(obj('webapp.DB[-1]'))",
               "0|module|module|webapp|webapp\n"
               "1|dict|member|__dict__|webapp.__dict__\n"
               "2|dict|global|_open_databases|webapp._open_databases\n"
               "3|webapp.DB|value|NULL|webapp._open_databases['db19']\n");
    sql_expect(heap.db, "SELECT path(obj('DB[0]'))", "webapp._open_databases['db0']\n");
    sql_expect(heap.db, "SELECT count(*) FROM retaining_chain(obj('DB[0]'), 'dict')", "2\n");
    sql_expect(heap.db,
               "SELECT count(*) FROM objects AS o, retaining_chain(o.id) AS c WHERE o.type = 'webapp.DB'",
               "80\n");
    sql_expect_error(heap.db, "SELECT * FROM retaining_chain", "retaining_chain(123)");
    sql_expect(heap.db, "SELECT * FROM retaining_chain(123456)", "");
    sql_expect_error(heap.db, "SELECT obj('webapp.Db')", "did you mean webapp.DB?");
    /* Forbidden, the way is not gone; dear, another would be taken. */
    sql_expect(heap.db, "UPDATE edge_cost SET cost = NULL WHERE kind = 'global'", "");
    sql_expect(heap.db, "SELECT * FROM retaining_chain(obj('DB[0]'))", "");
    sql_expect(heap.db, "SELECT path(obj('DB[0]'))", "NULL\n");
    heap_close(&heap);
}

/* A heap in which `popular` is held by very many objects, and app.keeper holds it by one more step. */
static struct fixture *make_popular(uint32_t holders, uint32_t *ret_popular)
{
    struct fixture *fixture = fixture_create();
    uint32_t app, node = fixture_builtin(fixture, "Node");
    fixture_module(fixture, "app", &app);
    uint32_t list = fixture_object(fixture, fixture_find_type(fixture, "list"));
    fixture_global(fixture, app, "keeper", list);
    *ret_popular = fixture_object(fixture, node);
    for (uint32_t i = 0; i < holders; i++) {
        uint32_t holder = fixture_object(fixture, node);
        fixture_field(fixture, holder, HS_REF_ATTRIBUTE, "shared", *ret_popular);
        if (i > holders / 2)
            fixture_tail(fixture, list, HS_TAIL_ITEM, holder);
    }
    return fixture;
}

static void test_falls_back(void **state)
{
    (void)state;
    struct heap heap;
    uint32_t popular;
    heap_open(&heap, make_popular(200000, &popular));
    compare(&heap, 0, popular, HS_TO_ROOT, NULL);
    struct hs_chain chain;
    char *path;
    heap_check(hs_chain_find(heap.db, "main", heap.reader, popular, HS_TO_MODULE, NULL, &chain));
    heap_check(hs_path_format(&chain, &path));
    assert_string_equal(path, "app.keeper[0].shared");
    free(path);
    hs_chain_deinit(&chain);
    heap_close(&heap);
}

static void test_long_line(void **state)
{
    (void)state;
    enum { LENGTH = 20000 };
    struct fixture *fixture = fixture_create();
    uint32_t node = fixture_builtin(fixture, "Node"), app;
    fixture_module(fixture, "app", &app);
    uint32_t last = fixture_object(fixture, node);
    fixture_global(fixture, app, "head", last);
    for (uint32_t i = 1; i < LENGTH; i++) {
        uint32_t next = fixture_object(fixture, node);
        fixture_field(fixture, last, HS_REF_ATTRIBUTE, "next", next);
        last = next;
    }
    struct heap heap;
    struct hs_chain chain;
    heap_open(&heap, fixture);
    heap_check(hs_chain_find(heap.db, "main", heap.reader, last, HS_TO_MODULE, NULL, &chain));
    assert_int_equal(chain.count, LENGTH + 2);
    hs_chain_deinit(&chain);
    heap_close(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sql_is_tree), cmocka_unit_test(test_script),    cmocka_unit_test(test_webapp),
        cmocka_unit_test(test_falls_back),  cmocka_unit_test(test_long_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
