#include "query/draw.h"

#include "format/publish.h"
#include "format/text.h"
#include "query/draw_layout.h"
#include "query/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum hs_draw_kind hs_draw_kind_of(const char *type)
{
    static const struct {
        const char *type;
        enum hs_draw_kind kind;
    } known[] = {
        {"module", HS_DRAW_MODULE},
        {"type", HS_DRAW_CLASS},
        {"abc.ABCMeta", HS_DRAW_CLASS},
        {"enum.EnumType", HS_DRAW_CLASS},
        {"frame", HS_DRAW_FRAME},
        {"generator", HS_DRAW_FRAME},
        {"coroutine", HS_DRAW_FRAME},
        {"async_generator", HS_DRAW_FRAME},
        {"_thread._local", HS_DRAW_FRAME},
        {"threading.Thread", HS_DRAW_FRAME},
        {"function", HS_DRAW_FUNCTION},
        {"builtin_function_or_method", HS_DRAW_FUNCTION},
        {"method", HS_DRAW_FUNCTION},
        {"code", HS_DRAW_FUNCTION},
        {"cell", HS_DRAW_FUNCTION},
        {"classmethod", HS_DRAW_FUNCTION},
        {"staticmethod", HS_DRAW_FUNCTION},
        {"property", HS_DRAW_FUNCTION},
        {"functools.partial", HS_DRAW_FUNCTION},
        {"functools._lru_cache_wrapper", HS_DRAW_FUNCTION},
        {"dict", HS_DRAW_CONTAINER},
        {"list", HS_DRAW_CONTAINER},
        {"tuple", HS_DRAW_CONTAINER},
        {"set", HS_DRAW_CONTAINER},
        {"frozenset", HS_DRAW_CONTAINER},
        {"mappingproxy", HS_DRAW_CONTAINER},
        {"collections.deque", HS_DRAW_CONTAINER},
        {"collections.OrderedDict", HS_DRAW_CONTAINER},
        {"collections.defaultdict", HS_DRAW_CONTAINER},
        {"collections.Counter", HS_DRAW_CONTAINER},
        {"weakref.WeakKeyDictionary", HS_DRAW_CONTAINER},
        {"weakref.WeakValueDictionary", HS_DRAW_CONTAINER},
        {"str", HS_DRAW_VALUE},
        {"bytes", HS_DRAW_VALUE},
        {"bytearray", HS_DRAW_VALUE},
        {"int", HS_DRAW_VALUE},
        {"float", HS_DRAW_VALUE},
        {"complex", HS_DRAW_VALUE},
        {"bool", HS_DRAW_VALUE},
        {"NoneType", HS_DRAW_VALUE},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (!strcmp(known[i].type, type))
            return known[i].kind;
    return HS_DRAW_INSTANCE;
}

struct hs_error *hs_draw_format_find(const char *path, enum hs_draw_format *ret)
{
    static const char *const extension[] = {
        [HS_DRAW_DOT] = ".dot", [HS_DRAW_SVG] = ".svg", [HS_DRAW_PNG] = ".png"};
    const char *slash = strrchr(path, '/');
    const char *found = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; found && i < sizeof(extension) / sizeof(extension[0]); i++) {
        if (!strcmp(found, extension[i])) {
            *ret = (enum hs_draw_format)i;
            return NULL;
        }
    }
    return hs_error_create(HS_ERROR_USAGE, "%s: a picture's name ends in .svg, .png or .dot", path);
}

void hs_draw_format_other(const char *path, struct hs_text *ret)
{
    enum hs_draw_format format;
    struct hs_error *unknown = hs_draw_format_find(path, &format);
    const char *dot = strrchr(path, '.');
    hs_text_put(ret, path, dot ? (size_t)(dot - path) : strlen(path));
    hs_text_puts(ret, unknown ? ".svg" : ".dot");
    hs_error_destroy(unknown);
}

struct hs_error *hs_drawing_write(struct hs_drawing *drawing, const char *path, bool overwrite)
{
    enum hs_draw_format format;
    struct hs_error *error = hs_draw_format_find(path, &format);
    if (error)
        return error;
    /* First, so that a file that cannot be written is known before the work. */
    struct hs_publish *publish;
    error = hs_publish_create(path, overwrite, &publish);
    if (error)
        return error;
    char *data = NULL;
    size_t bytes = 0;
    error = hs_error_prefix(hs_drawing_render(drawing, format, &data, &bytes), "%s", path);
    if (!error)
        error = hs_publish_write(publish, data, bytes);
    if (!error)
        error = hs_publish_commit(publish, NULL);
    free(data);
    hs_publish_destroy(publish);
    return error;
}

