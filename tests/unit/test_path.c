/* Chains as Python expressions. */
#include "tests/unit/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROOT(kind_, type_, name_)                                                              \
    {                                                                                          \
        .kind = (kind_), .type = (char *)(type_), .name = (char *)(name_), .slot = HS_NO_LABEL \
    }
#define STEP(kind_, type_, name_) ROOT(HS_REF_##kind_, type_, name_)
#define SLOT(kind_, type_, slot_)                                                          \
    {                                                                                      \
        .kind = HS_REF_##kind_, .type = (char *)(type_), .slot = (slot_), .index = (slot_) \
    }
#define MODULE    ROOT(HS_ROOT_MODULE, "module", "app")
#define NAMESPACE STEP(MEMBER, "dict", "__dict__")

#define STEPS 8
struct example {
    const char *expected;
    struct hs_step step[STEPS]; /* up to the first without a type */
};

static void expect(const char *expected, const struct hs_chain *chain)
{
    char *path;
    heap_check(hs_path_format(chain, &path));
    assert_string_equal(path, expected);
    free(path);
}

static void test_expressions(void **state)
{
    (void)state;
    static struct example examples[] = {
        {"app", {MODULE}},
        {"app.__dict__", {MODULE, NAMESPACE}},
        {"app.x", {MODULE, NAMESPACE, STEP(GLOBAL, "int", "x")}},
        {"vars(app)['a-b']", {MODULE, NAMESPACE, STEP(GLOBAL, "int", "a-b")}},
        {"vars(app)['class']", {MODULE, NAMESPACE, STEP(GLOBAL, "int", "class")}},
        {"list(app.__dict__)[3]", {MODULE, NAMESPACE, SLOT(KEY, "str", 3)}},
        {"app.db.name", {MODULE, NAMESPACE, STEP(GLOBAL, "app.DB", "db"), STEP(ATTRIBUTE, "str", "name")}},
        {"app.db.name",
         {MODULE, NAMESPACE, STEP(GLOBAL, "app.DB", "db"), NAMESPACE, STEP(ATTRIBUTE, "str", "name")}},
        {"getattr(app.db, 'a b').c",
         {MODULE, NAMESPACE, STEP(GLOBAL, "app.DB", "db"), STEP(ATTRIBUTE, "app.DB", "a b"),
          STEP(SLOT, "int", "c")}},
        {"app.db.__dict__", {MODULE, NAMESPACE, STEP(GLOBAL, "app.DB", "db"), NAMESPACE}},
        {"app.DB.total",
         {MODULE, NAMESPACE, STEP(GLOBAL, "type", "DB"), NAMESPACE, STEP(ATTRIBUTE, "int", "total")}},
        {"vars(app.DB)['make']",
         {MODULE, NAMESPACE, STEP(GLOBAL, "type", "DB"), NAMESPACE, STEP(ATTRIBUTE, "staticmethod", "make")}},
        {"app.db.make",
         {MODULE, NAMESPACE, STEP(GLOBAL, "app.DB", "db"), NAMESPACE,
          STEP(ATTRIBUTE, "staticmethod", "make")}},
        {"gc.get_referents(app.DB.__dict__)[0]",
         {MODULE, NAMESPACE, STEP(GLOBAL, "abc.ABCMeta", "DB"), NAMESPACE}},
        {"list(app.d.values())[19]",
         {MODULE, NAMESPACE, STEP(GLOBAL, "dict", "d"), SLOT(VALUE, "app.DB", 19)}},
        {"list(app.d)[19]", {MODULE, NAMESPACE, STEP(GLOBAL, "dict", "d"), SLOT(KEY, "app.DB", 19)}},
        {"list(app.s)[2]", {MODULE, NAMESPACE, STEP(GLOBAL, "set", "s"), SLOT(KEY, "str", 2)}},
        {"list(dict.values(app.d))[1]",
         {MODULE, NAMESPACE, STEP(GLOBAL, "collections.OrderedDict", "d"), SLOT(VALUE, "int", 1)}},
        {"list(dict.keys(app.d))[1]",
         {MODULE, NAMESPACE, STEP(GLOBAL, "collections.OrderedDict", "d"), SLOT(KEY, "int", 1)}},
        {"list(list(app.d.values())[1].values())[2][3].x",
         {MODULE, NAMESPACE, STEP(GLOBAL, "dict", "d"), SLOT(VALUE, "collections.defaultdict", 1),
          SLOT(VALUE, "list", 2), SLOT(ITEM, "app.DB", 3), STEP(ATTRIBUTE, "int", "x")}},
        {"app.f.__closure__[0].cell_contents",
         {MODULE, NAMESPACE, STEP(GLOBAL, "function", "f"), STEP(MEMBER, "tuple", "__closure__"),
          SLOT(ITEM, "cell", 0), STEP(CELL, "list", "cell_contents")}},
        {"inspect.getclosurevars(app.f).nonlocals['n']",
         {MODULE, NAMESPACE, STEP(GLOBAL, "function", "f"), STEP(CELL, "list", "n")}},
        {"type(app.db)", {MODULE, NAMESPACE, STEP(GLOBAL, "app.DB", "db"), STEP(TYPE, "type", NULL)}},
        {"app.q[4]", {MODULE, NAMESPACE, STEP(GLOBAL, "collections.deque", "q"), SLOT(INTERNAL, "int", 4)}},
        {"<reference 4 of app.c>.x",
         {MODULE, NAMESPACE, STEP(GLOBAL, "functools._lru_cache_wrapper", "c"), SLOT(INTERNAL, "app.DB", 4),
          STEP(ATTRIBUTE, "int", "x")}},
        {"list(<cache of app.c>)[0]",
         {MODULE, NAMESPACE, STEP(GLOBAL, "functools._lru_cache_wrapper", "c"), SLOT(INTERNAL, "dict", 4),
          SLOT(KEY, "app.DB", 0)}},
        {"<tp_cache of app.DB>",
         {MODULE, NAMESPACE, STEP(GLOBAL, "type", "DB"), STEP(INTERNAL, "dict", "tp_cache")}},
        {"app.g.gi_frame.f_locals['row']",
         {MODULE, NAMESPACE, STEP(GLOBAL, "generator", "g"), STEP(LOCAL, "int", "row")}},
        {"app.g.cr_frame.f_locals['row']",
         {MODULE, NAMESPACE, STEP(GLOBAL, "coroutine", "g"), STEP(LOCAL, "int", "row")}},
        {"<local row of app.workers[2]>",
         {MODULE, NAMESPACE, STEP(GLOBAL, "list", "workers"), SLOT(ITEM, "greenlet.greenlet", 2),
          STEP(LOCAL, "int", "row")}},
        {"app.f.f_locals['row']", {MODULE, NAMESPACE, STEP(GLOBAL, "frame", "f"), STEP(LOCAL, "int", "row")}},
        {"app.m.__self__",
         {MODULE, NAMESPACE, STEP(GLOBAL, "method", "m"), STEP(MEMBER, "app.DB", "__self__")}},
        {"app.f.__globals__['x']",
         {MODULE, NAMESPACE, STEP(GLOBAL, "function", "f"), STEP(MEMBER, "dict", "__globals__"),
          STEP(GLOBAL, "int", "x")}},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        struct hs_chain chain = {.step = examples[i].step, .root_kind = HS_ROOT_MODULE, .importable = true};
        while (chain.count < STEPS && chain.step[chain.count].type)
            chain.count++;
        expect(examples[i].expected, &chain);
    }
}

