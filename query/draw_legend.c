#include "query/draw_internal.h"

#ifdef HS_HAVE_GRAPHVIZ

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points. */
#define SWATCH_WIDTH  72.0
#define SWATCH_HEIGHT 17.0
#define SWATCH_GAP    4.0
#define LEGEND_ABOVE  14.0
#define PAD           (2 * 0.15 * 72) /* the attribute pad, on both sides */

struct area {
    double left, bottom, right, top;
};

static struct area area_of(Agraph_t *graph)
{
    struct area area = {0};
    const char *text = agget(graph, (char *)"bb");
    if (!text || sscanf(text, "%lf,%lf,%lf,%lf", &area.left, &area.bottom, &area.right, &area.top) != 4)
        return (struct area){0};
    return area;
}

void hs_draw_size(Agraph_t *graph, double *ret_width, double *ret_height)
{
    struct area area = area_of(graph);
    *ret_width = area.right - area.left + PAD;
    *ret_height = area.top - area.bottom + PAD;
}

static bool has_shade(Agraph_t *graph, const struct hs_shade *shade)
{
    for (Agnode_t *node = agfstnode(graph); node; node = agnxtnode(graph, node)) {
        const char *fill = agget(node, (char *)"fillcolor");
        if (fill && !strcmp(fill, shade->fill))
            return true;
    }
    return false;
}

static void add_swatch(Agraph_t *graph, enum hs_draw_kind kind, double x, double y)
{
    char name[24], place[64], width[16], height[16];
    snprintf(name, sizeof(name), "legend%d", kind);
    snprintf(place, sizeof(place), "%.2f,%.2f", x, y);
    snprintf(width, sizeof(width), "%.4f", SWATCH_WIDTH / 72);
    snprintf(height, sizeof(height), "%.4f", SWATCH_HEIGHT / 72);
    Agnode_t *swatch = agnode(graph, name, 1);
    if (!swatch)
        return;
    hs_draw_set_box(swatch, "filled,rounded", hs_draw_shade(kind));
    hs_draw_set(swatch, "fontsize", "10");
    hs_draw_set(swatch, "fixedsize", "true");
    hs_draw_set(swatch, "width", width);
    hs_draw_set(swatch, "height", height);
    hs_draw_set(swatch, "peripheries", "1");
    hs_draw_set(swatch, "penwidth", "1");
    hs_draw_set(swatch, "class", "legend");
    hs_draw_set(swatch, "id", name);
    hs_draw_set(swatch, "tooltip", hs_draw_kind_name(kind));
    hs_draw_set(swatch, "label", hs_draw_kind_name(kind));
    hs_draw_set(swatch, "pos", place);
}

void hs_draw_legend(Agraph_t *graph)
{
    struct area area = area_of(graph);
    enum hs_draw_kind kind[HS_DRAW_KINDS];
    int kinds = 0;
    for (enum hs_draw_kind i = 0; i < HS_DRAW_KINDS; i++)
        if (has_shade(graph, hs_draw_shade(i)))
            kind[kinds++] = i;
    double step = SWATCH_WIDTH + SWATCH_GAP;
    int across = (int)((area.right - area.left + SWATCH_GAP) / step);
    if (across < 2)
        across = 2; /* a picture of one narrow box */
    double y = area.bottom - LEGEND_ABOVE - SWATCH_HEIGHT / 2;
    for (int i = 0; i < kinds; i++) {
        double x = area.left + SWATCH_WIDTH / 2 + step * (i % across);
        if (i && i % across == 0)
            y -= SWATCH_HEIGHT + SWATCH_GAP;
        add_swatch(graph, kind[i], x, y);
        if (x + SWATCH_WIDTH / 2 > area.right)
            area.right = x + SWATCH_WIDTH / 2;
    }
    char text[128];
    snprintf(text, sizeof(text), "%.2f,%.2f,%.2f,%.2f", area.left, y - SWATCH_HEIGHT / 2, area.right,
             area.top);
    hs_draw_set(graph, "bb", text);
}

#endif
