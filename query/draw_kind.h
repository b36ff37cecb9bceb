/* What sort of thing an object is, by its type: each sort has a shade of its own. */
#ifndef HS_QUERY_DRAW_KIND_H
#define HS_QUERY_DRAW_KIND_H

#include "query/sketch.h"

enum hs_draw_kind {
    HS_DRAW_INSTANCE = 0,
    HS_DRAW_MODULE,
    HS_DRAW_CLASS,
    HS_DRAW_FUNCTION, /* code, methods, cells */
    HS_DRAW_FRAME,    /* frames, generators and coroutines: locals of something that runs or waits */
    HS_DRAW_THREAD,   /* threads and what is local to them */
    HS_DRAW_CONTAINER,
    HS_DRAW_VALUE, /* str, int and the like: they hold nothing */
    HS_DRAW_KINDS,
};
/* By the name of its type. */
enum hs_draw_kind hs_draw_kind_of(const char *type);

/* "module", "class" ...: the word for it in a legend. */
const char *hs_draw_kind_name(enum hs_draw_kind kind);

/* How readily it is folded away where it only passes on. */
enum hs_plumbing hs_draw_plumbing_of(const char *type);

/* Colours as "#rrggbb". */
struct hs_shade {
    const char *fill, *border, *text;
};
const struct hs_shade *hs_draw_shade(enum hs_draw_kind kind);

#endif