static void test_roots(void **state)
{
    (void)state;
    struct hs_step step[] = {ROOT(0, "dict", "Worker.serve.job"), SLOT(VALUE, "list", 2)};
    struct hs_chain chain = {.count = 2,
                             .step = step,
                             .root_kind = HS_ROOT_FRAME,
                             .thread = (char *)"Thread-3",
                             .function = (char *)"Worker.serve"};
    expect("list(<local job of Worker.serve() in thread Thread-3>.values())[2]", &chain);
    chain.thread = NULL;
    chain.count = 1;
    expect("<local job of Worker.serve()>", &chain);
    step[0].name = (char *)"Worker.serve";
    expect("<running Worker.serve()>", &chain);
    chain.root_kind = HS_ROOT_INTERPRETER;
    step[0].name = (char *)"sys.modules";
    expect("<interpreter sys.modules>", &chain);
    chain.root_kind = HS_ROOT_KINDS;
    step[0].object = 12;
    expect("<dict #12>", &chain);
    chain.root_kind = HS_ROOT_MODULE;
    step[0].name = (char *)"a.b";
    expect("sys.modules['a.b']", &chain);
    chain.importable = true;
    expect("a.b", &chain);
    step[0].name = (char *)"my-plugin.b";
    expect("sys.modules['my-plugin.b']", &chain);
    expect("<unreachable>", &(struct hs_chain){0});
}

