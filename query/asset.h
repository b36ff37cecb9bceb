/* What pages are made of: style sheets and scripts that the build put into the program.
 *
 * Our own are always there; those from npm (svg-pan-zoom, d3-hierarchy, uPlot) only if the build could fetch
 * them. The table is made by query/web/embed.py.
 */
#ifndef HS_QUERY_ASSET_H
#define HS_QUERY_ASSET_H

#include <stddef.h>

struct hs_asset {
    const char *name; /* "page.css", "svg-pan-zoom.js"; NULL ends the table */
    const char *data; /* UTF-8 without what would end a script or style element; not NUL-terminated */
    size_t bytes;
    const char *hash; /* as a content security policy wants it: "sha256-..." */
};
extern const struct hs_asset hs_assets[];

/* NULL if the build does not have it. */
const struct hs_asset *hs_asset_find(const char *name);

#endif
