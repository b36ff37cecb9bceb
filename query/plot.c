#include "query/plot.h"

#include "query/axis.h"
#include "query/quantity.h"
#include "query/thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In pixels. */
enum {
    WIDTH = 1000,
    LEFT = 96, /* of the panels: room for the labels of the axes */
    RIGHT = 976,
    TITLE = 36,  /* of a picture that stands alone */
    BAND = 24,   /* names of marks */
    LEGEND = 28, /* above each panel */
    BOTTOM = 40, /* the axis of time */
    TOUCH = 8,   /* between names of marks */
};
/* About the width of a letter at the size of the names. */
#define LETTER 7.2
/* With fewer samples than these each one is seen. */
#define DOTS_MAX 80
/* More lines than these are drawn faintly. */
#define MANY_MARKS 60

struct line {
    enum hs_series_column column;
    const char *name;
};
static const struct panel {
    bool bytes;
    struct line line[2];
    size_t lines;
} panels[] = {
    {true, {{HS_SERIES_RSS, "resident memory (rss)"}, {HS_SERIES_PSS, "proportional share (pss)"}}, 2},
    {true, {{HS_SERIES_VM_SIZE, "address space (vm_size)"}}, 1},
    {false, {{HS_SERIES_OBJECTS, "objects that the collector tracks"}}, 1},
};
#define PANELS (sizeof(panels) / sizeof(*panels))

struct plot {
    const struct hs_series *series;
    struct hs_text *svg;
    struct hs_axis time;
    int top; /* of what comes next */
    int height;
    struct hs_moment *moment; /* [4 * (RIGHT - LEFT + 1)] scratch */
};

static double time_x(const struct plot *plot, double time)
{
    return LEFT + hs_axis_along(&plot->time, time) * (RIGHT - LEFT);
}

static double value_y(const struct plot *plot, const struct hs_axis *axis, double value)
{
    return plot->top + plot->height * (1 - hs_axis_along(axis, value));
}

static bool has_panel(const struct hs_series *series, const struct panel *panel)
{
    return series->has[panel->line[0].column] || (panel->lines > 1 && series->has[panel->line[1].column]);
}

/* ---- lines ---- */

/* The line of one process: samples from `at` on; gives the first sample behind them. */
static size_t put_line(const struct plot *plot, const struct hs_axis *axis, enum hs_series_column which,
                       size_t at)
{
    size_t count;
    at = hs_series_thin(plot->series, which, at, RIGHT - LEFT, plot->moment, &count);
    hs_text_printf(plot->svg, "<polyline class=\"%s\" points=\"", hs_series_column_name(which));
    for (size_t i = 0; i < count; i++)
        hs_text_printf(plot->svg, "%s%.1f,%.1f", i ? " " : "", time_x(plot, plot->moment[i].time),
                       value_y(plot, axis, plot->moment[i].value));
    hs_text_puts(plot->svg, "\"/>\n");
    return at;
}

static void put_dots(const struct plot *plot, const struct hs_axis *axis, enum hs_series_column which)
{
    for (size_t i = 0; i < plot->series->count; i++) {
        if (isnan(plot->series->sample[i].value[which]))
            continue;
        hs_text_printf(plot->svg, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>",
                       hs_series_column_name(which), time_x(plot, plot->series->sample[i].time),
                       value_y(plot, axis, plot->series->sample[i].value[which]));
    }
    hs_text_puts(plot->svg, "\n");
}

static size_t count_values(const struct hs_series *series, enum hs_series_column which)
{
    size_t count = 0;
    for (size_t i = 0; i < series->count; i++)
        count += !isnan(series->sample[i].value[which]);
    return count;
}

/* ---- around the lines ---- */

static struct hs_axis axis_of(const struct plot *plot, const struct panel *panel)
{
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < plot->series->count; i++) {
        for (size_t line = 0; line < panel->lines; line++) {
            double value = plot->series->sample[i].value[panel->line[line].column];
            least = isnan(value) ? least : fmin(least, value);
            most = isnan(value) ? most : fmax(most, value);
        }
    }
    struct hs_axis axis;
    (panel->bytes ? hs_axis_bytes : hs_axis_count)(least, most, (unsigned)plot->height / 45, &axis);
    return axis;
}

