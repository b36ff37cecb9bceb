/* The chains of the first suspects as a picture. */
#ifndef HS_DIFF_PICTURE_H
#define HS_DIFF_PICTURE_H

#include "diff/report.h"

/* Suspects drawn: more chains than these are no longer read. */
#define HS_PICTURE_SUSPECTS 3

/* Draws to `path` (.svg, .png, .dot); an existing file is refused unless `overwrite`. Without suspects it is
 * an error of HS_ERROR_USAGE: there is nothing to draw. */
struct hs_error *hs_report_draw(const struct hs_report *report, const char *path,
                                bool overwrite) HS_MUST_CHECK;

#endif
