/* The report for a tired person: what leaks first, then what grew, then what could not be seen. */
#include "diff/pattern.h"
#include "diff/report.h"

#include "query/output.h"
#include "query/quantity.h"

#include <errno.h>
#include <string.h>

/* Imports of less are not worth a line. */
#define IMPORTS_BYTES 65536

/* Of growth below this no share is told. */
#define SHARE_BYTES 10000

/* Longer paths say less than they cost. */
#define PATH_COLUMNS 100

static void put_escaped(struct hs_text *text, const char *string)
{
    hs_text_terminal(text, string, strlen(string));
}

static void put_clipped(struct hs_text *text, const char *string)
{
    hs_text_clip(text, string, strlen(string), PATH_COLUMNS);
}

/* The last part of a type's name: DB for webapp.DB. */
static const char *bare_name(const char *type)
{
    const char *dot = strrchr(type, '.');
    return dot && dot[1] ? dot + 1 : type;
}

/* 4 -> 8 -> 20; of many snapshots the first, the last and what is in between by the way. */
static void put_vector(struct hs_text *text, const uint64_t *value, size_t count, bool bytes)
{
    char quantity[HS_QUANTITY_MAX];
    for (size_t i = 0; i < count; i++) {
        if (count > 6 && i == 3 && count - 2 > i) {
            hs_text_puts(text, " ...");
            i = count - 2;
        }
        hs_text_puts(text, i ? " -> " : "");
        hs_text_puts(text, bytes ? hs_bytes_format(quantity, value[i]) : hs_count_format(quantity, value[i]));
    }
}

/* ---- suspects ---- */

/* The path of the holder; of holders alike, what their paths have in common. */
static const char *holder_path(const struct hs_suspect *suspect)
{
    return suspect->place.pattern ? suspect->place.pattern : suspect->place.path ? suspect->place.path : "";
}

static void put_container(struct hs_text *text, const struct hs_report *report,
                          const struct hs_suspect *suspect)
{
    char bytes[HS_QUANTITY_MAX];
    if (suspect->place.path) {
        put_clipped(text, holder_path(suspect));
        hs_text_puts(text, "  (");
        if (suspect->place.alike > 1)
            hs_text_printf(text, "%s of ", hs_count_format(bytes, suspect->place.alike));
        put_escaped(text, suspect->place.type);
        hs_text_puts(text, ")  ");
    } else {
        hs_text_puts(text, suspect->kind == HS_SUSPECT_THREAD ? "running threads, " : "");
        put_clipped(text, suspect->place.example_path ? suspect->place.example_path : suspect->type);
        hs_text_puts(text, "  (");
        put_escaped(text, suspect->type);
        hs_text_puts(text, ")  ");
    }
    put_vector(text, suspect->entries, report->snapshots, false);
    hs_text_printf(text, " %s, keeps %s more alive",
                   suspect->kind == HS_SUSPECT_THREAD ? "objects" : "entries",
                   hs_bytes_format(bytes, (uint64_t)suspect->bytes));
}

static void put_size(struct hs_text *text, const struct hs_report *report, const struct hs_suspect *suspect)
{
    put_clipped(text, suspect->place.example_path ? suspect->place.example_path : suspect->type);
    hs_text_puts(text, "  (");
    put_escaped(text, suspect->type);
    hs_text_puts(text, ")  ");
    put_vector(text, suspect->sizes, report->snapshots, true);
    hs_text_puts(text, suspect->counts[report->snapshots - 1] == 1 ? ", one object that only gets bigger"
                                                                   : ", objects that only get bigger");
}

static void put_external(struct hs_text *text, const struct hs_report *report,
                         const struct hs_suspect *suspect)
{
    char bytes[HS_QUANTITY_MAX];
    put_escaped(text, suspect->type);
    hs_text_puts(text, "  (held by C code)  ");
    put_vector(text, suspect->counts, report->snapshots, false);
    hs_text_printf(text, " objects, keeps %s more alive", hs_bytes_format(bytes, (uint64_t)suspect->bytes));
}

static void put_cycles(struct hs_text *text, const struct hs_report *report, const struct hs_suspect *suspect)
{
    char bytes[HS_QUANTITY_MAX];
    put_escaped(text, suspect->type);
    hs_text_puts(text, "  (garbage)  ");
    put_vector(text, suspect->counts, report->snapshots, false);
    hs_text_printf(text, " objects in cycles, %s more", hs_bytes_format(bytes, (uint64_t)suspect->bytes));
}

