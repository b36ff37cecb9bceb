/* Pages: HTML files that stand alone.
 *
 * A page loads nothing from anywhere: styles, scripts and data are in it, and its content security policy
 * allows the scripts and styles that the build knows the hashes of, and nothing else. So no name in a heap
 * can run, even if one slipped through the escaping. What a page says can be read with scripts off; scripts
 * add zooming, searching and sorting. Light and dark follow the reader's system, and a button changes that.
 *
 * A page is made in a struct hs_text: hs_page_begin(), content, hs_page_end(), hs_page_write(). Foreign text
 * goes through hs_text_html() and JSON through hs_page_data().
 */
#ifndef HS_QUERY_PAGE_H
#define HS_QUERY_PAGE_H

#include "format/text.h"

#include <stdbool.h>

/* Scripts and style sheets of a page, by the names that hs_asset_find() knows, NULL at the end. Those from
 * npm may be missing. page.css and page.js are always used. */
struct hs_page {
    const char *title; /* foreign text */
    const char *const *styles, *const *scripts;
};

/* Head, opening of the body, a header with the title as <h1>, and <main>. If the build lacks one of the
 * scripts the page says so. */
void hs_page_begin(struct hs_text *html, const struct hs_page *page);
/* Closes <main>, puts in the scripts and ends the page. */
void hs_page_end(struct hs_text *html, const struct hs_page *page);

/* Are all scripts of the page in this build? */
bool hs_page_is_complete(const struct hs_page *page);

/* A JSON document as <script type="application/json" id="ID">, which no browser executes, for the page's own
 * scripts. `id` is ours. */
void hs_page_data(struct hs_text *html, const char *id, const char *json, size_t bytes);

/* A picture as <figure class="graph">, with a legend of its shades, and the buttons and the search that
 * graph.js brings to life. `svg` is a whole file as Graphviz writes it: what stands before <svg> is dropped,
 * and every id in it gets `id` and a hyphen in front, since several pictures can be in one page. `label` is
 * what a screen reader says (foreign text). `id` is ours. */
void hs_page_graph(struct hs_text *html, const char *id, const char *label, const char *svg, size_t bytes);

/* Writes the finished page to a file, complete or not at all; an existing one is refused unless
 * `overwrite`. */
struct hs_error *hs_page_write(const struct hs_text *html, const char *path, bool overwrite) HS_MUST_CHECK;

#endif
