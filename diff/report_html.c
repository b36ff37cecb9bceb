#include "diff/report_html.h"

#include "diff/chart.h"
#include "diff/picture.h"
#include "diff/retained.h"
#include "query/page.h"
#include "query/quantity.h"

#include <stdlib.h>
#include <string.h>

/* Rows of the table of types, and of the table of what keeps most alive. */
#define TYPES_MAX    200
#define RETAINED_MAX 20
/* Suspects with a picture: laying out takes time. */
#define PICTURES_MAX 5
/* Pixels: what a page has room for on a laptop, beside its margins and below its buttons. */
#define PICTURE_WIDTH  1180
#define PICTURE_HEIGHT 560
/* Longer names and paths say less than they cost. */
#define NAME_COLUMNS 160
/* Snapshots described one by one. */
#define SNAPSHOTS_MAX 12

struct maker {
    struct hs_text *html;
    const struct hs_report *report;
    const struct hs_report_origin *origin;
    struct hs_retained retained;
    size_t last; /* snapshot */
};

/* ---- words and cells ---- */

/* Foreign text, as it is seen on a terminal, of bounded length. */
static void put_foreign(struct hs_text *html, const char *string)
{
    struct hs_text clipped = {0};
    hs_text_clip(&clipped, string, strlen(string), NAME_COLUMNS);
    hs_text_html(html, hs_text_string(&clipped), clipped.bytes);
    html->failed |= clipped.failed;
    hs_text_deinit(&clipped);
}

static void put_name_cell(struct hs_text *html, const char *string)
{
    hs_text_puts(html, "<td class=\"name\">");
    put_foreign(html, string);
    hs_text_puts(html, "</td>");
}

/* A figure that sorts by its number. */
static void put_cell(struct hs_text *html, int64_t number, const char *shown)
{
    hs_text_printf(html, "<td class=\"number\" data-value=\"%jd\">%s</td>", (intmax_t)number, shown);
}

static void put_count_cell(struct hs_text *html, uint64_t count)
{
    char shown[HS_QUANTITY_MAX];
    put_cell(html, (int64_t)count, hs_count_format(shown, count));
}

static void put_count_delta_cell(struct hs_text *html, int64_t count)
{
    char shown[HS_QUANTITY_MAX];
    put_cell(html, count, hs_count_delta_format(shown, count));
}

static void put_bytes_delta_cell(struct hs_text *html, int64_t bytes)
{
    char shown[HS_QUANTITY_MAX];
    put_cell(html, bytes, hs_bytes_delta_format(shown, bytes));
}

/* Bytes that may be less than none: what is not in memory counts so. */
static void put_bytes_cell(struct hs_text *html, int64_t bytes)
{
    char shown[HS_QUANTITY_MAX];
    if (bytes < 0)
        put_bytes_delta_cell(html, bytes);
    else
        put_cell(html, bytes, hs_bytes_format(shown, (uint64_t)bytes));
}

static void put_heading(struct hs_text *html, const char *id, const char *title)
{
    hs_text_printf(html, "<h2 id=\"%s\">%s</h2>\n", id, title);
}

/* ---- at the top ---- */

static void put_tile(struct hs_text *html, const char *what, const char *figure, const char *more)
{
    hs_text_printf(html, "<div><dt>%s</dt><dd>%s <span class=\"soft\">%s</span></dd></div>", what, figure,
                   more);
}

static void put_objects_tile(const struct maker *maker)
{
    const struct hs_compare *compare = maker->report->compare;
    char count[HS_QUANTITY_MAX], bytes[HS_QUANTITY_MAX], more[2 * HS_QUANTITY_MAX];
    if (!compare->same_process)
        return;
    snprintf(more, sizeof(more), "(%s)", hs_bytes_format(bytes, compare->new_bytes));
    put_tile(maker->html, "new objects", hs_count_format(count, compare->new_objects), more);
    snprintf(more, sizeof(more), "(%s)", hs_bytes_format(bytes, compare->freed_bytes));
    put_tile(maker->html, "freed objects", hs_count_format(count, compare->freed_objects), more);
}

