#include "query/draw.h"

#include "format/text.h"
#include "query/draw_internal.h"
#include "query/draw_layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hs_error *hs_draw_format_find(const char *path, enum hs_draw_format *ret)
{
    static const char *const extension[] = {
        [HS_DRAW_DOT] = ".dot", [HS_DRAW_SVG] = ".svg", [HS_DRAW_PNG] = ".png", [HS_DRAW_HTML] = ".html"};
    const char *slash = strrchr(path, '/');
    const char *found = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; found && i < sizeof(extension) / sizeof(extension[0]); i++) {
        if (!strcmp(found, extension[i])) {
            *ret = (enum hs_draw_format)i;
            return NULL;
        }
    }
    return hs_error_create(HS_ERROR_USAGE, "%s: a picture's name ends in .svg, .html, .png or .dot", path);
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

#ifdef HS_HAVE_GRAPHVIZ

/* Longer lines make a box nobody reads; the tooltip has more. */
#define LINE_COLUMNS    40
#define LABEL_COLUMNS   28
#define ROOT_COLUMNS    30
#define TITLE_COLUMNS   90
#define TOOLTIP_COLUMNS 1000

static const char target_colour[] = "#b3122b";
const char hs_draw_font[] = "DejaVu Sans,Verdana,Helvetica,sans-serif";

struct hs_drawing {
    Agraph_t *graph;
    enum hs_draw_direction direction;
    unsigned extras; /* boxes that are no object: names for the next one */
};

void hs_draw_set(void *object, const char *name, const char *value)
{
    agsafeset(object, (char *)name, (char *)value, (char *)"");
}

/* Text, escaped for people already, as the inside of a label: Graphviz takes backslashes for escapes and
 * ampersands for HTML entities. */
static void put_escaped(struct hs_text *label, const struct hs_text *line)
{
    for (const char *at = hs_text_string(line); *at; at++) {
        if (*at == '\\')
            hs_text_puts(label, "\\\\");
        else if (*at == '&')
            hs_text_puts(label, "&amp;");
        else
            hs_text_put(label, at, 1);
    }
    label->failed |= line->failed;
}

static void put_label(struct hs_text *label, const char *data, size_t columns)
{
    struct hs_text line = {0};
    hs_text_squeeze(&line, data, strlen(data), columns);
    put_escaped(label, &line);
    hs_text_deinit(&line);
}

static struct hs_error *set_text(void *object, const char *name, struct hs_text *text)
{
    struct hs_error *error = hs_text_error(text);
    if (!error)
        hs_draw_set(object, name, hs_text_string(text));
    hs_text_deinit(text);
    return error;
}

/* Line by line, since an escaped line break is none. */
static struct hs_error *set_tooltip(void *object, const char *name, const char *lines)
{
    struct hs_text text = {0};
    while (*lines) {
        size_t bytes = strcspn(lines, "\n");
        struct hs_text line = {0};
        hs_text_squeeze(&line, lines, bytes, TOOLTIP_COLUMNS);
        hs_text_puts(&text, text.bytes ? "\\n" : "");
        put_escaped(&text, &line);
        hs_text_deinit(&line);
        lines += bytes + (lines[bytes] == '\n');
    }
    return set_text(object, name, &text);
}

/* Graphviz prints its complaints on stderr unless told otherwise; what matters to us we see by the
 * results. */
static int drop_message(char *message)
{
    (void)message;
    return 0;
}

static void set_defaults(struct hs_drawing *drawing)
{
    Agraph_t *graph = drawing->graph;
    bool right = drawing->direction == HS_DRAW_RIGHT;
    hs_draw_set(graph, "rankdir", right ? "LR" : "TB");
    agattr(graph, AGEDGE, (char *)"label", (char *)"");
    hs_draw_set(graph, "charset", "UTF-8");
    hs_draw_set(graph, "bgcolor", "#ffffff");
    hs_draw_set(graph, "fontname", hs_draw_font);
    hs_draw_set(graph, "fontsize", "13");
    hs_draw_set(graph, "nodesep", right ? "0.16" : "0.25");
    hs_draw_set(graph, "ranksep", right ? "0.5" : "0.3");
    hs_draw_set(graph, "pad", "0.15");
    hs_draw_set(graph, "labelloc", "t");
}