/* What is meant, where the first line alone does not say it. */
static void put_reason(struct hs_text *text, const struct hs_report *report, size_t rank)
{
    const struct hs_suspect *suspect = &report->suspects->suspect[rank];
    char count[HS_QUANTITY_MAX];
    int64_t more = suspect->objects > 0 ? suspect->objects : 0;
    if (suspect->kind == HS_SUSPECT_EXTERNAL)
        hs_text_printf(text, "   at least %s references that no object owns\n",
                       hs_count_format(count, (uint64_t)more));
    if (suspect->kind == HS_SUSPECT_GARBAGE)
        hs_text_puts(text, "   nothing holds them, but the program has switched its collector off\n");
    if (suspect->kind == HS_SUSPECT_NATIVE) {
        size_t other = hs_suspects_in_step(report->suspects, rank, report->snapshots);
        if (other < report->suspects->count) {
            hs_text_printf(text, "   grows in step with %zu: each ", other + 1);
            put_escaped(text, bare_name(report->suspects->suspect[other].type));
            hs_text_puts(text, " may own some of it\n");
        }
    }
}

static void put_native(struct hs_text *text, const struct hs_report *report, const struct hs_suspect *suspect)
{
    char bytes[HS_QUANTITY_MAX];
    hs_text_puts(text, "native memory  ");
    put_vector(text, suspect->sizes, report->snapshots, true);
    hs_text_printf(text, ", %s that no Python object accounts for",
                   hs_bytes_delta_format(bytes, suspect->bytes));
}

static void put_content(struct hs_text *text, const struct hs_suspect *suspect, size_t snapshots)
{
    const struct hs_content *content = &suspect->content;
    char objects[HS_QUANTITY_MAX];
    if (!content->type)
        return;
    hs_text_puts(text, "  ->  ");
    put_escaped(text, bare_name(content->type));
    int64_t more = (int64_t)(content->counts[snapshots - 1] - content->counts[0]);
    hs_text_printf(text, "  (%s)", hs_count_delta_format(objects, more));
}

static void put_inner(struct hs_text *text, const struct hs_suspect *suspect, size_t snapshots)
{
    char objects[HS_QUANTITY_MAX];
    struct hs_text place = {0};
    hs_text_puts(&place, holder_path(suspect));
    hs_text_puts(&place, suspect->place.inner);
    hs_text_puts(text, "   ");
    put_clipped(text, hs_text_string(&place));
    hs_text_puts(text, "  ->  ");
    put_escaped(text, bare_name(suspect->type));
    hs_text_printf(text, "  (%s)", hs_count_delta_format(objects, suspect->objects));
    put_content(text, suspect, snapshots);
    hs_text_puts(text, "\n");
    text->failed |= place.failed;
    hs_text_deinit(&place);
}

static void put_also(struct hs_text *text, const struct hs_suspect *suspect)
{
    for (size_t i = 0; i < suspect->also_count; i++) {
        hs_text_puts(text, i ? ", " : "   also held by ");
        put_clipped(text, suspect->also[i]);
    }
    hs_text_puts(text, suspect->also_count ? "\n" : "");
}

static void put_site(struct hs_text *text, const struct hs_site *site)
{
    if (!site->at)
        return;
    hs_text_puts(text, site->all ? "   allocated at " : "   most of them allocated at ");
    put_clipped(text, site->at);
    hs_text_puts(text, "\n");
}

static void put_pattern(struct hs_text *text, const struct hs_report *report,
                        const struct hs_suspect *suspect)
{
    const struct hs_pattern *pattern = hs_pattern_table_find(report->patterns, suspect);
    if (pattern)
        hs_text_printf(text, "   looks like %s: %s\n", pattern->name, pattern->advice);
}

