#include "query/draw_internal.h"

#ifdef HS_HAVE_GRAPHVIZ

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points: what a box takes, by its text of 11 points. */
#define COLUMN_WIDTH 7.2
#define LINE_HEIGHT  14.0
#define BOX_MARGIN   18.0
#define GAP          16.0
#define ROW_GAP      90.0

#define NO_ROW UINT32_MAX

struct place {
    Agnode_t *node;
    uint32_t row;
    double width, height, x, y;
};

struct rows {
    Agraph_t *graph;
    struct place *place; /* in the order of the search, which is that of the rows */
    size_t count;
    bool right;
};

/* Each node's place, by its number. */
static size_t number_of(Agnode_t *node)
{
    return (size_t)AGSEQ(node);
}

static void measure(struct place *place)
{
    const char *label = agget(place->node, (char *)"label");
    size_t lines = 1, longest = 0, line = 0;
    for (const char *at = label ? label : ""; *at; at++) {
        if (at[0] == '\\' && at[1] == 'n') {
            lines++;
            line = 0;
            at++;
            continue;
        }
        line += (*at & 0xc0) != 0x80;
        longest = line > longest ? line : longest;
    }
    place->width = COLUMN_WIDTH * (double)longest + BOX_MARGIN;
    place->height = LINE_HEIGHT * (double)lines + BOX_MARGIN / 2;
}

/* Breadth-first over the arrows, from what is placed at `done` on. `row`: of each node by its number. */
static void spread(struct rows *rows, size_t done, uint32_t *row)
{
    for (; done < rows->count; done++) {
        Agnode_t *from = rows->place[done].node;
        for (Agedge_t *edge = agfstout(rows->graph, from); edge; edge = agnxtout(rows->graph, edge)) {
            Agnode_t *to = aghead(edge);
            if (row[number_of(to)] != NO_ROW)
                continue;
            row[number_of(to)] = rows->place[done].row + 1;
            rows->place[rows->count++] = (struct place){.node = to, .row = rows->place[done].row + 1};
        }
    }
}

/* Starts at what nothing refers to, then, for cycles, at what is left. */
static void search(struct rows *rows, uint32_t *row)
{
    for (int pass = 0; pass < 2; pass++) {
        for (Agnode_t *node = agfstnode(rows->graph); node; node = agnxtnode(rows->graph, node)) {
            if (row[number_of(node)] != NO_ROW || (pass == 0 && agfstin(rows->graph, node)))
                continue;
            size_t done = rows->count;
            row[number_of(node)] = 0;
            rows->place[rows->count++] = (struct place){.node = node};
            spread(rows, done, row);
        }
    }
}

static int compare_rows(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return (AGSEQ(a->node) > AGSEQ(b->node)) - (AGSEQ(a->node) < AGSEQ(b->node));
}

/* Row by row, each beside the one before it. */
static void arrange(struct rows *rows)
{
    double at = 0;
    for (size_t first = 0, end; first < rows->count; first = end) {
        double along = 0, across = 0;
        for (end = first; end < rows->count && rows->place[end].row == rows->place[first].row; end++) {
            struct place *place = &rows->place[end];
            double extent = rows->right ? place->width : place->height;
            across = extent > across ? extent : across;
        }
        for (size_t i = first; i < end; i++) {
            struct place *place = &rows->place[i];
            double extent = rows->right ? place->height : place->width;
            place->x = rows->right ? at + across / 2 : along + extent / 2;
            place->y = rows->right ? -(along + extent / 2) : -(at + across / 2);
            along += extent + GAP;
        }
        at += across + ROW_GAP;
    }
}

struct hs_error *hs_draw_rows(Agraph_t *graph, bool right)
{
    size_t nodes = 1; /* numbers are those of creation, and none was taken away */
    for (Agnode_t *node = agfstnode(graph); node; node = agnxtnode(graph, node))
        nodes = number_of(node) >= nodes ? number_of(node) + 1 : nodes;
    struct rows rows = {.graph = graph, .right = right, .place = calloc(nodes, sizeof(struct place))};
    uint32_t *row = malloc(nodes * sizeof(*row));
    if (!rows.place || !row) {
        free(rows.place);
        free(row);
        return &hs_error_memory;
    }
    memset(row, 0xff, nodes * sizeof(*row));
    search(&rows, row);
    free(row);
    qsort(rows.place, rows.count, sizeof(*rows.place), compare_rows);
    for (size_t i = 0; i < rows.count; i++)
        measure(&rows.place[i]);
    arrange(&rows);
    for (size_t i = 0; i < rows.count; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%.2f,%.2f", rows.place[i].x, rows.place[i].y);
        hs_draw_set(rows.place[i].node, "pos", text);
    }
    free(rows.place);
    /* What takes time is to route arrows around boxes and to find places for their labels, which nobody could
     * read among thousands. The tooltips keep them. */
    hs_draw_set(graph, "splines", "line");
    for (Agnode_t *node = agfstnode(graph); node; node = agnxtnode(graph, node))
        for (Agedge_t *edge = agfstout(graph, node); edge; edge = agnxtout(graph, edge))
            hs_draw_set(edge, "label", "");
    return NULL;
}

#endif