struct hs_error *hs_drawing_create(const char *title, enum hs_draw_direction direction,
                                   struct hs_drawing **ret)
{
    agseterrf(drop_message);
    struct hs_drawing *drawing = calloc(1, sizeof(*drawing));
    if (!drawing)
        return &hs_error_memory;
    drawing->direction = direction;
    drawing->graph = agopen((char *)"heap", Agdirected, NULL);
    if (!drawing->graph) {
        free(drawing);
        return &hs_error_memory;
    }
    set_defaults(drawing);
    *ret = drawing;
    if (!title)
        return NULL;
    struct hs_text label = {0};
    put_label(&label, title, TITLE_COLUMNS);
    struct hs_error *error = set_text(drawing->graph, "label", &label);
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

static Agnode_t *find_node(const struct hs_drawing *drawing, uint32_t box, bool create)
{
    char name[16];
    snprintf(name, sizeof(name), "b%u", box);
    return agnode(drawing->graph, name, create);
}

void hs_draw_set_box(void *box, const char *style, const struct hs_shade *shade)
{
    hs_draw_set(box, "shape", "box");
    hs_draw_set(box, "style", style);
    hs_draw_set(box, "fontname", hs_draw_font);
    hs_draw_set(box, "fontsize", "11");
    hs_draw_set(box, "margin", "0.1,0.04");
    hs_draw_set(box, "height", "0.3");
    hs_draw_set(box, "fillcolor", shade->fill);
    hs_draw_set(box, "color", shade->border);
    hs_draw_set(box, "fontcolor", shade->text);
}

struct hs_error *hs_drawing_node(struct hs_drawing *drawing, const struct hs_draw_node *node)
{
    Agnode_t *box = find_node(drawing, node->box, true);
    if (!box)
        return &hs_error_memory;
    hs_draw_set_box(box, "filled,rounded", hs_draw_shade(node->kind));
    hs_draw_set(box, "id", agnameof(box));
    hs_draw_set(box, "class",
                node->target ? "main target"
                : node->main ? "main"
                             : hs_draw_kind_name(node->kind));
    if (node->crowd)
        hs_draw_set(box, "peripheries", "2");
    if (node->target) {
        hs_draw_set(box, "color", target_colour);
        hs_draw_set(box, "penwidth", "3");
    }
    struct hs_text label = {0};
    put_label(&label, node->name, LINE_COLUMNS);
    const char *const more[] = {node->value, node->note, node->more};
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (!more[i])
            continue;
        hs_text_puts(&label, "\\n");
        put_label(&label, more[i], LINE_COLUMNS);
    }
    struct hs_error *error = set_text(box, "label", &label);
    return error ? error : set_tooltip(box, "tooltip", node->tooltip);
}

static struct hs_error *connect(struct hs_drawing *drawing, Agnode_t *src, Agnode_t *dst, const char *style,
                                Agedge_t **ret)
{
    Agedge_t *edge = src && dst ? agedge(drawing->graph, src, dst, NULL, 1) : NULL;
    if (!edge)
        return &hs_error_memory;
    struct hs_text id = {0};
    hs_text_printf(&id, "%s-%s-%u", agnameof(src), agnameof(dst), drawing->extras++);
    hs_draw_set(edge, "style", style);
    hs_draw_set(edge, "color", "#555555");
    hs_draw_set(edge, "arrowsize", "0.7");
    hs_draw_set(edge, "fontname", hs_draw_font);
    hs_draw_set(edge, "fontsize", "10");
    *ret = edge;
    return set_text(edge, "id", &id);
}

static struct hs_error *label_edge(Agedge_t *edge, const struct hs_draw_arrow *arrow)
{
    if (arrow->main) {
        hs_draw_set(edge, "color", "#111111");
        hs_draw_set(edge, "penwidth", "1.8");
        hs_draw_set(edge, "weight", "20"); /* keeps it straight */
        hs_draw_set(edge, "class", "main");
    }
    /* Blanks keep the text off the line. */
    struct hs_text text = {0};
    hs_text_puts(&text, " ");
    put_label(&text, arrow->label ? arrow->label : "", LABEL_COLUMNS);
    hs_text_puts(&text, " ");
    struct hs_error *error = set_text(edge, "label", &text);
    if (!error)
        error = set_tooltip(edge, "edgetooltip", arrow->tooltip);
    return error ? error : set_tooltip(edge, "labeltooltip", arrow->tooltip);
}

struct hs_error *hs_drawing_edge(struct hs_drawing *drawing, const struct hs_draw_arrow *arrow)
{
    Agedge_t *edge = NULL;
    const char *style = arrow->skip ? "dotted" : arrow->owning ? "solid" : "dashed";
    struct hs_error *error = connect(drawing, find_node(drawing, arrow->src, false),
                                     find_node(drawing, arrow->dst, false), style, &edge);
    return error ? error : label_edge(edge, arrow);
}

