/* Pictures: hostile names stay text, and what comes out is what Graphviz reads back. */
#include "query/draw.h"
#include "query/wording.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        assert_non_null(strstr(error->message, ".svg, .html, .png or .dot"));
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

static void add(struct hs_drawing *drawing, uint32_t box, const char *type, const char *value)
{
    struct hs_draw_node node = {.box = box,
                                .kind = hs_draw_kind_of(type),
                                .name = type,
                                .value = value,
                                .note = "64 B",
                                .tooltip = type};
    assert_null(hs_drawing_node(drawing, &node));
}

static void join(struct hs_drawing *drawing, uint32_t src, uint32_t dst, const char *label)
{
    struct hs_draw_arrow arrow = {.src = src, .dst = dst, .label = label, .tooltip = label, .owning = true};
    assert_null(hs_drawing_edge(drawing, &arrow));
}

static struct hs_error *render(struct hs_drawing *drawing, enum hs_draw_format format, struct hs_drawn *ret)
{
    return hs_drawing_render(drawing, &(struct hs_draw_wanted){.format = format, .legend = true}, ret);
}

static char *render_dot(struct hs_drawing *drawing)
{
    struct hs_drawn drawn;
    assert_null(render(drawing, HS_DRAW_DOT, &drawn));
    assert_int_equal(strlen(drawn.data), drawn.bytes);
    return drawn.data;
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
        join(drawing, i, i + 1, hostile[i]);
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
        assert_null(strpbrk(agget(node, (char *)"tooltip"), "\x1b\x07\t\n"));
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
    add(drawing, 2, "a_very_long_type_name_that_nobody_wants.to_read_in_a_box", "v\nw");
    char *dot = render_dot(drawing);
    Agraph_t *graph = agmemread(dot);
    assert_non_null(graph);
    assert_string_equal(label_of(graph, "b1"), "\\\\N &amp; co\\n64 B");
    assert_string_equal(label_of(graph, "b2"), "a_very_long_type_na...s.to_read_in_a_box\\nv\\\\nw\\n64 B");
    agclose(graph);
    free(dot);
    hs_drawing_destroy(drawing);
}

/* A megabyte of name, in every place where a name can stand. */
static void test_long_names(void **state)
{
    (void)state;
    char *name = malloc(1 << 20);
    assert_non_null(name);
    for (size_t i = 0; i < 1 << 20; i++)
        name[i] = "\xe2\x80\xae"[i % 3]; /* right-to-left overrides */
    name[(1 << 20) - 1] = '\0';
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    add(drawing, 1, name, name);
    add(drawing, 2, name, name);
    join(drawing, 1, 2, name);
    assert_null(hs_drawing_root(drawing, 1, name));
    char *dot = render_dot(drawing);
    assert_true(strlen(dot) < 20000);
    free(dot);
    free(name);
    hs_drawing_destroy(drawing);
}

