/* Plots of memory and objects against time, with the marks of the repetitions: an SVG picture, or a page that
 * also zooms. */
#ifndef HS_QUERY_PLOT_H
#define HS_QUERY_PLOT_H

#include "format/text.h"
#include "query/series.h"

/* Appends the picture: panels for memory (rss, pss), address space (vm_size) and objects, those that the
 * series has, over one axis of time. Lines keep every peak, however many samples there are. Marks are lines
 * through all panels; they are named as far as names do not touch. `alone`: a whole file with its own
 * colours; else part of a page, which has them (plot.css). */
struct hs_error *hs_plot_svg(const struct hs_series *series, const char *title, bool alone,
                             struct hs_text *svg) HS_MUST_CHECK;

/* Appends the page: the picture, which scripts replace by one that zooms, and a table of the marks. */
struct hs_error *hs_plot_page(const struct hs_series *series, const char *title,
                              struct hs_text *html) HS_MUST_CHECK;

#endif
