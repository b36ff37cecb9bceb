/* Drawings of what is in a snapshot, as large as its reader wants them.
 *
 * A picture is a sketch (sketch.h) in words, made smaller until it keeps its budget: boxes, or pixels on a
 * screen where no label may be smaller than HS_PICTURE_LABEL_PIXELS.
 */
#ifndef HS_QUERY_PICTURE_H
#define HS_QUERY_PICTURE_H

#include "format/reader.h"
#include "query/dominators.h"
#include "query/draw.h"
#include "query/gather.h"
#include "query/wording.h"

#define HS_PICTURE_LABEL_PIXELS 9
/* The screen of a laptop. */
#define HS_PICTURE_WIDTH  1366
#define HS_PICTURE_HEIGHT 768
/* Boxes to start with where the budget is in pixels, and more than anybody would read where there is none. */
#define HS_PICTURE_BOXES 40
#define HS_PICTURE_MOST  3000

struct hs_picture_budget {
    size_t boxes;           /* 0: as many as fit the pixels */
    unsigned width, height; /* pixels; 0: whatever it takes */
    bool everything;        /* nothing is folded */
};
/* From "40" (boxes), "1920x1080" (pixels) or "0" (everything); NULL gives the default. */
struct hs_error *hs_picture_budget_parse(const char *text, struct hs_picture_budget *ret) HS_MUST_CHECK;

struct hs_picture {
    struct hs_reader *reader;
    const struct hs_sketch *sketch;
    const struct hs_gather *gather;
    const struct hs_roots *roots;
    const struct hs_dominators *dominators; /* NULL: nothing is said of retained sizes */
    const struct hs_chain *chain;           /* whose thread is known; may be NULL */
    const char *title;
    enum hs_draw_direction direction; /* the other one is taken where only that fits */
    struct hs_picture_budget budget;
};

/* The finished file in memory; `ret_boxes` (may be NULL): how many were drawn. HTML gives the picture
 * alone. */
struct hs_error *hs_picture_render(const struct hs_picture *picture, enum hs_draw_format format,
                                   struct hs_drawn *ret, size_t *ret_boxes) HS_MUST_CHECK;
/* The same into a file, complete or not at all; an existing one is refused unless `overwrite`. The format
 * goes by the extension; .html is a page that stands alone. */
struct hs_error *hs_picture_write(const struct hs_picture *picture, const char *path, bool overwrite,
                                  size_t *ret_boxes) HS_MUST_CHECK;

#endif
