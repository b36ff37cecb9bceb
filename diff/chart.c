#include "diff/chart.h"

#include "query/quantity.h"

/* ---- spark lines, in pixels ---- */

enum { SPARK_WIDTH = 96, SPARK_HEIGHT = 20, SPARK_MARGIN = 3 };

void hs_chart_spark(struct hs_text *html, const uint64_t *value, size_t count)
{
    uint64_t most = 1;
    for (size_t i = 0; i < count; i++)
        most = value[i] > most ? value[i] : most;
    double x = 0, y = 0;
    hs_text_printf(html,
                   "<svg class=\"spark\" width=\"%d\" height=\"%d\" aria-hidden=\"true\"><polyline points=\"",
                   SPARK_WIDTH, SPARK_HEIGHT);
    for (size_t i = 0; i < count; i++) {
        double along = count > 1 ? (double)i / (double)(count - 1) : 0;
        x = SPARK_MARGIN + along * (SPARK_WIDTH - 2 * SPARK_MARGIN);
        y = SPARK_HEIGHT - SPARK_MARGIN - (double)value[i] / (double)most * (SPARK_HEIGHT - 2 * SPARK_MARGIN);
        hs_text_printf(html, "%s%.1f,%.1f", i ? " " : "", x, y);
    }
    hs_text_printf(html, "\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/></svg>", x, y);
}

/* ---- the memory account, in pixels ---- */

enum {
    LABEL_WIDTH = 350, /* names, to the right against the bars */
    BAR_WIDTH = 480,
    VALUE_WIDTH = 100, /* figures on either side of the bars */
    ROW_HEIGHT = 26,
    BAR_HEIGHT = 16,
};

struct scale {
    double least, most; /* bytes */
};

static double scale_x(const struct scale *scale, double bytes)
{
    double along = (bytes - scale->least) / (scale->most - scale->least);
    return LABEL_WIDTH + VALUE_WIDTH + along * BAR_WIDTH;
}

static struct scale scale_of(const struct hs_budget *budget)
{
    struct scale scale = {0, 0};
    double sum = 0;
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++) {
        sum += (double)budget->change[i];
        scale.least = sum < scale.least ? sum : scale.least;
        scale.most = sum > scale.most ? sum : scale.most;
    }
    if (scale.most - scale.least < 1)
        scale.most = scale.least + 1;
    return scale;
}

/* A bar from `from` to `to` with its name before and its change beside it. */
static void put_bar(struct hs_text *html, const struct scale *scale, const char *class, const char *name,
                    unsigned row, double from, double to)
{
    char bytes[HS_QUANTITY_MAX];
    double left = scale_x(scale, from < to ? from : to), right = scale_x(scale, from < to ? to : from);
    unsigned top = row * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2, baseline = top + BAR_HEIGHT - 3;
    hs_text_printf(html, "<text x=\"%d\" y=\"%u\" class=\"end%s\">%s</text>", LABEL_WIDTH, baseline,
                   row ? "" : " strong", name);
    hs_text_printf(html, "<rect class=\"%s\" x=\"%.1f\" y=\"%u\" width=\"%.1f\" height=\"%d\"/>", class, left,
                   top, right - left < 1 ? 1 : right - left, BAR_HEIGHT);
    bool shrinks = to < from;
    hs_text_printf(html, "<text x=\"%.1f\" y=\"%u\"%s>%s</text>\n", shrinks ? left - 6 : right + 6, baseline,
                   shrinks ? " class=\"end\"" : "", hs_bytes_delta_format(bytes, (int64_t)(to - from)));
}

void hs_chart_budget(struct hs_text *html, const struct hs_budget *budget)
{
    struct scale scale = scale_of(budget);
    unsigned rows = 1;
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++)
        rows += budget->change[i] != 0;
    int width = LABEL_WIDTH + 2 * VALUE_WIDTH + BAR_WIDTH, height = (int)rows * ROW_HEIGHT;
    double zero = scale_x(&scale, 0), sum = 0;
    hs_text_printf(html,
                   "<svg class=\"chart\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
                   "aria-label=\"How the "
                   "parts add up to the change of the resident set; the table below has the figures\">\n",
                   width, height, width, height);
    hs_text_printf(html, "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"0\" y2=\"%d\"/>", zero, zero,
                   height);
    put_bar(html, &scale, "whole", "resident set", 0, 0, (double)budget->rss_change);
    unsigned row = 1;
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++) {
        double change = (double)budget->change[i];
        if (!budget->change[i])
            continue;
        put_bar(html, &scale, change > 0 ? "grows" : "shrinks", hs_budget_part_words(i), row++, sum,
                sum + change);
        sum += change;
    }
    hs_text_puts(html, "</svg>\n");
}