static void put_summary(const struct maker *maker)
{
    const struct hs_report *report = maker->report;
    int64_t before = hs_memory_get(report->memory, "rss", 0);
    int64_t after = hs_memory_get(report->memory, "rss", maker->last);
    char a[HS_QUANTITY_MAX], b[HS_QUANTITY_MAX], c[HS_QUANTITY_MAX], text[3 * HS_QUANTITY_MAX];
    hs_text_puts(maker->html, "<dl class=\"tiles\">");
    put_tile(maker->html, report->suspects->count == 1 ? "suspect" : "suspects",
             hs_count_format(a, report->suspects->count),
             report->suspects->count ? "" : "nothing grows like a leak");
    put_objects_tile(maker);
    if (before >= 0 && after >= 0) {
        snprintf(text, sizeof(text), "%s &rarr; %s", hs_bytes_format(a, (uint64_t)before),
                 hs_bytes_format(b, (uint64_t)after));
        put_tile(maker->html, "memory of the process (rss)", hs_bytes_delta_format(c, after - before), text);
    }
    hs_text_puts(maker->html,
                 "</dl>\n<nav aria-label=\"Parts of the report\"><a href=\"#suspects\">Suspects</a> "
                 "<a href=\"#types\">Growing types</a> <a href=\"#memory\">Memory</a> "
                 "<a href=\"#retained\">What keeps it alive</a> <a href=\"#blind\">Not seen</a> "
                 "<a href=\"#again\">How to reproduce</a></nav>\n");
}

/* ---- suspects ---- */

/* The same words as on a terminal: the first line is the heading, the others say more. */
static void put_suspect_words(const struct maker *maker, size_t rank)
{
    struct hs_text words = {0};
    hs_report_put_suspect(&words, maker->report, rank);
    const char *line = hs_text_string(&words);
    for (bool first = true; *line; first = false) {
        line += strspn(line, " ");
        size_t bytes = strcspn(line, "\n");
        hs_text_puts(maker->html, first ? "<h3>" : "<p>");
        hs_text_html(maker->html, line, bytes);
        hs_text_puts(maker->html, first ? "</h3>\n" : "</p>\n");
        line += bytes + (line[bytes] == '\n');
    }
    maker->html->failed |= words.failed;
    hs_text_deinit(&words);
}

static void put_step(struct hs_text *html, const struct hs_step *step, const char *reference)
{
    hs_text_puts(html, "<li><span class=\"step\">");
    if (reference)
        put_foreign(html, reference);
    else
        hs_text_puts(html, "starts at");
    hs_text_puts(html, "</span> <b>");
    put_foreign(html, step->type);
    hs_text_puts(html, "</b>");
    const char *value = step->value ? step->value : reference ? NULL : step->name;
    if (value) {
        hs_text_puts(html, " ");
        put_foreign(html, value);
    }
    hs_text_printf(html, " <span class=\"soft\">#%u</span></li>\n", step->object);
}

/* The chain as a list; of a very long one the middle is left out. */
static struct hs_error *put_chain(struct hs_text *html, const struct hs_chain *chain)
{
    enum { MOST = 40, END = 15 };
    struct hs_error *error = NULL;
    hs_text_puts(html, "<details><summary>The chain, step by step</summary>\n<ol class=\"chain\">\n");
    for (size_t i = 0; !error && i < chain->count; i++) {
        if (chain->count > MOST && i == END) {
            hs_text_printf(html, "<li class=\"soft\">%zu steps more</li>\n", chain->count - 2 * END);
            i = chain->count - END;
        }
        char *reference = NULL;
        if (i)
            error = hs_step_format(&chain->step[i], &reference);
        if (!error)
            put_step(html, &chain->step[i], reference);
        free(reference);
    }
    hs_text_puts(html, "</ol></details>\n");
    return error;
}

