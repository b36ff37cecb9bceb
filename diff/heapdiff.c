/* heapdiff: what grew between snapshots of a process, and which place in the program holds it. */
#include "diff/baseline.h"
#include "diff/picture.h"
#include "diff/report.h"
#include "diff/report_html.h"
#include "format/publish.h"
#include "format/trouble.h"
#include "query/draw.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define EXIT_GROWTH 1

#define TYPES_DEFAULT 10
/* Snapshots compared at a time. */
#define FILES_MAX 100
/* Statements about costs or patterns that anybody writes. */
#define STATEMENTS_BYTES (1 << 20)

struct options {
    const char *costs, *patterns; /* files; NULL: none */
    bool json, quiet, exit_code, overwrite;
    const char *graph;                        /* NULL: no picture */
    const char *html;                         /* NULL: no page */
    const char *baseline, *baseline_to_write; /* NULL: none */
    const char *type_glob;
    size_t types_max;
    struct hs_picture_budget budget;
    const char *const *path;
    size_t paths;
    struct hs_report_origin origin;
};

static const char help[] =
    "usage: heapdiff BEFORE.db AFTER.db [LATER.db ...] [options]\n"
    "\n"
    "Says what grew between snapshots of a Python process, and which place in the program holds it.\n"
    "Two snapshots show a difference; three and more, of equal steps of work, tell a leak from a warm-up.\n"
    "\n"
    "  --json          one JSON document: snapshots, types, suspects, garbage, memory, blind_spots\n"
    "  --graph FILE    draws the ways from the program to what grows (.svg .html .png .dot)\n"
    "  --budget SIZE   draws as much as fits: pixels (1366x768), boxes (40), or 0 for everything\n"
    "  --html FILE     writes a page for a browser that stands alone: suspects with pictures, growing "
    "types,\n"
    "                  the memory account, what keeps how much alive\n"
    "  -f, --force     lets --graph, --html and --write-baseline replace an existing file\n"
    "  --type GLOB     lists the types whose name matches, grown or not\n"
    "  -n N            lists N types (10)\n"
    "  --costs FILE    SQL that changes edge_cost, which says what explains an object best (SPEC.md, 6.4)\n"
    "  --patterns FILE SQL that changes known_pattern, the leaks known by sight (docs/reading.md)\n"
    "  --exit-code     exits 1 if there is a suspect\n"
    "  --baseline FILE        says which suspects are not accepted by FILE; only these count for "
    "--exit-code.\n"
    "                         Those too small to be listed are compared as well\n"
    "  --write-baseline FILE  accepts the suspects that there are now\n"
    "  -q, --quiet     prints the suspects alone, a line each\n"
    "  -h, --help      prints this\n"
    "      --version   prints the version\n"
    "\n"
    "Exit status: 0 done, 1 growth (with --exit-code), 2 trouble.\n"
    "\n"
    "In the program: import heapdump; heapdump.snap(\"before.db\"); ...; heapdump.snap(\"after.db\")\n"
    "Then:           heapdiff before.db after.db\n";

static struct hs_error *usage(const char *what, const char *word)
{
    return hs_error_create(HS_ERROR_USAGE, "%s%s%s; wanted: heapdiff BEFORE.db AFTER.db", what,
                           word ? ": " : "", word ? word : "");
}

/* ---- the command line ---- */

static struct hs_error *parse_number(const char *word, size_t *ret)
{
    char *end;
    errno = 0;
    long number = strtol(word, &end, 10);
    if (errno || end == word || *end || number < 0)
        return usage("-n wants a number, not", word);
    *ret = (size_t)number;
    return NULL;
}

enum {
    OPTION_JSON = 256,
    OPTION_GRAPH,
    OPTION_HTML,
    OPTION_BUDGET,
    OPTION_TYPE,
    OPTION_EXIT_CODE,
    OPTION_COSTS,
    OPTION_PATTERNS,
    OPTION_BASELINE,
    OPTION_WRITE_BASELINE,
    OPTION_VERSION
};

