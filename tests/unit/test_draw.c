/* Pictures: hostile names stay text, and what comes out is what Graphviz reads back. */
#include "query/draw.h"
#include "query/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HS_HAVE_GRAPHVIZ
#include <cgraph.h>
#endif

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(hs_draw_kind_of("module"), HS_DRAW_MODULE);
    assert_int_equal(hs_draw_kind_of("dict"), HS_DRAW_CONTAINER);
    assert_int_equal(hs_draw_kind_of("webapp.DB"), HS_DRAW_INSTANCE);
}

static void check_ref(uint8_t kind, const char *name, uint32_t slot, const char *holder, const char *expected)
{
    char *text;
    assert_null(hs_ref_format(kind, name, name ? strlen(name) : 0, slot, holder, &text));
    assert_string_equal(text, expected);
    free(text);
}

static void test_references_read_like_python(void **state)
{
    (void)state;
    check_ref(HS_REF_ATTRIBUTE, "db", 0, "webapp.Session", ".db");
    check_ref(HS_REF_GLOBAL, "_cache", 3, "dict", "._cache");
    check_ref(HS_REF_MEMBER, "__dict__", HS_NO_LABEL, "module", ".__dict__");
    check_ref(HS_REF_MEMBER, NULL, HS_NO_LABEL, "module", ".?");
    check_ref(HS_REF_ITEM, NULL, 12, "list", "[12]");
    check_ref(HS_REF_VALUE, NULL, 19, "dict", ".values()[19]");
    check_ref(HS_REF_VALUE, "'site'", 19, "dict", "['site']");
    check_ref(HS_REF_KEY, NULL, 2, "dict", ".keys()[2]");
    check_ref(HS_REF_KEY, NULL, 2, "frozenset", "element #2");
    check_ref(HS_REF_LOCAL, "job", HS_NO_LABEL, "frame", "local job");
    check_ref(HS_REF_CELL, "registry", HS_NO_LABEL, "function", "closure registry");
    check_ref(HS_REF_CELL, "cell_contents", HS_NO_LABEL, "cell", ".cell_contents");
    check_ref(HS_REF_TYPE, NULL, HS_NO_LABEL, "webapp.DB", "type");
    check_ref(HS_REF_INTERNAL, NULL, 1, "itertools.chain", "internal #1");
    check_ref(HS_REF_INTERNAL, "wr_object", HS_NO_LABEL, "weakref.ReferenceType", "internal wr_object");
}

static void check_root(unsigned kind, const char *name, const char *thread, const char *expected)
{
    struct hs_text text = {0};
    hs_root_format(&text, kind, name, thread);
    assert_string_equal(hs_text_string(&text), expected);
    hs_text_deinit(&text);
}

static void test_roots_in_words(void **state)
{
    (void)state;
    check_root(HS_ROOT_FRAME, "serve.job", "worker-1", "local job of serve() in thread worker-1");
    check_root(HS_ROOT_FRAME, "Pool.run.<locals>.go.job", NULL, "local job of Pool.run.<locals>.go()");
    check_root(HS_ROOT_INTERPRETER, "builtins", NULL, "interpreter builtins");
    check_root(HS_ROOT_STATIC, NULL, NULL, "static");
}

static void test_format_by_name(void **state)
{
    (void)state;
    enum hs_draw_format format;
    assert_null(hs_draw_format_find("a.dot", &format));
    assert_int_equal(format, HS_DRAW_DOT);
    assert_null(hs_draw_format_find("dir.png/a.svg", &format));
    assert_int_equal(format, HS_DRAW_SVG);
    static const char *const wrong[] = {"a.pdf", "svg", "dir.svg/a", "a.svg.gz", ""};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct hs_error *error = hs_draw_format_find(wrong[i], &format);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_USAGE);
        assert_non_null(strstr(error->message, ".svg, .png or .dot"));
        hs_error_destroy(error);
    }
}

#ifdef HS_HAVE_GRAPHVIZ

static struct hs_drawing *create(enum hs_draw_direction direction)
{
    struct hs_drawing *drawing;
    assert_null(hs_drawing_create("a title", direction, &drawing));
    return drawing;
}

static void add(struct hs_drawing *drawing, uint32_t object, const char *type, const char *value)
{
    struct hs_draw_node node = {
        .object = object, .kind = hs_draw_kind_of(type), .type = type, .value = value, .note = "64 B"};
    assert_null(hs_drawing_node(drawing, &node));
}

static char *render_dot(struct hs_drawing *drawing)
{
    char *dot;
    size_t bytes;
    assert_null(hs_drawing_render(drawing, HS_DRAW_DOT, &dot, &bytes));
    assert_int_equal(strlen(dot), bytes);
    return dot;
}