static void test_literals(void **state)
{
    (void)state;
    static const char *const examples[][2] = {
        {"plain", "'plain'"},
        {"it's", "'it\\'s'"},
        {"back\\slash", "'back\\\\slash'"},
        {"line\n\x1b[31m", "'line\\x0a\\x1b[31m'"},
        {"gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'"},
        {"turn\xe2\x80\xae around", "'turn\\u202e around'"},
        {"iso\xe2\x81\xa6late", "'iso\\u2066late'"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        char *literal = hs_python_literal(examples[i][0], strlen(examples[i][0]));
        assert_string_equal(literal, examples[i][1]);
        free(literal);
    }
}

/* What a chain says of its steps: keys that are known, threads, names of modules that lead to them. */
static void test_described(void **state)
{
    (void)state;
    struct fixture *fixture = fixture_create();
    uint32_t package, module, registry = fixture_object(fixture, fixture_find_type(fixture, "dict"));
    uint32_t int_type = fixture_builtin(fixture, "int"), str_type = fixture_find_type(fixture, "str");
    fixture_module(fixture, "a", &package);
    uint32_t sub = fixture_module(fixture, "a.b", &module);
    uint32_t keys[4];
    static const char *const values[] = {"name", "-12", "cut\xe2\x80\xa6", NULL};
    for (int i = 0; i < 4; i++) {
        keys[i] = fixture_object(fixture, i == 1 ? int_type : str_type);
        if (values[i])
            fixture_set_value(fixture, keys[i], values[i]);
        fixture_tail(fixture, registry, HS_TAIL_PAIR, keys[i]);
        fixture_tail(fixture, registry, HS_TAIL_PAIR, fixture_object(fixture, int_type));
    }
    fixture_global(fixture, package, "b", sub);
    fixture_labelled(fixture, module, HS_REF_KEY, NULL, true, keys[0]);
    fixture_global(fixture, module, "registry", registry);
    fixture_labelled(fixture, module, HS_REF_KEY, NULL, true, keys[1]);
    uint32_t orphan, lonely = fixture_object(fixture, int_type);
    fixture_module(fixture, "a.c", &orphan);
    fixture_global(fixture, orphan, "x", lonely);
    struct heap heap;
    heap_open(&heap, fixture);
    static const struct {
        int key;
        const char *path;
    } expected[] = {
        {0, "a.b.registry['name']"},
        {1, "a.b.registry[-12]"},
        {2, "list(a.b.registry.values())[2]"},
        {3, "list(a.b.registry.values())[3]"},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        struct hs_chain chain;
        heap_check(hs_chain_find(heap.db, "main", heap.reader, keys[expected[i].key] + 1, HS_TO_MODULE, NULL,
                                 &chain));
        expect(expected[i].path, &chain);
        hs_chain_deinit(&chain);
    }
    struct hs_chain chain;
    heap_check(hs_chain_find(heap.db, "main", heap.reader, keys[1], HS_TO_MODULE, NULL, &chain));
    expect("list(a.b.__dict__)[1]", &chain); /* the second key, though the third reference */
    hs_chain_deinit(&chain);
    heap_check(hs_chain_find(heap.db, "main", heap.reader, lonely, HS_TO_MODULE, NULL, &chain));
    expect("sys.modules['a.c'].x", &chain);
    hs_chain_deinit(&chain);
    heap_close(&heap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_literals),
        cmocka_unit_test(test_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