/* How the suspect is held, as a picture; why there is none is said in its place. */
static struct hs_error *put_picture(const struct maker *maker, size_t rank)
{
    static const struct hs_picture_budget budget = {.width = PICTURE_WIDTH, .height = PICTURE_HEIGHT};
    struct hs_drawn drawn = {0};
    char id[16], label[64];
    struct hs_error *error = hs_report_picture(maker->report, rank, rank + 1, &budget, HS_DRAW_HTML, &drawn);
    if (!error && drawn.data) {
        snprintf(id, sizeof(id), "chain%zu", rank + 1);
        snprintf(label, sizeof(label), "How suspect %zu is held", rank + 1);
        hs_page_graph(maker->html, id, label, drawn.data, drawn.bytes);
    } else if (error && error->code != HS_ERROR_MEMORY) {
        hs_text_puts(maker->html, "<p class=\"note\">No picture: ");
        hs_text_html(maker->html, error->message, strlen(error->message));
        hs_text_puts(maker->html, "</p>\n");
        hs_error_destroy(error);
        error = NULL;
    }
    free(drawn.data);
    return error;
}

static struct hs_error *put_suspect(const struct maker *maker, size_t rank)
{
    const struct hs_suspect *suspect = &maker->report->suspects->suspect[rank];
    const struct hs_chain *chain = &suspect->place.chain;
    struct hs_error *error = NULL;
    hs_text_puts(maker->html, "<section class=\"suspect\">\n");
    put_suspect_words(maker, rank);
    if (suspect->place.example_path) {
        hs_text_puts(maker->html, "<p>One of them: <code>");
        put_foreign(maker->html, suspect->place.example_path);
        hs_text_puts(maker->html, "</code></p>\n");
    }
    if (chain->count && rank < PICTURES_MAX)
        error = put_picture(maker, rank);
    if (!error && chain->count)
        error = put_chain(maker->html, chain);
    hs_text_puts(maker->html, "</section>\n");
    return error;
}

static struct hs_error *put_suspects(const struct maker *maker)
{
    const struct hs_suspects *suspects = maker->report->suspects;
    struct hs_error *error = NULL;
    put_heading(maker->html, "suspects", "Suspects");
    if (!suspects->count)
        hs_text_puts(maker->html, "<p>Nothing grows like a leak.</p>\n");
    for (size_t i = 0; !error && i < suspects->count; i++)
        error = put_suspect(maker, i);
    if (suspects->minor)
        hs_text_printf(maker->html, "<p class=\"soft\">%ju smaller place%s that grow%s, not listed</p>\n",
                       (uintmax_t)suspects->minor, suspects->minor == 1 ? "" : "s",
                       suspects->minor == 1 ? "s" : "");
    return error;
}

/* ---- types ---- */

static void put_type(const struct maker *maker, const struct hs_type_row *row)
{
    struct hs_text *html = maker->html;
    size_t last = maker->last;
    hs_text_puts(html, "<tr>");
    put_name_cell(html, row->name);
    put_count_cell(html, row->count[0]);
    put_count_cell(html, row->count[last]);
    put_count_delta_cell(html, (int64_t)(row->count[last] - row->count[0]));
    put_bytes_cell(html, (int64_t)row->bytes[last]);
    put_bytes_delta_cell(html, (int64_t)(row->bytes[last] - row->bytes[0]));
    hs_text_puts(html, "<td>");
    hs_chart_spark(html, row->count, maker->report->snapshots);
    hs_text_puts(html, "</td></tr>\n");
}