struct hs_error *hs_drawing_root(struct hs_drawing *drawing, uint32_t box, const char *name)
{
    Agnode_t *held = find_node(drawing, box, false);
    struct hs_text id = {0};
    hs_text_printf(&id, "r%u", drawing->extras++);
    struct hs_error *error = hs_text_error(&id);
    Agnode_t *root = error ? NULL : agnode(drawing->graph, (char *)hs_text_string(&id), 1);
    if (!error && !root)
        error = &hs_error_memory;
    if (!error) {
        hs_draw_set_box(root, "filled", hs_draw_shade(HS_DRAW_FRAME));
        hs_draw_set(root, "id", hs_text_string(&id));
        hs_draw_set(root, "class", "root");
        struct hs_text label = {0};
        put_label(&label, name, ROOT_COLUMNS);
        error = set_text(root, "label", &label);
    }
    if (!error)
        error = set_tooltip(root, "tooltip", name);
    Agedge_t *edge;
    if (!error)
        error = connect(drawing, root, held, "solid", &edge);
    hs_text_deinit(&id);
    return error;
}

static struct hs_error *write_dot(struct hs_drawing *drawing, struct hs_drawn *ret)
{
    FILE *file = open_memstream(&ret->data, &ret->bytes);
    if (!file)
        return &hs_error_memory;
    bool failed = agwrite(drawing->graph, file) || ferror(file);
    if (fclose(file) || failed) {
        free(ret->data);
        ret->data = NULL;
        return &hs_error_memory;
    }
    return NULL;
}

/* What the child of the layout needs to know. */
struct finishing {
    struct hs_drawing *drawing;
    const struct hs_draw_wanted *wanted;
};

static bool finish(void *context, double *ret_width, double *ret_height)
{
    const struct finishing *finishing = context;
    const struct hs_draw_wanted *wanted = finishing->wanted;
    Agraph_t *graph = finishing->drawing->graph;
    if (wanted->legend)
        hs_draw_legend(graph);
    hs_draw_size(graph, ret_width, ret_height);
    if (wanted->screen_width && wanted->format != HS_DRAW_HTML) {
        char size[64]; /* inches */
        snprintf(size, sizeof(size), "%.3f,%.3f", wanted->screen_width / 96, wanted->screen_height / 96);
        hs_draw_set(graph, "size", size);
    }
    return (!wanted->width || *ret_width <= wanted->width) &&
           (!wanted->height || *ret_height <= wanted->height);
}

struct hs_error *hs_drawing_render(struct hs_drawing *drawing, const struct hs_draw_wanted *wanted,
                                   struct hs_drawn *ret)
{
    *ret = (struct hs_drawn){0};
    if (wanted->format == HS_DRAW_DOT)
        return write_dot(drawing, ret);
    struct finishing finishing = {drawing, wanted};
    struct hs_layout_ask ask = {.graph = drawing->graph,
                                .format = wanted->format == HS_DRAW_PNG ? "png" : "svg",
                                .cpu_seconds =
                                    wanted->cpu_seconds ? wanted->cpu_seconds : HS_LAYOUT_CPU_SECONDS,
                                .finish = finish,
                                .context = &finishing};
    struct hs_layout_answer answer;
    struct hs_error *error = hs_layout_run(&ask, &answer);
    if (!error && answer.gave_up) {
        ret->plain = true;
        ask.placed = true;
        ask.cpu_seconds = HS_LAYOUT_CPU_SECONDS;
        error = hs_draw_rows(drawing->graph, drawing->direction == HS_DRAW_RIGHT);
        if (!error)
            error = hs_layout_run(&ask, &answer);
    }
    if (!error && answer.gave_up)
        error = hs_error_create(
            HS_ERROR_LIMIT,
            "too large a picture: even without a layout it took more than %d seconds of CPU or 2 GB "
            "of memory; draw fewer boxes, with --budget 100 for instance, or write a .dot file",
            HS_LAYOUT_CPU_SECONDS);
    ret->data = answer.data;
    ret->bytes = answer.bytes;
    ret->width = answer.width;
    ret->height = answer.height;
    return error;
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

struct hs_error *hs_drawing_edge(struct hs_drawing *drawing, const struct hs_draw_arrow *arrow)
{
    (void)drawing, (void)arrow;
    return no_graphviz();
}

struct hs_error *hs_drawing_root(struct hs_drawing *drawing, uint32_t box, const char *name)
{
    (void)drawing, (void)box, (void)name;
    return no_graphviz();
}

struct hs_error *hs_drawing_render(struct hs_drawing *drawing, const struct hs_draw_wanted *wanted,
                                   struct hs_drawn *ret)
{
    (void)drawing, (void)wanted, (void)ret;
    return no_graphviz();
}

#endif