/* "12.0 MB to 17.5 MB (+5.5 MB)": the first and the last value, of one process. */
static void put_change(const struct plot *plot, const struct panel *panel, enum hs_series_column which)
{
    const struct hs_series *series = plot->series;
    double first = NAN, last = NAN;
    char number[3][HS_QUANTITY_MAX];
    if (series->processes > 1)
        return;
    for (size_t i = 0; i < series->count; i++) {
        double value = series->sample[i].value[which];
        first = isnan(first) ? value : first;
        last = isnan(value) ? last : value;
    }
    const char *(*say)(char *, uint64_t) = panel->bytes ? hs_bytes_format : hs_count_format;
    const char *(*change)(char *, int64_t) = panel->bytes ? hs_bytes_delta_format : hs_count_delta_format;
    hs_text_printf(plot->svg, "  %s to %s (%s)", say(number[0], (uint64_t)first),
                   say(number[1], (uint64_t)last), change(number[2], (int64_t)(last - first)));
}

static void put_legend(const struct plot *plot, const struct panel *panel)
{
    double x = LEFT, baseline = plot->top - 9;
    for (size_t i = 0; i < panel->lines; i++) {
        enum hs_series_column which = panel->line[i].column;
        if (!plot->series->has[which])
            continue;
        hs_text_printf(plot->svg, "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>",
                       hs_series_column_name(which), x, x + 20, baseline - 4, baseline - 4);
        hs_text_printf(plot->svg, "<text class=\"name\" xml:space=\"preserve\" x=\"%.1f\" y=\"%.1f\">%s",
                       x + 26, baseline, panel->line[i].name);
        put_change(plot, panel, which);
        hs_text_puts(plot->svg, "</text>\n");
        x += (RIGHT - LEFT) / 2.0;
    }
}

static void put_grid(const struct plot *plot, const struct hs_axis *axis)
{
    char label[HS_AXIS_LABEL];
    for (size_t i = 0; i < hs_axis_ticks(axis); i++) {
        double value = hs_axis_tick(axis, i), y = value_y(plot, axis, value);
        hs_text_printf(plot->svg, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
                       RIGHT, y, y);
        hs_text_printf(plot->svg, "<text class=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n", LEFT - 8, y + 4,
                       hs_axis_label(axis, value, label));
    }
}

/* ---- time and marks ---- */

static void put_time(const struct plot *plot)
{
    char label[HS_AXIS_LABEL];
    for (size_t i = 0; i < hs_axis_ticks(&plot->time); i++) {
        double x = time_x(plot, hs_axis_tick(&plot->time, i));
        hs_text_printf(plot->svg, "<line class=\"tick\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>", x, x,
                       plot->top, plot->top + 5);
        hs_text_printf(plot->svg, "<text class=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n", x, plot->top + 20,
                       hs_axis_label(&plot->time, hs_axis_tick(&plot->time, i), label));
    }
}

/* Bytes that all names begin with, up to a space: "repetition " of "repetition 1", "repetition 2". */
static size_t common_prefix(const struct hs_series *series)
{
    const char *first = series->marks > 1 ? series->mark[0].label : "";
    size_t common = strlen(first);
    for (size_t i = 1; i < series->marks; i++) {
        const char *label = series->mark[i].label;
        size_t same = 0;
        while (same < common && label[same] == first[same])
            same++;
        /* Nothing would be left of one that is the beginning of another. */
        common = label[same] ? same : 0;
    }
    while (common && first[common - 1] != ' ')
        common--;
    return first[common] ? common : 0;
}

static double name_width(const char *name)
{
    return LETTER * (double)hs_text_width(name, strlen(name));
}

/* Do all names fit, each beside its line? */
static bool names_fit(const struct plot *plot)
{
    double end = LEFT;
    for (size_t i = 0; i < plot->series->marks; i++) {
        double x = time_x(plot, plot->series->mark[i].time);
        if (x < end || x + name_width(plot->series->mark[i].label) > WIDTH)
            return false;
        end = x + name_width(plot->series->mark[i].label) + TOUCH;
    }
    return true;
}

/* The names beside their lines, those left out that would touch one before. What all have in common stands
 * once, before them. */
static void put_names(const struct plot *plot, int baseline)
{
    const struct hs_series *series = plot->series;
    size_t common = names_fit(plot) ? 0 : common_prefix(series);
    double end = LEFT;
    if (common && LETTER * (double)common < LEFT - TOUCH) {
        hs_text_printf(plot->svg, "<text class=\"end\" x=\"%d\" y=\"%d\">", LEFT - 8, baseline);
        hs_text_html(plot->svg, series->mark[0].label, common - 1);
        hs_text_puts(plot->svg, "</text>\n");
    }
    for (size_t i = 0; i < series->marks; i++) {
        const char *name = series->mark[i].label + common;
        double x = time_x(plot, series->mark[i].time) + 2, width = name_width(name);
        /* At the right edge it stands on the other side of its line. */
        if (x + width > WIDTH)
            x -= width + 4;
        if (x < end)
            continue;
        hs_text_printf(plot->svg, "<text class=\"mark\" x=\"%.1f\" y=\"%d\">", x, baseline);
        hs_text_html(plot->svg, name, strlen(name));
        hs_text_puts(plot->svg, "</text>\n");
        end = x + width + TOUCH;
    }
}