#ifdef HS_HAVE_GRAPHVIZ

#include <cgraph.h>

/* Longer lines make a box nobody reads; the table has the whole text. */
#define LINE_COLUMNS 40

/* Fill and text per kind. The fills differ in lightness as well as in hue, so that they can be told apart
 * without seeing red or green. */
static const struct {
    const char *fill, *border, *text;
} shade[HS_DRAW_KINDS] = {
    [HS_DRAW_INSTANCE] = {"#ffffff", "#333333", "#111111"},
    [HS_DRAW_MODULE] = {"#1b7f4d", "#0d4a2c", "#ffffff"},
    [HS_DRAW_CLASS] = {"#f4e285", "#8a7a14", "#111111"},
    [HS_DRAW_FUNCTION] = {"#d9cbee", "#6a4c93", "#111111"},
    [HS_DRAW_FRAME] = {"#f0a35e", "#8f4f10", "#111111"},
    [HS_DRAW_CONTAINER] = {"#b9dcf4", "#2b6c99", "#111111"},
    [HS_DRAW_VALUE] = {"#e6e6e6", "#777777", "#333333"},
};
static const char target_colour[] = "#c8102e";
static const char font[] = "DejaVu Sans,Verdana,Helvetica,sans-serif";

struct hs_drawing {
    Agraph_t *graph;
    size_t nodes;
    unsigned extras; /* boxes that are no object: names for the next one */
};

/* The parameters of cgraph are char * by age, not because it writes to them. */
static void set(void *object, const char *name, const char *value)
{
    agsafeset(object, (char *)name, (char *)value, (char *)"");
}

/* Plain text as the inside of a label: Graphviz takes backslashes for escapes and ampersands for HTML
 * entities. */
static void put_label(struct hs_text *label, const char *data, size_t columns)
{
    struct hs_text line = {0};
    hs_text_clip(&line, data, strlen(data), columns);
    for (const char *at = hs_text_string(&line); *at; at++) {
        if (*at == '\\')
            hs_text_puts(label, "\\\\");
        else if (*at == '&')
            hs_text_puts(label, "&amp;");
        else
            hs_text_put(label, at, 1);
    }
    label->failed |= line.failed;
    hs_text_deinit(&line);
}

static struct hs_error *set_label(void *object, struct hs_text *label)
{
    struct hs_error *error = hs_text_error(label);
    if (!error)
        set(object, "label", hs_text_string(label));
    hs_text_deinit(label);
    return error;
}

/* Graphviz prints its complaints on stderr unless told otherwise; what matters to us we see by the results.
 */
static int drop_message(char *message)
{
    (void)message;
    return 0;
}

struct hs_error *hs_drawing_create(const char *title, enum hs_draw_direction direction,
                                   struct hs_drawing **ret)
{
    agseterrf(drop_message);
    struct hs_drawing *drawing = calloc(1, sizeof(*drawing));
    if (!drawing)
        return &hs_error_memory;
    drawing->graph = agopen((char *)"heap", Agdirected, NULL);
    if (!drawing->graph) {
        free(drawing);
        return &hs_error_memory;
    }
    set(drawing->graph, "rankdir", direction == HS_DRAW_RIGHT ? "LR" : "TB");
    agattr(drawing->graph, AGEDGE, (char *)"label", (char *)"");
    set(drawing->graph, "charset", "UTF-8");
    set(drawing->graph, "bgcolor", "#ffffff");
    set(drawing->graph, "fontname", font);
    set(drawing->graph, "fontsize", "13");
    set(drawing->graph, "nodesep", direction == HS_DRAW_RIGHT ? "0.15" : "0.3");
    set(drawing->graph, "ranksep", direction == HS_DRAW_RIGHT ? "0.9" : "0.45");
    set(drawing->graph, "pad", "0.2");
    set(drawing->graph, "labelloc", "t");
    *ret = drawing;
    if (!title)
        return NULL;
    struct hs_text label = {0};
    put_label(&label, title, 90);
    struct hs_error *error = set_label(drawing->graph, &label);
    if (error) {
        hs_drawing_destroy(drawing);
        *ret = NULL;
    }
    return error;
}

void hs_drawing_destroy(struct hs_drawing *drawing)
{
    if (!drawing)
        return;
    agclose(drawing->graph);
    free(drawing);
}

static Agnode_t *find_node(const struct hs_drawing *drawing, uint32_t object, bool create)
{
    char name[16];
    snprintf(name, sizeof(name), "o%u", object);
    return agnode(drawing->graph, name, create);
}