/* Relative luminance and contrast as WCAG 2 defines them. */
static double luminance(const char *colour)
{
    unsigned rgb[3];
    assert_int_equal(sscanf(colour, "#%2x%2x%2x", &rgb[0], &rgb[1], &rgb[2]), 3);
    static const double weight[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (int i = 0; i < 3; i++) {
        double c = rgb[i] / 255.0;
        sum += weight[i] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

static double contrast(const char *a, const char *b)
{
    double x = luminance(a), y = luminance(b);
    return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

static void test_text_can_be_read_on_every_shade(void **state)
{
    (void)state;
    for (enum hs_draw_kind kind = 0; kind < HS_DRAW_KINDS; kind++) {
        const struct hs_shade *shade = hs_draw_shade(kind);
        assert_true(contrast(shade->fill, shade->text) >= 4.5);
        assert_true(contrast(shade->border, "#ffffff") >= 3);
        for (enum hs_draw_kind other = 0; other < kind; other++) {
            assert_string_not_equal(shade->fill, hs_draw_shade(other)->fill);
            assert_string_not_equal(hs_draw_kind_name(kind), hs_draw_kind_name(other));
        }
    }
}

/* Renders, or skips the test where this machine has no libgvc. */
static struct hs_drawn drawn_or_skip(struct hs_drawing *drawing, const struct hs_draw_wanted *wanted)
{
    struct hs_drawn drawn;
    struct hs_error *error = hs_drawing_render(drawing, wanted, &drawn);
    if (error && strstr(error->message, "apt-get install graphviz")) {
        hs_error_destroy(error);
        hs_drawing_destroy(drawing);
        skip();
    }
    assert_null(error);
    return drawn;
}

static void test_svg_and_png(void **state)
{
    (void)state;
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    add(drawing, 1, "module", "<script>alert(1)</script>");
    add(drawing, 2, "dict", "]]> & \"");
    join(drawing, 1, 2, "<x>");
    struct hs_draw_wanted wanted = {.format = HS_DRAW_SVG, .legend = true};
    struct hs_drawn drawn = drawn_or_skip(drawing, &wanted);
    assert_non_null(strstr(drawn.data, "</svg>"));
    assert_null(strstr(drawn.data, "<script"));
    assert_non_null(strstr(drawn.data, "&lt;script&gt;"));
    assert_non_null(strstr(drawn.data, ">container<"));
    assert_null(strstr(drawn.data, ">instance<")); /* the legend has what is drawn */
    assert_true(drawn.width > 50 && drawn.height > 50);
    assert_false(drawn.plain);
    free(drawn.data);
    wanted.format = HS_DRAW_PNG;
    drawn = drawn_or_skip(drawing, &wanted);
    assert_true(drawn.bytes > 100);
    assert_memory_equal(drawn.data, "\x89PNG\r\n\x1a\n", 8);
    free(drawn.data);
    hs_drawing_destroy(drawing);
}

static void test_says_what_does_not_fit(void **state)
{
    (void)state;
    struct hs_drawing *drawing = create(HS_DRAW_DOWN);
    add(drawing, 1, "module", "a");
    struct hs_draw_wanted wanted = {.format = HS_DRAW_SVG, .width = 10, .height = 1000};
    struct hs_drawn drawn = drawn_or_skip(drawing, &wanted);
    assert_null(drawn.data);
    assert_true(drawn.width > 10);
    wanted.width = 1000;
    drawn = drawn_or_skip(drawing, &wanted);
    assert_non_null(drawn.data);
    free(drawn.data);
    hs_drawing_destroy(drawing);
}

/* More arrows than dot can lay out in a second: it is stopped, and every box has a place all the same. */
static void test_a_layout_that_takes_too_long(void **state)
{
    (void)state;
    enum { BOXES = 200 };
    struct hs_drawing *drawing = create(HS_DRAW_RIGHT);
    for (uint32_t i = 0; i < BOXES; i++)
        add(drawing, i, "list", NULL);
    for (uint32_t i = 0; i < BOXES; i++)
        for (uint32_t j = 1; j <= 30; j++)
            join(drawing, i, (i * 7 + j * 11) % BOXES, "x");
    struct hs_draw_wanted wanted = {.format = HS_DRAW_SVG, .cpu_seconds = 1};
    struct hs_drawn drawn = drawn_or_skip(drawing, &wanted);
    assert_true(drawn.plain);
    size_t boxes = 0;
    for (const char *at = drawn.data; (at = strstr(at, "class=\"node")); at++)
        boxes++;
    assert_int_equal(boxes, BOXES);
    free(drawn.data);
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
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_text_can_be_read_on_every_shade),
        cmocka_unit_test(test_svg_and_png),
        cmocka_unit_test(test_says_what_does_not_fit),
        cmocka_unit_test(test_a_layout_that_takes_too_long),
#else
        cmocka_unit_test(test_says_what_is_missing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