static struct hs_error *parse(int argc, char **argv, struct options *options, bool *ret_done)
{
    static const struct option names[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"graph", required_argument, NULL, OPTION_GRAPH},
        {"html", required_argument, NULL, OPTION_HTML},
        {"budget", required_argument, NULL, OPTION_BUDGET},
        {"force", no_argument, NULL, 'f'},
        {"type", required_argument, NULL, OPTION_TYPE},
        {"costs", required_argument, NULL, OPTION_COSTS},
        {"patterns", required_argument, NULL, OPTION_PATTERNS},
        {"exit-code", no_argument, NULL, OPTION_EXIT_CODE},
        {"baseline", required_argument, NULL, OPTION_BASELINE},
        {"write-baseline", required_argument, NULL, OPTION_WRITE_BASELINE},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {0},
    };
    struct hs_error *error = NULL;
    opterr = 0;
    for (int option; !error && (option = getopt_long(argc, argv, ":fqhn:", names, NULL)) != -1;) {
        switch (option) {
        case OPTION_JSON:
            options->json = true;
            break;
        case OPTION_GRAPH:
            options->graph = optarg;
            break;
        case OPTION_HTML:
            options->html = optarg;
            break;
        case OPTION_BUDGET:
            error = hs_picture_budget_parse(optarg, &options->budget);
            break;
        case OPTION_TYPE:
            options->type_glob = optarg;
            break;
        case OPTION_COSTS:
            options->costs = optarg;
            break;
        case OPTION_PATTERNS:
            options->patterns = optarg;
            break;
        case OPTION_EXIT_CODE:
            options->exit_code = true;
            break;
        case OPTION_BASELINE:
            options->baseline = optarg;
            break;
        case OPTION_WRITE_BASELINE:
            options->baseline_to_write = optarg;
            break;
        case 'f':
            options->overwrite = true;
            break;
        case 'q':
            options->quiet = true;
            break;
        case 'n':
            error = parse_number(optarg, &options->types_max);
            break;
        case 'h':
            fputs(help, stdout);
            *ret_done = true;
            return NULL;
        case OPTION_VERSION:
            puts("heapdiff " HS_VERSION);
            *ret_done = true;
            return NULL;
        case ':':
            error = usage("an option lacks its value", argv[optind - 1]);
            break;
        default:
            error = usage("unknown option", argv[optind - 1]);
        }
    }
    options->path = (const char *const *)argv + optind;
    options->paths = (size_t)(argc - optind);
    return error;
}

/* The same file twice compares to nothing, and is a slip of the hand. */
static struct hs_error *check_distinct(const struct options *options)
{
    struct stat seen[FILES_MAX];
    for (size_t i = 0; i < options->paths; i++) {
        if (stat(options->path[i], &seen[i]))
            return hs_error_system(errno, options->path[i], "open the snapshot");
        for (size_t j = 0; j < i; j++)
            if (seen[i].st_dev == seen[j].st_dev && seen[i].st_ino == seen[j].st_ino)
                return hs_error_create(
                    HS_ERROR_USAGE,
                    "%s: named twice; a comparison needs two snapshots, taken one after the other",
                    options->path[i]);
    }
    return NULL;
}

static struct hs_error *check_writable(const char *path, bool overwrite)
{
    struct hs_publish *publish;
    struct hs_error *error = hs_publish_create(path, overwrite, &publish);
    if (!error)
        hs_publish_destroy(publish);
    return error;
}

/* What can be refused before minutes of work are. */
static struct hs_error *check(const struct options *options)
{
    enum hs_draw_format format;
    struct hs_error *error = NULL;
    if (options->paths < 2)
        return usage("two snapshots are needed", options->paths ? options->path[0] : NULL);
    if (options->paths > FILES_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "at most %d snapshots at a time", FILES_MAX);
    if (options->graph)
        error = hs_draw_format_find(options->graph, &format);
    if (!error && options->graph)
        error = check_writable(options->graph, options->overwrite);
    if (!error && options->html)
        error = check_writable(options->html, options->overwrite);
    return error ? error : check_distinct(options);
}

