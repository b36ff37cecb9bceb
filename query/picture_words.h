/* The boxes and arrows of a sketch in words: labels and tooltips. */
#ifndef HS_QUERY_PICTURE_WORDS_H
#define HS_QUERY_PICTURE_WORDS_H

#include "query/picture.h"

/* Each adds to the drawing. Boxes come before what hangs on them. */
struct hs_error *hs_picture_box(const struct hs_picture *picture, const struct hs_sketch *sketch,
                                uint32_t box, struct hs_drawing *drawing) HS_MUST_CHECK;
struct hs_error *hs_picture_arrow(const struct hs_sketch_arrow *arrow,
                                  struct hs_drawing *drawing) HS_MUST_CHECK;
/* What holds objects of the sketch but is no object itself; modules, which are, excepted. */
struct hs_error *hs_picture_roots(const struct hs_picture *picture, const struct hs_sketch *sketch,
                                  struct hs_drawing *drawing) HS_MUST_CHECK;

#endif