static void put_types(const struct maker *maker)
{
    const struct hs_compare *compare = maker->report->compare;
    size_t listed = 0, more = 0;
    put_heading(maker->html, "types", "Growing types");
    hs_text_puts(
        maker->html,
        "<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>type</th><th "
        "class=\"number\">before</th><th class=\"number\">after</th>"
        "<th class=\"number\">+count</th><th class=\"number\">bytes</th><th class=\"number\">+bytes</th>"
        "<th data-fixed>over the snapshots</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < compare->types; i++) {
        if (!hs_report_lists_type(maker->report, &compare->type[i]))
            continue;
        if (listed < TYPES_MAX)
            put_type(maker, &compare->type[i]);
        else
            more++;
        listed++;
    }
    hs_text_puts(maker->html, "</tbody></table></div>\n");
    if (!listed)
        hs_text_puts(maker->html, "<p>No type has grown.</p>\n");
    if (more)
        hs_text_printf(maker->html,
                       "<p class=\"soft\">%zu more types: <code>heapdiff -n %zu</code> lists them</p>\n",
                       more, listed);
}

/* ---- memory ---- */

static void put_part(const struct maker *maker, const char *name, const int64_t *bytes)
{
    size_t count = maker->report->snapshots;
    hs_text_printf(maker->html, "<tr><td>%s</td>", name);
    put_bytes_cell(maker->html, bytes[0]);
    put_bytes_cell(maker->html, bytes[count - 1]);
    put_bytes_delta_cell(maker->html, bytes[count - 1] - bytes[0]);
    hs_text_puts(maker->html, "</tr>\n");
}

static void put_memory(const struct maker *maker)
{
    const struct hs_budget *budget = maker->report->budget;
    put_heading(maker->html, "memory", "Where the memory went");
    if (!budget->snapshots) {
        hs_text_puts(maker->html, "<p>A snapshot does not say enough about the memory of its process.</p>\n");
        return;
    }
    if (budget->steady)
        hs_text_puts(maker->html, "<p>The resident set has hardly changed.</p>\n");
    hs_text_puts(maker->html, "<div class=\"wide\">");
    hs_chart_budget(maker->html, budget);
    hs_text_puts(maker->html, "</div>\n<table><thead><tr><th>part</th><th class=\"number\">before</th><th "
                              "class=\"number\">after</th><th class=\"number\">change</th>"
                              "</tr></thead>\n<tbody>\n");
    for (unsigned i = 0; i < HS_BUDGET_PARTS; i++)
        put_part(maker, hs_budget_part_words(i), budget->part[i]);
    put_part(maker, "<b>resident set (rss), the sum</b>", budget->rss);
    hs_text_puts(maker->html, "</tbody></table>\n");
}

/* ---- what keeps how much alive ---- */

static void put_json(struct hs_text *json, const char *string)
{
    if (!string) {
        hs_text_puts(json, "null");
        return;
    }
    struct hs_text clipped = {0};
    hs_text_clip(&clipped, string, strlen(string), NAME_COLUMNS);
    hs_text_puts(json, "\"");
    hs_text_json(json, hs_text_string(&clipped), clipped.bytes);
    hs_text_puts(json, "\"");
    json->failed |= clipped.failed;
    hs_text_deinit(&clipped);
}

/* Rows of [parent, label, type, path, id, count, bytes, new bytes]. */
static void put_boxes(const struct maker *maker)
{
    struct hs_text json = {0};
    hs_text_puts(&json, "[");
    for (uint32_t i = 0; i < maker->retained.count; i++) {
        const struct hs_box *box = &maker->retained.box[i];
        hs_text_printf(&json, "%s[%d,", i ? ",\n" : "", box->parent == HS_NO_BOX ? -1 : (int)box->parent);
        put_json(&json, box->label);
        hs_text_puts(&json, ",");
        put_json(&json, box->type);
        hs_text_puts(&json, ",");
        put_json(&json, box->path);
        hs_text_printf(&json, ",%jd,%ju,%ju,%ju]",
                       box->object == HS_NO_OBJECT ? (intmax_t)-1 : (intmax_t)box->object,
                       (uintmax_t)box->count, (uintmax_t)box->bytes, (uintmax_t)box->new_bytes);
    }
    hs_text_puts(&json, "]");
    maker->html->failed |= json.failed;
    hs_page_data(maker->html, "boxes", hs_text_string(&json), json.bytes);
    hs_text_deinit(&json);
}