bool hs_drawing_has(const struct hs_drawing *drawing, uint32_t object)
{
    return find_node(drawing, object, false);
}

size_t hs_drawing_nodes(const struct hs_drawing *drawing)
{
    return drawing->nodes;
}

static void set_box(Agnode_t *box, const char *style, const char *fill, const char *border, const char *text)
{
    set(box, "shape", "box");
    set(box, "style", style);
    set(box, "fontname", font);
    set(box, "fontsize", "11");
    set(box, "margin", "0.12,0.06");
    set(box, "fillcolor", fill);
    set(box, "color", border);
    set(box, "fontcolor", text);
}

struct hs_error *hs_drawing_node(struct hs_drawing *drawing, const struct hs_draw_node *node)
{
    if (hs_drawing_has(drawing, node->object))
        return NULL;
    Agnode_t *box = find_node(drawing, node->object, true);
    if (!box)
        return &hs_error_memory;
    drawing->nodes++;
    set_box(box, "filled,rounded", shade[node->kind].fill, shade[node->kind].border, shade[node->kind].text);
    if (node->target) {
        set(box, "color", target_colour);
        set(box, "penwidth", "3");
    }
    struct hs_text label = {0};
    put_label(&label, node->type, LINE_COLUMNS);
    if (node->value) {
        hs_text_puts(&label, "\\n");
        put_label(&label, node->value, LINE_COLUMNS);
    }
    if (node->note) {
        hs_text_puts(&label, "\\n");
        put_label(&label, node->note, LINE_COLUMNS);
    }
    return set_label(box, &label);
}

static struct hs_error *connect(struct hs_drawing *drawing, Agnode_t *src, Agnode_t *dst, const char *style,
                                Agedge_t **ret)
{
    Agedge_t *edge = src && dst ? agedge(drawing->graph, src, dst, NULL, 1) : NULL;
    if (!edge)
        return &hs_error_memory;
    set(edge, "style", style);
    set(edge, "color", "#555555");
    set(edge, "arrowsize", "0.7");
    set(edge, "fontname", font);
    set(edge, "fontsize", "10");
    if (ret)
        *ret = edge;
    return NULL;
}

/* Whether there is an arrow with that label already. */
static bool has_edge(const struct hs_drawing *drawing, Agnode_t *src, Agnode_t *dst, const char *label)
{
    for (Agedge_t *edge = agfstout(drawing->graph, src); edge; edge = agnxtout(drawing->graph, edge))
        if (aghead(edge) == dst && !strcmp(agget(edge, (char *)"label"), label))
            return true;
    return false;
}

struct hs_error *hs_drawing_edge(struct hs_drawing *drawing, uint32_t src, uint32_t dst, const char *label,
                                 bool owning, bool main)
{
    Agnode_t *from = find_node(drawing, src, false), *to = find_node(drawing, dst, false);
    if (!from || !to)
        return &hs_error_memory;
    /* Blanks keep the text off the line. */
    struct hs_text text = {0};
    hs_text_puts(&text, " ");
    put_label(&text, label ? label : "", LINE_COLUMNS);
    hs_text_puts(&text, " ");
    Agedge_t *edge = NULL;
    struct hs_error *error = hs_text_error(&text);
    if (!error && !has_edge(drawing, from, to, hs_text_string(&text)))
        error = connect(drawing, from, to, owning ? "solid" : "dashed", &edge);
    if (error || !edge) {
        hs_text_deinit(&text);
        return error;
    }
    if (main) {
        set(edge, "color", "#111111");
        set(edge, "penwidth", "1.8");
        set(edge, "weight", "20"); /* keeps it straight */
    }
    return set_label(edge, &text);
}

static struct hs_error *add_extra(struct hs_drawing *drawing, Agnode_t **ret)
{
    char name[16];
    snprintf(name, sizeof(name), "x%u", drawing->extras++);
    *ret = agnode(drawing->graph, name, 1);
    return *ret ? NULL : &hs_error_memory;
}

struct hs_error *hs_drawing_root(struct hs_drawing *drawing, uint32_t object, const char *name)
{
    char id[16];
    snprintf(id, sizeof(id), "r%u", object);
    if (agnode(drawing->graph, id, 0))
        return NULL;
    Agnode_t *oval = agnode(drawing->graph, id, 1);
    if (!oval)
        return &hs_error_memory;
    set_box(oval, "filled", shade[HS_DRAW_FRAME].fill, shade[HS_DRAW_FRAME].border,
            shade[HS_DRAW_FRAME].text);
    set(oval, "shape", "ellipse");
    struct hs_text label = {0};
    put_label(&label, name, LINE_COLUMNS);
    struct hs_error *error = set_label(oval, &label);
    return error ? error : connect(drawing, oval, find_node(drawing, object, false), "solid", NULL);
}

