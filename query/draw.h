/* Pictures of boxes and arrows, through Graphviz.
 *
 * All text is data to Graphviz (cgraph calls, plain labels), never DOT source, so no name in a heap can mean
 * anything to it. DOT needs libcgraph only. SVG and PNG need libgvc, which is loaded when it is needed, in a
 * child process whose CPU time, memory and patience are limited (draw_layout.h); where its layout gives up, a
 * simple one of our own takes its place.
 */
#ifndef HS_QUERY_DRAW_H
#define HS_QUERY_DRAW_H

#include "format/error.h"
#include "format/text.h"
#include "query/draw_kind.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hs_draw_node {
    uint32_t box; /* its number: boxes are told apart by it */
    enum hs_draw_kind kind;
    const char *name;    /* first line, shortened in its middle: the type, or "module webapp" */
    const char *value;   /* second line, shortened; NULL if none */
    const char *note;    /* small print: size, id; NULL if none */
    const char *more;    /* last line: what is not drawn; NULL if none */
    const char *tooltip; /* lines of full facts */
    bool target;         /* what the picture is about */
    bool main;           /* on the way that explains */
    bool crowd;          /* stands for several objects */
};

struct hs_draw_arrow {
    uint32_t src, dst;   /* boxes: holder, held */
    const char *label;   /* shortened in its middle; NULL if none */
    const char *tooltip; /* as for a box */
    bool owning;         /* dashed if not */
    bool main;           /* strong: on the way that explains */
    bool skip;           /* dotted: stands for steps that are not drawn */
};

enum hs_draw_direction {
    HS_DRAW_DOWN = 0, /* holders above: for chains */
    HS_DRAW_RIGHT,    /* holders to the left: for fans */
};

struct hs_drawing;

/* `title` stands above the picture; may be NULL. Without Graphviz at build time this fails and says what to
 * install. */
struct hs_error *hs_drawing_create(const char *title, enum hs_draw_direction direction,
                                   struct hs_drawing **ret) HS_MUST_CHECK;
void hs_drawing_destroy(struct hs_drawing *drawing);

/* Adds a box. Strings are copied. */
struct hs_error *hs_drawing_node(struct hs_drawing *drawing, const struct hs_draw_node *node) HS_MUST_CHECK;
/* Adds an arrow between boxes that are there. */
struct hs_error *hs_drawing_edge(struct hs_drawing *drawing, const struct hs_draw_arrow *arrow) HS_MUST_CHECK;
/* A root that holds the box: its name in a box with corners, "thread 3: job in serve()". */
struct hs_error *hs_drawing_root(struct hs_drawing *drawing, uint32_t box, const char *name) HS_MUST_CHECK;

enum hs_draw_format { HS_DRAW_DOT, HS_DRAW_SVG, HS_DRAW_PNG, HS_DRAW_HTML };
/* By the extension of a file name. The error lists what there is. */
struct hs_error *hs_draw_format_find(const char *path, enum hs_draw_format *ret) HS_MUST_CHECK;
/* Appends the name of the same picture in a format that works: .svg where its own ends in something unknown,
 * .dot (which needs no layout) where it does not. */
void hs_draw_format_other(const char *path, struct hs_text *ret);

struct hs_draw_wanted {
    enum hs_draw_format format;
    bool legend;          /* below the picture (SVG, PNG) */
    double width, height; /* if not 0: give up when it needs more points (1/72 inch) than that */
    double screen_width,
        screen_height;    /* if not 0: pixels (1/96 inch), to which SVG and PNG are made smaller */
    unsigned cpu_seconds; /* for the layout; 0: the usual limit */
};
struct hs_drawn {
    char *data; /* the file, malloc'ed; NULL if it did not fit */
    size_t bytes;
    double width, height; /* in points, 0 for DOT */
    bool plain;           /* laid out by us, since Graphviz gave up */
};
/* HTML needs a page around it (page.h): here it is the same as SVG. */
struct hs_error *hs_drawing_render(struct hs_drawing *drawing, const struct hs_draw_wanted *wanted,
                                   struct hs_drawn *ret) HS_MUST_CHECK;

#endif
