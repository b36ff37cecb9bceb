/* Runs Graphviz where it can do no harm: in a child process with limits on CPU time, memory and patience.
 *
 * libgvc is loaded there at run time, so that the tools run without it. The child has the parent's cgraph,
 * which the library shares.
 */
#ifndef HS_QUERY_DRAW_LAYOUT_H
#define HS_QUERY_DRAW_LAYOUT_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>

/* CPU time for one layout, unless it is said otherwise. What takes longer is a picture that nobody can look
 * at. */
#define HS_LAYOUT_CPU_SECONDS 20

struct hs_layout_ask {
    void *graph;        /* an Agraph_t */
    const char *format; /* a name that Graphviz knows: "svg", "png" */
    bool placed;        /* the boxes have places already: only draw the arrows */
    unsigned cpu_seconds;
    /* Called in the child when all has its place: says how large the picture is, in points, and may add to it
     * what has a place too. False: do not draw it. */
    bool (*finish)(void *context, double *ret_width, double *ret_height);
    void *context;
};
struct hs_layout_answer {
    char *data; /* malloc'ed; NULL if `finish` said no */
    size_t bytes;
    double width, height;
    bool gave_up; /* over a limit: there is nothing else in the answer */
};
struct hs_error *hs_layout_run(const struct hs_layout_ask *ask, struct hs_layout_answer *ret) HS_MUST_CHECK;

#endif