static int compare_boxes(const void *a, const void *b)
{
    const struct hs_box *x = *(const struct hs_box *const *)a, *y = *(const struct hs_box *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x->object < y->object ? -1 : x->object > y->object;
}

static struct hs_error *put_largest(const struct maker *maker)
{
    const struct hs_retained *retained = &maker->retained;
    struct hs_text *html = maker->html;
    const struct hs_box **box = malloc((retained->count + 1) * sizeof(*box));
    if (!box)
        return &hs_error_memory;
    size_t count = 0;
    for (uint32_t i = 0; i < retained->count; i++)
        if (retained->box[i].path)
            box[count++] = &retained->box[i];
    qsort(box, count, sizeof(*box), compare_boxes);
    hs_text_puts(html, "<details class=\"largest\" open><summary>The largest, as a table</summary>\n<div "
                       "class=\"wide\"><table class=\"sortable\"><thead><tr><th>path</th>"
                       "<th>type</th><th class=\"number\">keeps alive</th><th class=\"number\">of it "
                       "new</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count && i < RETAINED_MAX; i++) {
        hs_text_puts(html, "<tr>");
        put_name_cell(html, box[i]->path);
        put_name_cell(html, box[i]->type);
        put_bytes_cell(html, (int64_t)box[i]->bytes);
        put_bytes_cell(html, (int64_t)box[i]->new_bytes);
        hs_text_puts(html, "</tr>\n");
    }
    hs_text_puts(html, "</tbody></table></div></details>\n");
    free(box);
    return NULL;
}

static struct hs_error *put_retained(const struct maker *maker)
{
    put_heading(maker->html, "retained", "What keeps it alive");
    hs_text_puts(maker->html,
                 "<p>Each box is an object of the last snapshot with all that would be freed with it.</p>\n"
                 "<div id=\"treemap\" hidden></div>\n");
    put_boxes(maker);
    return put_largest(maker);
}

/* ---- the end ---- */

static void put_blind_spots(const struct maker *maker)
{
    const struct hs_report *report = maker->report;
    put_heading(maker->html, "blind", "Not seen");
    hs_text_puts(maker->html, report->blind_count ? "<ul>\n" : "<p>Looked, and there is nothing.</p>\n");
    for (size_t i = 0; i < report->blind_count; i++) {
        hs_text_puts(maker->html, "<li>");
        hs_text_html(maker->html, report->blind[i], strlen(report->blind[i]));
        hs_text_puts(maker->html, "</li>\n");
    }
    hs_text_puts(maker->html, report->blind_count ? "</ul>\n" : "");
}

static void put_fact(struct hs_text *html, const struct hs_loaded *loaded, const char *name)
{
    const char *fact = hs_reader_fact(loaded->reader, name);
    hs_text_puts(html, "<td>");
    put_foreign(html, fact ? fact : "");
    hs_text_puts(html, "</td>");
}

static void put_snapshot(const struct maker *maker, size_t number)
{
    const struct hs_loaded *loaded = &maker->report->loaded[number];
    hs_text_puts(maker->html, "<tr>");
    put_name_cell(maker->html, loaded->path);
    static const char *const facts[] = {"label", "taken_at", "pid", "command", "python_version"};
    for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
        put_fact(maker->html, loaded, facts[i]);
    put_count_cell(maker->html, hs_reader_objects(loaded->reader));
    hs_text_puts(maker->html, "</tr>\n");
}

static void put_snapshots(const struct maker *maker)
{
    size_t count = maker->report->snapshots;
    hs_text_puts(maker->html,
                 "<div class=\"wide\"><table><thead><tr><th>snapshot</th><th>label</th><th>taken "
                 "at</th><th>pid</th><th>command</th>"
                 "<th>Python</th><th class=\"number\">objects</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < count; i++) {
        if (count > SNAPSHOTS_MAX && i == SNAPSHOTS_MAX / 2) {
            hs_text_printf(maker->html, "<tr><td colspan=\"7\">%zu more</td></tr>\n", count - SNAPSHOTS_MAX);
            i = count - SNAPSHOTS_MAX / 2;
        }
        put_snapshot(maker, i);
    }
    hs_text_puts(maker->html, "</tbody></table></div>\n");
}

/* One command of a line each, its words quoted for a shell. */
static void put_command(struct hs_text *html, const char *before, const char *file, uint32_t object)
{
    struct hs_text word = {0};
    hs_text_shell(&word, file);
    hs_text_puts(html, before);
    hs_text_html(html, hs_text_string(&word), word.bytes);
    hs_text_printf(html, " &#39;#%u&#39;\n", object);
    html->failed |= word.failed;
    hs_text_deinit(&word);
}

static void put_commands(const struct maker *maker)
{
    const struct hs_report_origin *origin = maker->origin;
    const struct hs_suspects *suspects = maker->report->suspects;
    const char *last = maker->report->loaded[maker->last].path;
    struct hs_text line = {0};
    for (int i = 0; i < origin->words; i++) {
        hs_text_puts(&line, i ? " " : "");
        hs_text_shell(&line, i ? origin->word[i] : "heapdiff");
    }
    hs_text_puts(maker->html, "<pre tabindex=\"0\">");
    hs_text_html(maker->html, hs_text_string(&line), line.bytes);
    hs_text_puts(maker->html, "\n");
    for (size_t i = 0; i < suspects->count && i < PICTURES_MAX; i++)
        if (suspects->suspect[i].place.example != HS_NO_OBJECT)
            put_command(maker->html, "heapquery chain ", last, suspects->suspect[i].place.example);
    if (suspects->count && suspects->suspect[0].place.holder != HS_NO_OBJECT)
        put_command(maker->html, "heapquery refs ", last, suspects->suspect[0].place.holder);
    hs_text_puts(maker->html, "</pre>\n");
    maker->html->failed |= line.failed;
    hs_text_deinit(&line);
}

static struct hs_error *put_all(struct maker *maker)
{
    put_summary(maker);
    struct hs_error *error = put_suspects(maker);
    if (error)
        return error;
    put_types(maker);
    put_memory(maker);
    error = put_retained(maker);
    if (error)
        return error;
    put_blind_spots(maker);
    put_heading(maker->html, "again", "How to reproduce");
    put_snapshots(maker);
    put_commands(maker);
    return NULL;
}

struct hs_error *hs_report_html(const struct hs_report *report, const struct hs_report_origin *origin,
                                const char *path, bool overwrite)
{
    static const char *const styles[] = {"report.css", NULL};
    static const char *const scripts[] = {"svg-pan-zoom.js", "d3-hierarchy.js", "graph.js", "report.js",
                                          NULL};
    struct hs_text html = {0}, title = {0};
    struct hs_report whole = *report;
    whole.quiet = false; /* that is about the terminal */
    struct maker maker = {.html = &html, .report = &whole, .origin = origin, .last = report->snapshots - 1};
    hs_text_puts(&title, "What grew from ");
    hs_text_puts(&title, report->loaded[0].path);
    hs_text_puts(&title, " to ");
    hs_text_puts(&title, report->loaded[maker.last].path);
    struct hs_page page = {.title = hs_text_string(&title), .styles = styles, .scripts = scripts};
    struct hs_error *error = hs_text_error(&title);
    if (!error)
        error =
            hs_retained_create(&report->loaded[maker.last], report->groups, report->compare, &maker.retained);
    if (!error) {
        hs_page_begin(&html, &page);
        error = put_all(&maker);
        hs_page_end(&html, &page);
    }
    if (!error)
        error = hs_page_write(&html, path, overwrite);
    hs_retained_deinit(&maker.retained);
    hs_text_deinit(&title);
    hs_text_deinit(&html);
    return error;
}