/* The lines of the marks through one panel. */
static void put_marks(const struct plot *plot)
{
    const struct hs_series *series = plot->series;
    double last = -1;
    for (size_t i = 0; i < series->marks; i++) {
        double x = time_x(plot, series->mark[i].time);
        /* Lines of one pixel are one line. */
        if (floor(x) == last)
            continue;
        last = floor(x);
        hs_text_printf(plot->svg, "<line class=\"mark%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n",
                       series->marks > MANY_MARKS ? " many" : "", x, x, plot->top, plot->top + plot->height);
    }
}

static void put_panel(struct plot *plot, const struct panel *panel, bool first)
{
    plot->top += LEGEND;
    put_legend(plot, panel);
    if (first && plot->series->marks) {
        plot->top += BAND;
        put_names(plot, plot->top - 9);
    }
    struct hs_axis axis = axis_of(plot, panel);
    put_marks(plot);
    put_grid(plot, &axis);
    for (size_t i = 0; i < panel->lines; i++) {
        enum hs_series_column which = panel->line[i].column;
        if (!plot->series->has[which])
            continue;
        for (size_t at = 0; at < plot->series->count;)
            at = put_line(plot, &axis, which, at);
        if (count_values(plot->series, which) <= DOTS_MAX)
            put_dots(plot, &axis, which);
    }
    plot->top += plot->height;
}

/* ---- the picture ---- */

static const char colours[] =
    "<style>text{font:12px system-ui,'DejaVu Sans','Liberation "
    "Sans',sans-serif;fill:#1b1f24}.title{font-size:16px;font-weight:600}"
    ".end{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#d0d7de}.tick{stroke:#57606a}line.mark{"
    "stroke:#8c959f;"
    "stroke-dasharray:3 "
    "3}line.many{stroke:#d8dee4;stroke-dasharray:none}text.mark{fill:#57606a}polyline{fill:none;stroke-width:"
    "1.8;stroke-linejoin:round}"
    "line.rss,line.pss,line.vm_size,line.objects{stroke-width:3}"
    ".rss{stroke:#0072b2}.pss{stroke:#007a5a}.vm_size{stroke:#7b4fa3}.objects{stroke:#c04f00}"
    "circle.rss{fill:#0072b2}circle.pss{fill:#007a5a}circle.vm_size{fill:#7b4fa3}circle.objects{fill:#c04f00}"
    "</style>\n"
    "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";

static size_t count_panels(const struct hs_series *series)
{
    size_t count = 0;
    for (size_t i = 0; i < PANELS; i++)
        count += has_panel(series, &panels[i]);
    return count;
}

static void put_picture(struct plot *plot, const char *title, bool alone)
{
    const struct hs_series *series = plot->series;
    struct hs_text *svg = plot->svg;
    int top = alone ? TITLE : 8, band = series->marks ? BAND : 0;
    int height = top + band + (int)count_panels(series) * (LEGEND + plot->height) + BOTTOM;
    hs_text_printf(svg,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" width=\"%d\" height=\"%d\" "
                   "viewBox=\"0 0 %d %d\" "
                   "role=\"img\" aria-label=\"",
                   WIDTH, height, WIDTH, height);
    hs_text_html(svg, title, strlen(title));
    hs_text_puts(svg, "\">\n");
    if (alone) {
        hs_text_printf(svg, "%s<text class=\"title\" x=\"%d\" y=\"24\">", colours, LEFT);
        hs_text_html(svg, title, strlen(title));
        hs_text_puts(svg, "</text>\n");
    }
    plot->top = top;
    for (size_t i = 0, put = 0; i < PANELS; i++)
        if (has_panel(series, &panels[i]))
            put_panel(plot, &panels[i], !put++);
    put_time(plot);
    hs_text_puts(svg, "</svg>\n");
}

struct hs_error *hs_plot_svg(const struct hs_series *series, const char *title, bool alone,
                             struct hs_text *svg)
{
    static const int heights[] = {0, 420, 240, 180};
    struct plot plot = {.series = series, .svg = svg, .height = heights[count_panels(series)]};
    plot.moment = calloc(4 * (RIGHT - LEFT + 1), sizeof(*plot.moment));
    if (!plot.moment)
        return &hs_error_memory;
    hs_axis_time(series->seconds, 10, &plot.time);
    put_picture(&plot, title, alone);
    free(plot.moment);
    return hs_text_error(svg);
}