static struct hs_error *add_more(struct hs_drawing *drawing, uint64_t count, Agnode_t **ret)
{
    struct hs_error *error = add_extra(drawing, ret);
    if (error)
        return error;
    set_box(*ret, "dashed,rounded", "#ffffff", "#777777", "#555555");
    struct hs_text label = {0};
    char quantity[HS_QUANTITY_MAX];
    hs_text_printf(&label, "%s more", hs_count_format(quantity, count));
    return set_label(*ret, &label);
}

struct hs_error *hs_drawing_more(struct hs_drawing *drawing, uint32_t object, uint64_t count, bool holders)
{
    Agnode_t *box, *known = find_node(drawing, object, false);
    struct hs_error *error = add_more(drawing, count, &box);
    return error ? error : connect(drawing, holders ? box : known, holders ? known : box, "dotted", NULL);
}

struct hs_error *hs_drawing_skip(struct hs_drawing *drawing, uint32_t src, uint32_t dst, uint64_t count)
{
    Agnode_t *box, *from = find_node(drawing, src, false), *to = find_node(drawing, dst, false);
    struct hs_error *error = add_more(drawing, count, &box);
    if (!error)
        error = connect(drawing, from, box, "dotted", NULL);
    return error ? error : connect(drawing, box, to, "dotted", NULL);
}

static struct hs_error *write_dot(struct hs_drawing *drawing, char **ret, size_t *ret_bytes)
{
    *ret = NULL;
    FILE *file = open_memstream(ret, ret_bytes);
    if (!file)
        return &hs_error_memory;
    bool failed = agwrite(drawing->graph, file) || ferror(file);
    if (fclose(file) || failed) {
        free(*ret);
        return &hs_error_memory;
    }
    return NULL;
}

struct hs_error *hs_drawing_render(struct hs_drawing *drawing, enum hs_draw_format format, char **ret,
                                   size_t *ret_bytes)
{
    if (format == HS_DRAW_DOT)
        return write_dot(drawing, ret, ret_bytes);
    return hs_layout_run(drawing->graph, format == HS_DRAW_PNG ? "png" : "svg", ret, ret_bytes);
}

#else /* no Graphviz */

static struct hs_error *no_graphviz(void)
{
    return hs_error_create(HS_ERROR_USAGE, "cannot draw: built without Graphviz; try: apt-get install "
                                           "libgraphviz-dev, and make again");
}

struct hs_error *hs_drawing_create(const char *title, enum hs_draw_direction direction,
                                   struct hs_drawing **ret)
{
    (void)title, (void)direction, (void)ret;
    return no_graphviz();
}

void hs_drawing_destroy(struct hs_drawing *drawing)
{
    (void)drawing;
}

struct hs_error *hs_drawing_node(struct hs_drawing *drawing, const struct hs_draw_node *node)
{
    (void)drawing, (void)node;
    return no_graphviz();
}

bool hs_drawing_has(const struct hs_drawing *drawing, uint32_t object)
{
    (void)drawing, (void)object;
    return false;
}

size_t hs_drawing_nodes(const struct hs_drawing *drawing)
{
    (void)drawing;
    return 0;
}

struct hs_error *hs_drawing_edge(struct hs_drawing *drawing, uint32_t src, uint32_t dst, const char *label,
                                 bool owning, bool main)
{
    (void)drawing, (void)src, (void)dst, (void)label, (void)owning, (void)main;
    return no_graphviz();
}

struct hs_error *hs_drawing_root(struct hs_drawing *drawing, uint32_t object, const char *name)
{
    (void)drawing, (void)object, (void)name;
    return no_graphviz();
}

struct hs_error *hs_drawing_more(struct hs_drawing *drawing, uint32_t object, uint64_t count, bool holders)
{
    (void)drawing, (void)object, (void)count, (void)holders;
    return no_graphviz();
}

struct hs_error *hs_drawing_skip(struct hs_drawing *drawing, uint32_t src, uint32_t dst, uint64_t count)
{
    (void)drawing, (void)src, (void)dst, (void)count;
    return no_graphviz();
}

struct hs_error *hs_drawing_render(struct hs_drawing *drawing, enum hs_draw_format format, char **ret,
                                   size_t *ret_bytes)
{
    (void)drawing, (void)format, (void)ret, (void)ret_bytes;
    return no_graphviz();
}

#endif
