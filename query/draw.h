/* Pictures of objects and their references, through Graphviz.
 *
 * A drawing is built from boxes (one per object) and arrows; all text is data to Graphviz (cgraph calls,
 * plain labels), never DOT source, so no name in a heap can mean anything to it. DOT needs libcgraph only.
 * SVG and PNG need libgvc, which is loaded when it is needed, in a child process whose CPU time, memory and
 * patience are limited.
 */
#ifndef HS_QUERY_DRAW_H
#define HS_QUERY_DRAW_H

#include "format/error.h"
#include "format/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each in a colour of its own. */
enum hs_draw_kind {
    HS_DRAW_INSTANCE = 0,
    HS_DRAW_MODULE,
    HS_DRAW_CLASS,
    HS_DRAW_FUNCTION, /* code, methods, cells, generators */
    HS_DRAW_FRAME,    /* frames and threads */
    HS_DRAW_CONTAINER,
    HS_DRAW_VALUE, /* str, int and the like: they hold nothing */
    HS_DRAW_KINDS,
};
/* What to draw an object of that type as, by the name of its type. */
enum hs_draw_kind hs_draw_kind_of(const char *type);

struct hs_draw_node {
    uint32_t object; /* its id: boxes are told apart by it */
    enum hs_draw_kind kind;
    const char *type;
    const char *value; /* second line, shortened; NULL if none */
    const char *note;  /* small print: size, id; NULL if none */
    bool target;       /* the object that the picture is about */
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

/* Adds a box; an object that has one already keeps it. Strings are copied. */
struct hs_error *hs_drawing_node(struct hs_drawing *drawing, const struct hs_draw_node *node) HS_MUST_CHECK;
bool hs_drawing_has(const struct hs_drawing *drawing, uint32_t object);
size_t hs_drawing_nodes(const struct hs_drawing *drawing);
/* An arrow from the holder `src` to `dst`, which both have boxes; one that is there already (same ends, same
 * label) stays. Dashed if it is not owning; strong if it is `main`, the one that explains. `label` may be
 * NULL. */
struct hs_error *hs_drawing_edge(struct hs_drawing *drawing, uint32_t src, uint32_t dst, const char *label,
                                 bool owning, bool main) HS_MUST_CHECK;
/* A root that holds `object` (one per object is drawn): its name in an oval, "thread 3: job in serve()". */
struct hs_error *hs_drawing_root(struct hs_drawing *drawing, uint32_t object, const char *name) HS_MUST_CHECK;
/* "12 more" in a dashed box that refers to `object` (holders) or that it refers to. */
struct hs_error *hs_drawing_more(struct hs_drawing *drawing, uint32_t object, uint64_t count,
                                 bool holders) HS_MUST_CHECK;

/* The same between the holder `src` and `dst`: "12 more" steps that are not drawn. */
struct hs_error *hs_drawing_skip(struct hs_drawing *drawing, uint32_t src, uint32_t dst,
                                 uint64_t count) HS_MUST_CHECK;

enum hs_draw_format { HS_DRAW_DOT, HS_DRAW_SVG, HS_DRAW_PNG };
/* By the extension of a file name. The error lists what there is. */
struct hs_error *hs_draw_format_find(const char *path, enum hs_draw_format *ret) HS_MUST_CHECK;
/* Appends the name of the same picture in a format that works: .svg where its own ends in something unknown,
 * .dot (which needs no layout) where it does not. */
void hs_draw_format_other(const char *path, struct hs_text *ret);

/* The finished file in memory, malloc'ed. */
struct hs_error *hs_drawing_render(struct hs_drawing *drawing, enum hs_draw_format format, char **ret,
                                   size_t *ret_bytes) HS_MUST_CHECK;
/* The same into a file, complete or not at all; an existing one is refused unless `overwrite`. The format
 * goes by the extension. */
struct hs_error *hs_drawing_write(struct hs_drawing *drawing, const char *path, bool overwrite) HS_MUST_CHECK;

#endif
