/* The ways from the program to what grows, as a picture. */
#ifndef HS_DIFF_PICTURE_H
#define HS_DIFF_PICTURE_H

#include "diff/report.h"
#include "query/picture.h"

/* Suspects drawn: more ways than theirs are no longer read. */
#define HS_PICTURE_SUSPECTS 3

/* Draws to `path` (.svg, .html, .png, .dot); an existing file is refused unless `overwrite`. Without suspects
 * it is an error of HS_ERROR_USAGE: there is nothing to draw. */
struct hs_error *hs_report_draw(const struct hs_report *report, const char *path,
                                const struct hs_picture_budget *budget, bool overwrite) HS_MUST_CHECK;

/* The ways to the new objects of suspects number `first` up to before `end`, merged, as a picture in memory
 * (SVG for HS_DRAW_HTML too); `ret->data` is NULL where none of them has any. */
struct hs_error *hs_report_picture(const struct hs_report *report, size_t first, size_t end,
                                   const struct hs_picture_budget *budget, enum hs_draw_format format,
                                   struct hs_drawn *ret) HS_MUST_CHECK;

#endif