void hs_report_put_suspect(struct hs_text *text, const struct hs_report *report, size_t rank)
{
    const struct hs_suspect *suspect = &report->suspects->suspect[rank];
    hs_text_printf(text, "%zu. ", rank + 1);
    static void (*const put[])(struct hs_text *, const struct hs_report *, const struct hs_suspect *) = {
        [HS_SUSPECT_CONTAINER] = put_container, [HS_SUSPECT_SIZE] = put_size,
        [HS_SUSPECT_THREAD] = put_container,    [HS_SUSPECT_EXTERNAL] = put_external,
        [HS_SUSPECT_GARBAGE] = put_cycles,      [HS_SUSPECT_NATIVE] = put_native,
    };
    put[suspect->kind](text, report, suspect);
    hs_text_puts(text, "\n");
    if (report->quiet)
        return;
    put_reason(text, report, rank);
    if (suspect->kind == HS_SUSPECT_CONTAINER && suspect->place.path)
        put_inner(text, suspect, report->snapshots);
    put_also(text, suspect);
    if (report->sites && rank < report->sites->count)
        put_site(text, &report->sites->site[rank]);
    if (suspect->trend == HS_TREND_UNKNOWN)
        hs_text_puts(text, "   one step only: a third snapshot tells warm-up from leak\n");
    else
        hs_text_printf(text, "   grows %s\n",
                       suspect->trend == HS_TREND_EVERY_STEP ? "in every step"
                                                             : "on the whole, not in every step");
    put_pattern(text, report, suspect);
}

/* How much of what the objects grew by the suspects account for. */
static void put_share(struct hs_text *text, const struct hs_report *report)
{
    int64_t grown = 0, kept = 0;
    for (size_t i = 0; i < report->compare->types; i++) {
        const struct hs_type_row *row = &report->compare->type[i];
        grown += (int64_t)(row->bytes[report->snapshots - 1] - row->bytes[0]);
    }
    for (size_t i = 0; i < report->suspects->count; i++)
        if (report->suspects->suspect[i].kind != HS_SUSPECT_NATIVE)
            kept += report->suspects->suspect[i].bytes;
    char bytes[HS_QUANTITY_MAX];
    if (grown < SHARE_BYTES || kept <= 0)
        return;
    int64_t share = kept < grown ? kept * 100 / grown : 100;
    hs_text_printf(text, "%s %jd %% of the %s that all objects grew by\n",
                   report->suspects->count == 1 ? "This is" : "Together these are", (intmax_t)share,
                   hs_bytes_format(bytes, (uint64_t)grown));
}

static void put_suspects(struct hs_text *text, const struct hs_report *report)
{
    const struct hs_suspects *suspects = report->suspects;
    char bytes[HS_QUANTITY_MAX];
    for (size_t i = 0; i < suspects->count; i++)
        hs_report_put_suspect(text, report, i);
    if (report->quiet)
        return;
    if (!suspects->count)
        hs_text_puts(text, "Nothing grows like a leak.\n");
    put_share(text, report);
    if (suspects->minor)
        hs_text_printf(text, "%s%ju smaller place%s that grow%s, not listed\n", suspects->count ? "   " : "",
                       (uintmax_t)suspects->minor, suspects->minor == 1 ? "" : "s",
                       suspects->minor == 1 ? "s" : "");
    if (suspects->imported_bytes >= IMPORTS_BYTES)
        hs_text_printf(text, "%u module%s imported in between: %s\n", (unsigned)suspects->imported_modules,
                       suspects->imported_modules == 1 ? "" : "s",
                       hs_bytes_format(bytes, suspects->imported_bytes));
}

/* ---- types ---- */

static const struct hs_column type_columns[] = {
    {"type", HS_COLUMN_TEXT},          {"before", HS_COLUMN_COUNT}, {"after", HS_COLUMN_COUNT},
    {"+count", HS_COLUMN_COUNT_DELTA}, {"bytes", HS_COLUMN_BYTES},  {"+bytes", HS_COLUMN_BYTES_DELTA},
};

static void put_type_row(struct hs_output *output, const struct hs_type_row *row, size_t last)
{
    hs_output_string(output, row->name);
    hs_output_int(output, (int64_t)row->count[0]);
    hs_output_int(output, (int64_t)row->count[last]);
    hs_output_int(output, (int64_t)(row->count[last] - row->count[0]));
    hs_output_int(output, (int64_t)row->bytes[last]);
    hs_output_int(output, (int64_t)(row->bytes[last] - row->bytes[0]));
    hs_output_row(output);
}

static size_t count_types(const struct hs_report *report)
{
    size_t count = 0;
    for (size_t i = 0; i < report->compare->types; i++)
        count += hs_report_lists_type(report, &report->compare->type[i]);
    return count;
}

