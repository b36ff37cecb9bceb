#include "diff/report.h"

#include "query/quantity.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* References without a name are worth a word from this part of all on. */
#define UNNAMED_PART 5

/* A type that has at most one object more, and fewer bytes than this, has not grown. */
#define STILL_BYTES 1024

/* Names listed in one sentence. */
#define NAMES_MAX 5

void hs_report_deinit(struct hs_report *report)
{
    for (size_t i = 0; i < report->blind_count; i++)
        free(report->blind[i]);
    report->blind_count = 0;
}

bool hs_report_lists_type(const struct hs_report *report, const struct hs_type_row *row)
{
    size_t last = report->snapshots - 1;
    if (report->type_glob)
        return !fnmatch(report->type_glob, row->name, 0);
    if (row->bytes[last] < row->bytes[0] + STILL_BYTES && row->count[last] <= row->count[0] + 1)
        return false;
    return row->bytes[last] > row->bytes[0] || row->count[last] > row->count[0];
}

/* ---- blind spots ---- */

static struct hs_error *HS_PRINTF(2, 3) add(struct hs_report *report, const char *format, ...)
{
    if (report->blind_count == HS_BLIND_MAX)
        return NULL;
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int bytes = vasprintf(&text, format, args);
    va_end(args);
    if (bytes < 0)
        return &hs_error_memory;
    report->blind[report->blind_count++] = text;
    return NULL;
}

static struct hs_error *add_process(struct hs_report *report)
{
    struct hs_error *error = NULL;
    if (!report->compare->same_process)
        error =
            add(report,
                "the snapshots are of different processes: compared by type and place, not object by object");
    if (!error && report->compare->reversed)
        error = add(report, "a snapshot is older than the one named before it: name the oldest first");
    return error;
}

static struct hs_error *add_opaque(struct hs_report *report)
{
    struct hs_text names = {0};
    size_t opaque = 0;
    for (size_t i = 0; i < report->compare->types; i++) {
        if (!report->compare->type[i].opaque)
            continue;
        if (opaque++ < NAMES_MAX)
            hs_text_printf(&names, "%s%s", opaque > 1 ? ", " : "", report->compare->type[i].name);
    }
    struct hs_error *error = hs_text_error(&names);
    if (!error && opaque)
        error = add(report, "%zu opaque type%s, whose references could not be read: %s%s", opaque,
                    opaque == 1 ? "" : "s", hs_text_string(&names), opaque > NAMES_MAX ? ", ..." : "");
    hs_text_deinit(&names);
    return error;
}

static bool has_unnamed_step(const struct hs_report *report)
{
    for (size_t i = 0; i < report->suspects->count; i++) {
        const struct hs_place *place = &report->suspects->suspect[i].place;
        if ((place->path && strstr(place->path, "<reference ")) ||
            (place->example_path && strstr(place->example_path, "<reference ")))
            return true;
    }
    return false;
}

static struct hs_error *add_unnamed(struct hs_report *report)
{
    const struct hs_graph *graph = report->loaded[report->snapshots - 1].graph;
    uint64_t unnamed = 0;
    for (uint64_t i = 0; i < graph->edges; i++)
        unnamed += (graph->out_flags[i] & HS_EDGE_KIND) == HS_REF_INTERNAL;
    char count[HS_QUANTITY_MAX], all[HS_QUANTITY_MAX];
    /* Every program has some. They are worth a word where they are in the way. */
    if (!unnamed || (unnamed * UNNAMED_PART < graph->edges && !has_unnamed_step(report)))
        return NULL;
    return add(report, "%s of %s references have no name, only the type that holds them",
               hs_count_format(count, unnamed), hs_count_format(all, graph->edges));
}

/* The sum of a number that each snapshot states. */
static int64_t sum_fact(const struct hs_report *report, const char *name)
{
    int64_t sum = 0;
    for (size_t i = 0; i < report->snapshots; i++) {
        const char *value = hs_reader_fact(report->loaded[i].reader, name);
        sum += value ? strtoll(value, NULL, 10) : 0;
    }
    return sum;
}

static struct hs_error *add_walk(struct hs_report *report)
{
    struct hs_error *error = NULL;
    int64_t dangling = sum_fact(report, "dangling_refs");
    if (dangling > 0)
        error = add(report, "%jd references lead to what is no object of the snapshot", (intmax_t)dangling);
    if (!error && sum_fact(report, "gc_collecting") > 0)
        error =
            add(report, "a snapshot was taken while the collector ran: what it was about to free is missing");
    return error;
}

static struct hs_error *add_heap(struct hs_report *report)
{
    if (report->memory->complete)
        return NULL;
    return add(report,
               "a heap of the C library could not be walked to its end, since a thread was at work in it or "
               "it is not glibc's: the rest of it counts as not explained");
}

/* Keys are values, and by default no snapshot holds values. */
static struct hs_error *add_keys(struct hs_report *report)
{
    const char *policy = hs_reader_fact(report->loaded[report->snapshots - 1].reader, "values_policy");
    if (!policy || strcmp(policy, "names"))
        return NULL;
    for (size_t i = 0; i < report->suspects->count; i++) {
        const char *path = report->suspects->suspect[i].place.path;
        if (path && strstr(path, ".values())["))
            return add(
                report,
                "keys of dicts, which the snapshots do not hold: taken with --values short they show them");
    }
    return NULL;
}

struct hs_error *hs_report_add_blind_spots(struct hs_report *report)
{
    struct hs_error *error = add_process(report);
    if (!error)
        error = add_opaque(report);
    if (!error)
        error = add_walk(report);
    if (!error)
        error = add_heap(report);
    if (!error)
        error = add_unnamed(report);
    if (!error)
        error = add_keys(report);
    return error;
}