/* ---- the work ---- */

static struct hs_error *print(const struct options *options, const struct hs_report *report)
{
    struct hs_error *error = options->json ? hs_report_json(report, stdout) : hs_report_text(report, stdout);
    if (!error && options->html)
        error = hs_report_html(report, &options->origin, options->html, options->overwrite);
    if (error || !options->graph)
        return error;
    if (!report->suspects->count) {
        fprintf(stderr, "heapdiff: %s: not drawn, since nothing grows like a leak\n", options->graph);
        return NULL;
    }
    return hs_report_draw(report, options->graph, &options->budget, options->overwrite);
}

/* All that is made on the way. */
struct state {
    char *costs; /* what stands in the file of --costs */
    struct hs_pattern_table patterns;
    struct hs_loaded *loaded;
    size_t loaded_count;
    struct hs_groups *groups;
    struct hs_compare *compare;
    struct hs_suspects suspects;
    struct hs_sites sites;
    struct hs_memory memory;
    struct hs_baseline baseline;
    struct hs_budget budget;
    struct hs_report report;
};

static void state_deinit(struct state *state)
{
    free(state->costs);
    hs_pattern_table_deinit(&state->patterns);
    hs_report_deinit(&state->report);
    hs_baseline_deinit(&state->baseline);
    hs_sites_deinit(&state->sites);
    hs_suspects_deinit(&state->suspects);
    hs_budget_deinit(&state->budget);
    hs_memory_deinit(&state->memory);
    hs_compare_destroy(state->compare);
    hs_groups_destroy(state->groups);
    for (size_t i = 0; i < state->loaded_count; i++)
        hs_loaded_deinit(&state->loaded[i]);
    free(state->loaded);
}

static struct hs_error *read_statements(const char *path, char **ret)
{
    char *text = calloc(1, STATEMENTS_BYTES + 2);
    FILE *file = text ? fopen(path, "re") : NULL;
    size_t bytes = file ? fread(text, 1, STATEMENTS_BYTES + 1, file) : 0;
    struct hs_error *error = NULL;
    if (!text)
        error = &hs_error_memory;
    else if (!file || ferror(file))
        error = hs_error_system(errno, path, "read the statements");
    else if (bytes > STATEMENTS_BYTES)
        error =
            hs_error_create(HS_ERROR_LIMIT, "%s: more than %d bytes of statements", path, STATEMENTS_BYTES);
    if (file)
        fclose(file);
    if (error)
        free(text);
    else
        *ret = text;
    return error;
}

static struct hs_error *change_patterns(const char *path, struct hs_pattern_table *patterns)
{
    char *sql;
    struct hs_error *error = read_statements(path, &sql);
    if (error)
        return error;
    error = hs_pattern_table_change(patterns, path, sql);
    free(sql);
    return error;
}

static struct hs_error *load(const struct options *options, struct state *state)
{
    state->loaded = calloc(options->paths, sizeof(*state->loaded));
    if (!state->loaded)
        return &hs_error_memory;
    state->loaded_count = options->paths;
    struct hs_error *error = hs_groups_create(options->paths, &state->groups);
    if (!error)
        error = hs_loaded_all(options->path, options->paths, state->costs, state->loaded, state->groups);
    return error;
}

static struct hs_error *gate(const struct options *options, struct state *state)
{
    struct hs_error *error = NULL;
    if (options->baseline) {
        error = hs_baseline_compare(&state->baseline, &state->suspects);
        if (!error)
            hs_baseline_text(&state->baseline, options->json ? stderr : stdout);
    }
    if (!error && options->baseline_to_write)
        error = hs_baseline_write(options->baseline_to_write, options->overwrite, &state->suspects);
    return error;
}

/* Is there growth that counts for the exit status? */
static bool has_grown(const struct options *options, const struct state *state)
{
    return options->baseline ? hs_baseline_new(&state->baseline) : state->suspects.count;
}