static struct hs_error *put_types(const struct hs_report *report, FILE *file)
{
    size_t all = count_types(report), listed = 0;
    if (!all) {
        fputs(report->type_glob ? "No type of that name.\n" : "No type has grown.\n", file);
        return NULL;
    }
    struct hs_output_options options = {.format = HS_OUTPUT_COLUMNS};
    struct hs_output *output = NULL;
    struct hs_error *error =
        hs_output_create(file, &options, type_columns, sizeof(type_columns) / sizeof(*type_columns), &output);
    if (error)
        return error;
    for (size_t i = 0; i < report->compare->types && listed < report->types_max; i++) {
        if (!hs_report_lists_type(report, &report->compare->type[i]))
            continue;
        put_type_row(output, &report->compare->type[i], report->snapshots - 1);
        listed++;
    }
    error = hs_output_finish(output);
    hs_output_destroy(output);
    if (!error && all > listed)
        fprintf(file, "%zu more type%s: -n %zu lists them\n", all - listed, all - listed == 1 ? "" : "s",
                all);
    return error;
}

/* ---- the rest ---- */

static void put_objects(struct hs_text *text, const struct hs_report *report)
{
    const struct hs_compare *compare = report->compare;
    char number[4][HS_QUANTITY_MAX];
    if (compare->same_process)
        hs_text_printf(text, "\n%s new objects (%s), %s freed (%s)\n",
                       hs_count_format(number[0], compare->new_objects),
                       hs_bytes_format(number[1], compare->new_bytes),
                       hs_count_format(number[2], compare->freed_objects),
                       hs_bytes_format(number[3], compare->freed_bytes));
}

static void put_garbage(struct hs_text *text, const struct hs_report *report)
{
    const struct hs_garbage *garbage = &report->loaded[report->snapshots - 1].garbage;
    char number[2][HS_QUANTITY_MAX];
    if (garbage->objects)
        hs_text_printf(text, "%s object%s (%s) in garbage cycles that wait for the collector\n",
                       hs_count_format(number[0], garbage->objects), garbage->objects == 1 ? "" : "s",
                       hs_bytes_format(number[1], garbage->bytes));
}

static void put_budget(struct hs_text *text, const struct hs_budget *budget)
{
    char number[HS_QUANTITY_MAX];
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++)
        if (budget->change[i])
            hs_text_printf(text, "  %10s  %s\n", hs_bytes_delta_format(number, budget->change[i]),
                           hs_budget_part_words(i));
}

static void put_rss(struct hs_text *text, const struct hs_report *report)
{
    int64_t before = hs_memory_get(report->memory, "rss", 0);
    int64_t after = hs_memory_get(report->memory, "rss", report->snapshots - 1);
    char number[3][HS_QUANTITY_MAX];
    if (before < 0 || after < 0)
        return;
    hs_text_printf(text, "memory of the process (rss) %s -> %s, %s\n",
                   hs_bytes_format(number[0], (uint64_t)before), hs_bytes_format(number[1], (uint64_t)after),
                   hs_bytes_delta_format(number[2], after - before));
    if (report->budget->snapshots && !report->budget->steady)
        put_budget(text, report->budget);
}

static void put_blind_spots(struct hs_text *text, const struct hs_report *report)
{
    if (report->blind_count)
        hs_text_puts(text, "\nNot seen:\n");
    for (size_t i = 0; i < report->blind_count; i++) {
        hs_text_puts(text, "  - ");
        put_escaped(text, report->blind[i]);
        hs_text_puts(text, "\n");
    }
}

/* Writes the text and empties it. */
static struct hs_error *flush(struct hs_text *text, FILE *file)
{
    struct hs_error *error = hs_text_error(text);
    if (!error)
        fwrite(hs_text_string(text), 1, text->bytes, file);
    hs_text_clear(text);
    return error;
}

static struct hs_error *put_all(const struct hs_report *report, struct hs_text *text, FILE *file)
{
    put_suspects(text, report);
    if (report->quiet)
        return flush(text, file);
    hs_text_puts(text, "\n");
    struct hs_error *error = flush(text, file);
    if (!error)
        error = put_types(report, file);
    if (error)
        return error;
    put_objects(text, report);
    put_garbage(text, report);
    put_rss(text, report);
    put_blind_spots(text, report);
    return flush(text, file);
}

struct hs_error *hs_report_text(const struct hs_report *report, FILE *file)
{
    struct hs_text text = {0};
    errno = 0;
    struct hs_error *error = put_all(report, &text, file);
    hs_text_deinit(&text);
    if (!error && (fflush(file) || ferror(file)))
        error = hs_error_system(errno ? errno : EIO, NULL, "write the report");
    return error;
}
