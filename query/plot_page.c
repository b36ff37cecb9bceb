#include "query/page.h"
#include "query/plot.h"
#include "query/quantity.h"
#include "query/thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Stretches of time that a page can tell apart when it zooms. */
#define STRETCHES 4000
/* Marks in the table. */
#define MARKS_MAX 500

static const char *const people[] = {
    [HS_SERIES_RSS] = "resident memory (rss)",
    [HS_SERIES_PSS] = "proportional share (pss)",
    [HS_SERIES_VM_SIZE] = "address space (vm_size)",
    [HS_SERIES_OBJECTS] = "objects",
};

/* ---- data ---- */

/* [[times], [values]] of one column of one process; gives the first sample of the next. */
static size_t put_line(const struct hs_series *series, enum hs_series_column column, size_t at,
                       struct hs_moment *moment, struct hs_text *json)
{
    size_t count;
    at = hs_series_thin(series, column, at, STRETCHES, moment, &count);
    hs_text_puts(json, "[[");
    for (size_t i = 0; i < count; i++)
        hs_text_printf(json, "%s%.3f", i ? "," : "", moment[i].time);
    hs_text_puts(json, "],[");
    for (size_t i = 0; i < count; i++)
        hs_text_printf(json, "%s%.0f", i ? "," : "", moment[i].value);
    hs_text_puts(json, "]]");
    return at;
}

static void put_data(const struct hs_series *series, struct hs_moment *moment, struct hs_text *json)
{
    hs_text_printf(json, "{\"start\":%.3f,\"lines\":{", series->start);
    bool any = false;
    for (unsigned column = 0; column < HS_SERIES_COLUMNS; column++) {
        if (!series->has[column])
            continue;
        hs_text_printf(json, "%s\"%s\":[", any ? "," : "", hs_series_column_name(column));
        any = true;
        for (size_t at = 0; at < series->count;) {
            hs_text_puts(json, at ? "," : "");
            at = put_line(series, column, at, moment, json);
        }
        hs_text_puts(json, "]");
    }
    hs_text_puts(json, "},\"marks\":[");
    for (size_t i = 0; i < series->marks; i++) {
        hs_text_printf(json, "%s[%.3f,\"", i ? "," : "", series->mark[i].time);
        hs_text_json(json, series->mark[i].label, strlen(series->mark[i].label));
        hs_text_puts(json, "\"]");
    }
    hs_text_puts(json, "]}");
}

/* ---- the table of marks ---- */

/* The value at a mark, or before it where the file has none there. */
static double value_at(const struct hs_series *series, const struct hs_mark *mark,
                       enum hs_series_column column)
{
    for (size_t at = mark->sample + 1; at-- > 0;)
        if (!isnan(series->sample[at].value[column]))
            return series->sample[at].value[column];
    return NAN;
}

static void put_cell(struct hs_text *html, double value, bool bytes, bool change)
{
    char shown[HS_QUANTITY_MAX];
    if (isnan(value)) {
        hs_text_puts(html, "<td></td>");
        return;
    }
    int64_t number = (int64_t)value;
    if (change)
        (bytes ? hs_bytes_delta_format : hs_count_delta_format)(shown, number);
    else
        (bytes ? hs_bytes_format : hs_count_format)(shown, (uint64_t)number);
    hs_text_printf(html, "<td class=\"number\" data-value=\"%jd\">%s</td>", (intmax_t)number, shown);
}

static void put_mark(const struct hs_series *series, size_t number, struct hs_text *html)
{
    const struct hs_mark *mark = &series->mark[number];
    hs_text_puts(html, "<tr><td>");
    hs_text_html(html, mark->label, strlen(mark->label));
    hs_text_printf(html, "</td><td class=\"number\" data-value=\"%.3f\">%.1f s</td>", mark->time, mark->time);
    for (unsigned column = 0; column < HS_SERIES_COLUMNS; column++) {
        if (!series->has[column])
            continue;
        double value = value_at(series, mark, column);
        double before = number ? value_at(series, mark - 1, column) : NAN;
        put_cell(html, value, column != HS_SERIES_OBJECTS, false);
        put_cell(html, value - before, column != HS_SERIES_OBJECTS, true);
    }
    hs_text_puts(html, "</tr>\n");
}

static void put_marks(const struct hs_series *series, struct hs_text *html)
{
    if (!series->marks)
        return;
    hs_text_puts(html, "<h2>Marks</h2>\n<div class=\"wide\"><table "
                       "class=\"sortable\"><thead><tr><th>mark</th><th class=\"number\">after</th>");
    for (unsigned column = 0; column < HS_SERIES_COLUMNS; column++)
        if (series->has[column])
            hs_text_printf(html,
                           "<th class=\"number\">%s</th><th class=\"number\">since the mark before</th>",
                           people[column]);
    hs_text_puts(html, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < series->marks && i < MARKS_MAX; i++)
        put_mark(series, i, html);
    hs_text_puts(html, "</tbody></table></div>\n");
    if (series->marks > MARKS_MAX)
        hs_text_printf(html, "<p class=\"soft\">%zu more</p>\n", series->marks - MARKS_MAX);
}

static void put_start(const struct hs_series *series, struct hs_text *html)
{
    char words[40];
    struct tm utc;
    time_t start = (time_t)series->start;
    if (gmtime_r(&start, &utc) && strftime(words, sizeof(words), "%Y-%m-%d %H:%M:%S", &utc))
        hs_text_printf(html, "<p class=\"soft\">Time runs from %s UTC on; %zu samples", words, series->count);
    hs_text_printf(html, series->processes > 1 ? " of %u processes.</p>\n" : ".</p>\n", series->processes);
}

struct hs_error *hs_plot_page(const struct hs_series *series, const char *title, struct hs_text *html)
{
    static const char *const styles[] = {"uplot.css", "plot.css", NULL}, *const scripts[] = {"uplot.js",
                                                                                             "plot.js", NULL};
    struct hs_page page = {.title = title, .styles = styles, .scripts = scripts};
    struct hs_moment *moment = calloc(4 * (STRETCHES + 1), sizeof(*moment));
    if (!moment)
        return &hs_error_memory;
    struct hs_text json = {0};
    put_data(series, moment, &json);
    free(moment);
    hs_page_begin(html, &page);
    put_start(series, html);
    hs_text_puts(html, "<div id=\"plots\"></div>\n<figure id=\"picture\">\n");
    struct hs_error *error = hs_plot_svg(series, title, false, html);
    hs_text_puts(html, "</figure>\n");
    hs_page_data(html, "series", hs_text_string(&json), json.bytes);
    put_marks(series, html);
    hs_page_end(html, &page);
    if (!error)
        error = hs_text_error(&json);
    hs_text_deinit(&json);
    return error;
}