static struct hs_error *diff(const struct options *options, struct state *state)
{
    size_t count = options->paths;
    struct hs_error *error = options->costs ? read_statements(options->costs, &state->costs) : NULL;
    if (!error && options->patterns)
        error = change_patterns(options->patterns, &state->patterns);
    if (error)
        return error;
    error = options->baseline ? hs_baseline_read(options->baseline, &state->baseline) : NULL;
    if (!error)
        error = load(options, state);
    if (!error)
        error = hs_compare_create(state->loaded, count, &state->compare);
    /* A gate sees what the list leaves out, too. */
    bool gated = options->baseline || options->baseline_to_write;
    if (!error)
        error = (gated ? hs_suspects_find_all : hs_suspects_find)(state->loaded, count, state->groups,
                                                                  state->compare, &state->suspects);
    if (!error)
        error = hs_memory_read(state->loaded, count, &state->memory);
    if (!error)
        error = hs_budget_read(&state->memory, &state->budget);
    if (error)
        return error;
    hs_budget_suspect(&state->budget, &state->suspects);
    error = hs_sites_find(&state->loaded[count - 1], state->compare, &state->suspects, &state->sites);
    if (error)
        return error;
    state->report = (struct hs_report){
        .snapshots = count,
        .loaded = state->loaded,
        .groups = state->groups,
        .compare = state->compare,
        .suspects = &state->suspects,
        .memory = &state->memory,
        .budget = &state->budget,
        .patterns = &state->patterns,
        .sites = &state->sites,
        .type_glob = options->type_glob,
        .types_max = options->types_max,
        .quiet = options->quiet,
    };
    error = hs_report_add_blind_spots(&state->report);
    if (!error)
        error = print(options, &state->report);
    return error ? error : gate(options, state);
}

/* Says what went wrong, and what works. */
static int report_trouble(struct hs_error *error, const struct options *options, int argc, char **argv)
{
    struct hs_command_line line = {"heapdiff", argv + 1, argc - 1};
    const char *picture = options->graph, *remedy = hs_trouble_remedy(error);
    bool about_picture = picture && !strncmp(error->message, picture, strlen(picture));
    bool about_page = options->html && !strncmp(error->message, options->html, strlen(options->html));
    struct hs_text hint = {0};
    if (error->code == HS_ERROR_EXISTS)
        hs_trouble_again(&hint, &line, NULL, NULL, " -f");
    else if (about_page && error->code == HS_ERROR_SYSTEM)
        hs_trouble_elsewhere(&hint, &line, options->html);
    else if (about_picture && error->code == HS_ERROR_SYSTEM)
        hs_trouble_elsewhere(&hint, &line, picture);
    else if (about_picture) {
        struct hs_text other = {0};
        hs_draw_format_other(picture, &other);
        hs_trouble_again(&hint, &line, picture, hs_text_string(&other), "");
        hs_text_deinit(&other);
    } else if (error->code == HS_ERROR_VERSION)
        hs_text_puts(&hint, "heapdiff --version");
    else
        hs_text_puts(&hint, remedy ? remedy : "heapdiff --help");
    int status = hs_trouble_report("heapdiff", error, hs_text_string(&hint));
    hs_text_deinit(&hint);
    return status;
}

int main(int argc, char **argv)
{
    struct options options = {.types_max = TYPES_DEFAULT,
                              .budget = {.width = HS_PICTURE_WIDTH, .height = HS_PICTURE_HEIGHT},
                              .origin = {argc, argv}};
    struct state state = {0};
    bool done = false;
    struct hs_error *error = parse(argc, argv, &options, &done);
    if (!error && !done)
        error = check(&options);
    if (!error && !done)
        error = diff(&options, &state);
    int status = options.exit_code && has_grown(&options, &state) ? EXIT_GROWTH : EXIT_SUCCESS;
    if (error)
        status = report_trouble(error, &options, argc, argv);
    state_deinit(&state);
    return status;
}
