/* Small drawings in a page: inline SVG that takes its colours from the page's style sheet. */
#ifndef HS_DIFF_CHART_H
#define HS_DIFF_CHART_H

#include "diff/budget.h"
#include "format/text.h"

/* A line over `count` values, from 0 to the largest, as wide as a word. What it shows stands beside it in
 * figures, so it is hidden from screen readers. */
void hs_chart_spark(struct hs_text *html, const uint64_t *value, size_t count);

/* How the parts of the memory add up to the change of the resident set: bars, each of which starts where the
 * one above ends. The budget must have snapshots. */
void hs_chart_budget(struct hs_text *html, const struct hs_budget *budget);

#endif
