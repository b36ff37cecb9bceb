/* The report as one HTML file: suspects with their graphs, growing types, the memory account, what keeps how
 * much alive, blind spots, and how it was made. */
#ifndef HS_DIFF_REPORT_HTML_H
#define HS_DIFF_REPORT_HTML_H

#include "diff/report.h"

/* What the page says of how it was made. */
struct hs_report_origin {
    int words;
    char *const *word; /* the command line, the program's name first */
};

/* Writes the page to `path`, complete or not at all; an existing file is refused unless `overwrite`. The size
 * depends on what is shown, not on the heaps: at most 10 suspects, 200 types, 2000 boxes. Computes dominators
 * and draws, which the other forms of the report do not. Without Graphviz chains are lists; without the
 * libraries from npm nothing zooms, and the page says so. */
struct hs_error *hs_report_html(const struct hs_report *report, const struct hs_report_origin *origin,
                                const char *path, bool overwrite) HS_MUST_CHECK;

#endif
