/* heapquery plot: memory and objects of a process against time. */
#include "query/cmd.h"

#include "format/publish.h"
#include "query/page.h"
#include "query/plot.h"

#include <string.h>

static bool ends_in(const char *path, const char *extension)
{
    size_t bytes = strlen(path), more = strlen(extension);
    return bytes > more && !strcmp(path + bytes - more, extension);
}

static struct hs_error *plot(const struct hs_series *series, const struct hs_options *options)
{
    struct hs_text title = {0}, file = {0};
    hs_text_puts(&title, "Memory and objects: ");
    hs_text_clip(&title, options->argument[0], strlen(options->argument[0]), 80);
    struct hs_error *error = hs_text_error(&title);
    if (!error && ends_in(options->output, ".svg"))
        error = hs_plot_svg(series, hs_text_string(&title), true, &file);
    else if (!error)
        error = hs_plot_page(series, hs_text_string(&title), &file);
    if (!error)
        error = hs_page_write(&file, options->output, options->overwrite);
    hs_text_deinit(&title);
    hs_text_deinit(&file);
    return error;
}

static struct hs_error *run_plot(const struct hs_options *options)
{
    if (!options->output)
        return hs_error_create(HS_ERROR_USAGE, "plot: where to? give -o FILE.svg or -o FILE.html");
    if (!ends_in(options->output, ".svg") && !ends_in(options->output, ".html"))
        return hs_error_create(HS_ERROR_USAGE, "%s: plots are written as .svg or .html", options->output);
    struct hs_series series;
    struct hs_error *error = hs_series_read(options->argument[0], &series);
    if (!error)
        error = plot(&series, options);
    hs_series_deinit(&series);
    return error;
}

const struct hs_command hs_command_plot = {
    .name = "plot",
    .arguments = "MEMORY.csv -o FILE.svg",
    .summary = "memory and objects of a process against time",
    .details =
        "Draws the table that `heapdump record` or pytest --heapdump-record makes: memory and objects\n"
        "against time, with a line for every mark. FILE.svg is a picture, FILE.html a page that zooms\n"
        "and has a table of the marks. Other tables do as well, if their first line names a column\n"
        "timestamp (2026-01-31T12:00:00Z, or seconds since 1970) and one of rss, pss, vm_size (bytes)\n"
        "and objects; label, or run and test, become marks, and pid tells processes apart.",
    .examples = "  heapdump record -o memory.csv &\n"
                "  heapdump mark 'repetition 1'\n"
                "  heapquery plot memory.csv -o memory.svg\n"
                "  heapquery plot memory.csv -o memory.html -f\n",
    .takes = HS_TAKES_FILE,
    .least = 1,
    .most = 1,
    .run = run_plot,
};
