#include "query/page.h"

#include "format/publish.h"
#include "query/asset.h"
#include "query/draw_kind.h"

#include <string.h>

static const char *const own_styles[] = {"page.css", NULL};
static const char *const own_scripts[] = {"page.js", NULL};

bool hs_page_is_complete(const struct hs_page *page)
{
    for (const char *const *name = page->scripts; *name; name++)
        if (!hs_asset_find(*name))
            return false;
    return true;
}

static void put_hashes(struct hs_text *html, const char *const *names)
{
    for (; *names; names++) {
        const struct hs_asset *asset = hs_asset_find(*names);
        if (asset)
            hs_text_printf(html, " '%s'", asset->hash);
    }
}

static void put_elements(struct hs_text *html, const char *element, const char *const *names)
{
    for (; *names; names++) {
        const struct hs_asset *asset = hs_asset_find(*names);
        if (!asset)
            continue;
        hs_text_printf(html, "<%s>", element);
        hs_text_put(html, asset->data, asset->bytes);
        hs_text_printf(html, "</%s>\n", element);
    }
}

void hs_page_begin(struct hs_text *html, const struct hs_page *page)
{
    hs_text_puts(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri "
                       "'none'; form-action "
                       "'none'; style-src");
    put_hashes(html, own_styles);
    put_hashes(html, page->styles);
    hs_text_puts(html, "; script-src");
    put_hashes(html, own_scripts);
    put_hashes(html, page->scripts);
    hs_text_puts(html, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    hs_text_html(html, page->title, strlen(page->title));
    hs_text_puts(html, "</title>\n");
    put_elements(html, "style", own_styles);
    put_elements(html, "style", page->styles);
    hs_text_puts(html, "</head>\n<body>\n<header>\n<h1>");
    hs_text_html(html, page->title, strlen(page->title));
    hs_text_puts(html,
                 "</h1>\n<button id=\"theme\" type=\"button\" hidden>Dark</button>\n</header>\n<main>\n");
    if (!hs_page_is_complete(page))
        hs_text_puts(html, "<p class=\"note\">Made by a build without the libraries from npm: pictures in "
                           "this page do not zoom. "
                           "<code>make web</code> fetches them.</p>\n");
}

void hs_page_end(struct hs_text *html, const struct hs_page *page)
{
    hs_text_puts(html, "</main>\n<footer>heapsnap " HS_VERSION "</footer>\n");
    put_elements(html, "script", page->scripts);
    put_elements(html, "script", own_scripts);
    hs_text_puts(html, "</body>\n</html>\n");
}

void hs_page_data(struct hs_text *html, const char *id, const char *json, size_t bytes)
{
    hs_text_printf(html, "<script type=\"application/json\" id=\"%s\">", id);
    /* In JSON a < stands in strings only, where it can be written so that no </script> is left. */
    for (const char *end = json + bytes, *at; json < end; json = at) {
        at = memchr(json, '<', (size_t)(end - json));
        at = at ? at : end;
        hs_text_put(html, json, (size_t)(at - json));
        if (at < end) {
            hs_text_puts(html, "\\u003c");
            at++;
        }
    }
    hs_text_puts(html, "</script>\n");
}

/* The picture itself, with its ids made the page's. Graphviz writes quotes in text as entities, so ` id="` is
 * an attribute wherever it stands. */
static void put_svg(struct hs_text *html, const char *id, const char *svg, size_t bytes)
{
    static const char attribute[] = " id=\"";
    const char *end = svg + bytes, *at = memmem(svg, bytes, "<svg", 4);
    if (!at)
        return;
    for (const char *next; at < end; at = next) {
        next = memmem(at, (size_t)(end - at), attribute, sizeof(attribute) - 1);
        next = next ? next + sizeof(attribute) - 1 : end;
        hs_text_put(html, at, (size_t)(next - at));
        if (next < end)
            hs_text_printf(html, "%s-", id);
    }
}

/* What the shades of the picture mean, those that are in it. */
static void put_legend(struct hs_text *html, const char *svg, size_t bytes)
{
    hs_text_puts(html, "<ul class=\"legend\" aria-label=\"Shades\">");
    for (enum hs_draw_kind kind = 0; kind < HS_DRAW_KINDS; kind++) {
        const struct hs_shade *shade = hs_draw_shade(kind);
        if (memmem(svg, bytes, shade->fill, strlen(shade->fill)))
            hs_text_printf(
                html,
                "<li><svg width=\"16\" height=\"12\" aria-hidden=\"true\"><rect x=\"1\" y=\"1\" width=\"14\" "
                "height=\"10\" rx=\"3\" fill=\"%s\" stroke=\"%s\"/></svg> %s</li>",
                shade->fill, shade->border, hs_draw_kind_name(kind));
    }
    hs_text_puts(html, "</ul>");
}

void hs_page_graph(struct hs_text *html, const char *id, const char *label, const char *svg, size_t bytes)
{
    hs_text_printf(html, "<figure class=\"graph\" id=\"%s\" role=\"group\" aria-label=\"", id);
    hs_text_html(html, label, strlen(label));
    hs_text_puts(html, "\">\n<div class=\"bar\"><div class=\"tools\" hidden>"
                       "<button type=\"button\" data-do=\"in\" aria-label=\"Zoom in\">+</button>"
                       "<button type=\"button\" data-do=\"out\" aria-label=\"Zoom out\">&minus;</button>"
                       "<button type=\"button\" data-do=\"fit\">Fit</button>"
                       "<input type=\"search\" placeholder=\"Search\" aria-label=\"Search the boxes\">"
                       "<span role=\"status\"></span></div>\n");
    put_legend(html, svg, bytes);
    hs_text_puts(html, "</div>\n<div class=\"canvas\">");
    put_svg(html, id, svg, bytes);
    hs_text_puts(html, "<div class=\"facts\" role=\"status\" hidden></div></div>\n</figure>\n");
}

struct hs_error *hs_page_write(const struct hs_text *html, const char *path, bool overwrite)
{
    struct hs_publish *publish = NULL;
    struct hs_error *error = hs_text_error(html);
    if (!error)
        error = hs_publish_create(path, overwrite, &publish);
    if (!error)
        error = hs_publish_write(publish, html->data, html->bytes);
    if (!error)
        error = hs_publish_commit(publish, NULL);
    if (publish)
        hs_publish_destroy(publish);
    return error;
}
