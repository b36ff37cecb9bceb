/* Runs Graphviz' layout where it can do no harm: in a child process with limits on CPU time, memory and
 * patience.
 *
 * libgvc is loaded there at run time, so that the tools run without it. The child has the parent's cgraph,
 * which the library shares.
 */
#ifndef HS_QUERY_DRAW_LAYOUT_H
#define HS_QUERY_DRAW_LAYOUT_H

#include "format/error.h"

#include <stddef.h>

/* `graph` is an Agraph_t, `format` a name that Graphviz knows: "svg", "png". Gives the file's bytes,
 * malloc'ed. */
struct hs_error *hs_layout_run(void *graph, const char *format, char **ret, size_t *ret_bytes) HS_MUST_CHECK;

#endif
