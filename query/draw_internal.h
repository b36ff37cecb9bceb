/* What the files that speak to cgraph share. */
#ifndef HS_QUERY_DRAW_INTERNAL_H
#define HS_QUERY_DRAW_INTERNAL_H

#ifdef HS_HAVE_GRAPHVIZ

#include "format/error.h"
#include "query/draw_kind.h"

#include <cgraph.h>
#include <stdbool.h>

extern const char hs_draw_font[];

/* An attribute of a graph, node or edge. The parameters of cgraph are char * by age, not because it writes to
 * them. */
void hs_draw_set(void *object, const char *name, const char *value);
void hs_draw_set_box(void *box, const char *style, const struct hs_shade *shade);

/* Size of a graph that was laid out, in points, with what is around it. */
void hs_draw_size(Agraph_t *graph, double *ret_width, double *ret_height);

/* Adds swatches for the shades that the boxes of a graph have, below a picture that was laid out. */
void hs_draw_legend(Agraph_t *graph);

/* Gives every box a place, in rows (or, `right`, in columns) by its distance from where the arrows start, and
 * takes the labels off the arrows. No recursion, time in the order of boxes and arrows. */
struct hs_error *hs_draw_rows(Agraph_t *graph, bool right) HS_MUST_CHECK;

#endif

#endif