/* Names that would break out of pasted DOT, or mean something in a label. */
static const char *const hostile[] = {
    "\"]; evil [label=\"gotcha",
    "<b>bold</b>",
    "<<table><tr><td>x</td></tr></table>>",
    "{a|b|<port>c}",
    "\\N \\G \\E \\l \\r \\L",
    "back\\",
    "&lt;&#65;&quot;",
    "new\nline\ttab",
    "\x1b]0;owned\x07",
    "\xe2\x80\xaegnp.exe",
    "\xff\xfe",
    "\xed\xa0\x80",
    "a -> b; subgraph cluster_x { c }",
    "/* comment */ // # \"",
    "",
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static void test_hostile_names_stay_text(void **state)
{
    (void)state;
    struct hs_drawing *drawing = create(HS_DRAW_RIGHT);
    add(drawing, 0, "module", "start");
    for (uint32_t i = 0; i < HOSTILE; i++) {
        add(drawing, i + 1, hostile[i], hostile[i]);
        assert_null(hs_drawing_edge(drawing, i, i + 1, hostile[i], true, false));
        assert_null(hs_drawing_root(drawing, i + 1, hostile[i]));
    }
    char *dot = render_dot(drawing);
    Agraph_t *graph = agmemread(dot);
    assert_non_null(graph);
    assert_int_equal(agnnodes(graph), 2 * HOSTILE + 1);
    assert_int_equal(agnedges(graph), 2 * HOSTILE);
    assert_null(agfstsubg(graph));
    for (Agnode_t *node = agfstnode(graph); node; node = agnxtnode(graph, node)) {
        const char *label = agget(node, (char *)"label"), *shape = agget(node, (char *)"shape");
        assert_false(aghtmlstr((char *)label));
        assert_true(!strcmp(shape, "box") || !strcmp(shape, "ellipse"));
        assert_null(strpbrk(label, "\x1b\x07\t"));
    }
    agclose(graph);
    free(dot);
    hs_drawing_destroy(drawing);
}

static const char *label_of(Agraph_t *graph, const char *name)
{
    Agnode_t *node = agnode(graph, (char *)name, 0);
    assert_non_null(node);
    return agget(node, (char *)"label");
}

static void test_labels(void **state)
{
    (void)state;
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    add(drawing, 1, "\\N & co", NULL);
    add(drawing, 2, "a_very_long_type_name_that_nobody_wants_to_read_in_a_box", "v\nw");
    char *dot = render_dot(drawing);
    Agraph_t *graph = agmemread(dot);
    assert_non_null(graph);
    assert_string_equal(label_of(graph, "o1"), "\\\\N &amp; co\\n64 B");
    assert_string_equal(label_of(graph, "o2"), "a_very_long_type_name_that_nobody_wan...\\nv\\\\nw\\n64 B");
    agclose(graph);
    free(dot);
    hs_drawing_destroy(drawing);
}

static void test_same_things_once(void **state)
{
    (void)state;
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    for (int i = 0; i < 2; i++) {
        add(drawing, 1, "module", NULL);
        add(drawing, 2, "dict", NULL);
        assert_null(hs_drawing_edge(drawing, 1, 2, ".__dict__", true, true));
        assert_null(hs_drawing_root(drawing, 1, "thread 1"));
    }
    assert_null(hs_drawing_edge(drawing, 1, 2, ".other", false, false));
    assert_null(hs_drawing_more(drawing, 2, 12, true));
    assert_null(hs_drawing_skip(drawing, 1, 2, 1234567));
    assert_true(hs_drawing_has(drawing, 2));
    assert_false(hs_drawing_has(drawing, 3));
    assert_int_equal(hs_drawing_nodes(drawing), 2);
    char *dot = render_dot(drawing);
    Agraph_t *graph = agmemread(dot);
    assert_non_null(graph);
    assert_int_equal(agnnodes(graph), 5);
    assert_int_equal(agnedges(graph), 6);
    assert_non_null(strstr(dot, "12 more"));
    assert_non_null(strstr(dot, "1,234,567 more"));
    agclose(graph);
    free(dot);
    hs_drawing_destroy(drawing);
}

static void test_svg_and_png(void **state)
{
    (void)state;
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    add(drawing, 1, "module", "<script>alert(1)</script>");
    add(drawing, 2, "dict", "]]> & \"");
    assert_null(hs_drawing_edge(drawing, 1, 2, "<x>", true, true));
    char *data;
    size_t bytes;
    struct hs_error *error = hs_drawing_render(drawing, HS_DRAW_SVG, &data, &bytes);
    if (error && strstr(error->message, "apt-get install graphviz")) {
        hs_error_destroy(error);
        hs_drawing_destroy(drawing);
        skip(); /* no libgvc on this machine */
    }
    assert_null(error);
    assert_non_null(strstr(data, "</svg>"));
    assert_null(strstr(data, "<script"));
    assert_non_null(strstr(data, "&lt;script&gt;"));
    free(data);
    assert_null(hs_drawing_render(drawing, HS_DRAW_PNG, &data, &bytes));
    assert_true(bytes > 100);
    assert_memory_equal(data, "\x89PNG\r\n\x1a\n", 8);
    free(data);
    hs_drawing_destroy(drawing);
}

static void test_never_overwrites(void **state)
{
    (void)state;
    char path[] = "/tmp/hs_test_draw_XXXXXX.dot";
    int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "mine", 4), 4);
    close(fd);
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    add(drawing, 1, "module", NULL);
    struct hs_error *error = hs_drawing_write(drawing, path, false);
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_EXISTS);
    assert_non_null(strstr(error->message, path));
    hs_error_destroy(error);
    struct stat now;
    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(now.st_size, 4);
    assert_null(hs_drawing_write(drawing, path, true));
    assert_int_equal(stat(path, &now), 0);
    assert_true(now.st_size > 100);
    assert_int_equal(now.st_mode & 0777, 0600);
    unlink(path);
    hs_drawing_destroy(drawing);
}

#else

static void test_says_what_is_missing(void **state)
{
    (void)state;
    struct hs_drawing *drawing;
    struct hs_error *error = hs_drawing_create(NULL, HS_DRAW_DOWN, &drawing);
    assert_non_null(error);
    assert_non_null(strstr(error->message, "libgraphviz-dev"));
    hs_error_destroy(error);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_format_by_name),
        cmocka_unit_test(test_references_read_like_python),
        cmocka_unit_test(test_roots_in_words),
#ifdef HS_HAVE_GRAPHVIZ
        cmocka_unit_test(test_hostile_names_stay_text),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_same_things_once),
        cmocka_unit_test(test_svg_and_png),
        cmocka_unit_test(test_never_overwrites),
#else
        cmocka_unit_test(test_says_what_is_missing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
