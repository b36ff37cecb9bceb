/* What heapdiff found, and its two forms: text for people, one JSON document for programs. */
#ifndef HS_DIFF_REPORT_H
#define HS_DIFF_REPORT_H

#include "diff/budget.h"
#include "diff/compare.h"
#include "diff/memory.h"
#include "diff/pattern_table.h"
#include "diff/site.h"
#include "diff/suspect.h"
#include "format/text.h"

#include <stdio.h>

#define HS_BLIND_MAX 16

struct hs_report {
    size_t snapshots;
    const struct hs_loaded *loaded;
    const struct hs_groups *groups;
    const struct hs_compare *compare;
    const struct hs_suspects *suspects;
    const struct hs_sites *sites;
    const struct hs_memory *memory;
    const struct hs_budget *budget;
    const struct hs_pattern_table *patterns;
    size_t blind_count;
    char *blind[HS_BLIND_MAX]; /* what could not be seen or attributed, a sentence each */

    /* What the user asked for. */
    const char *type_glob; /* types to list; NULL: those that grew */
    size_t types_max;      /* types listed in the text */
    bool quiet;            /* the suspects alone, a line each */
};

/* Fills in what the report cannot tell. */
struct hs_error *hs_report_add_blind_spots(struct hs_report *report) HS_MUST_CHECK;
void hs_report_deinit(struct hs_report *report);

struct hs_error *hs_report_text(const struct hs_report *report, FILE *file) HS_MUST_CHECK;
struct hs_error *hs_report_json(const struct hs_report *report, FILE *file) HS_MUST_CHECK;

/* Appends what the text says of one suspect: lines, the first of which says it all. Safe for a terminal. */
void hs_report_put_suspect(struct hs_text *text, const struct hs_report *report, size_t rank);

/* Does the row belong in the list of types? */
bool hs_report_lists_type(const struct hs_report *report, const struct hs_type_row *row);

#endif
