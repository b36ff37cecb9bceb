#include "query/cmd_options.h"

#include "format/trouble.h"
#include "query/draw.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_CSV = 256,
    OPT_JSON,
    OPT_BOX,
    OPT_NO_HEADER,
    OPT_SORT,
    OPT_LIKE,
    OPT_BY,
    OPT_AVOID,
    OPT_TO,
    OPT_SHOW_SQL,
    OPT_MAX_DEPTH,
    OPT_TOO_MANY,
    OPT_BUDGET,
};

static const struct spec {
    unsigned takes; /* enum hs_takes; 0: every command */
    int value;      /* what getopt_long returns; below 256 the short option */
    const char *name;
    const char *argument;
    const char *help;
} specs[] = {
    {HS_TAKES_FORMAT | HS_TAKES_JSON, OPT_JSON, "json", NULL, "as JSON"},
    {HS_TAKES_FORMAT, OPT_CSV, "csv", NULL, "as CSV, with a header line"},
    {HS_TAKES_FORMAT, OPT_BOX, "box", NULL, "as a table with lines"},
    {HS_TAKES_FORMAT, OPT_NO_HEADER, "no-header", NULL, "leave out the header line"},
    {HS_TAKES_LIMIT, 'n', "limit", "N", "lines to show; 0 for all (the default of --csv and --json)"},
    {HS_TAKES_SORT, OPT_SORT, "sort", "KEY", "order by KEY"},
    {HS_TAKES_LIKE, OPT_LIKE, "like", "GLOB", "only types whose name matches: '*DB*'"},
    {HS_TAKES_BY, OPT_BY, "by", "WHAT", "list objects (default), types, modules, threads or tasks"},
    {HS_TAKES_TO, OPT_TO, "to", "WHAT",
     "start at the nearest module, root, or instance of a TYPE (default: module, else root)"},
    {HS_TAKES_WAYS, 'k', "alternatives", "K", "show up to K ways in which it is held"},
    {HS_TAKES_WAYS, OPT_AVOID, "avoid", "WHAT",
     "not through this object, type, root or .NAME (may be repeated)"},
    {HS_TAKES_TO, OPT_SHOW_SQL, "show-sql", NULL, "print the search in SQL instead of running it"},
    {HS_TAKES_FAN, OPT_MAX_DEPTH, "max-depth", "N", "with -o: steps to draw (default 8)"},
    {HS_TAKES_FAN, OPT_TOO_MANY, "too-many", "N",
     "with -o: boxes to draw per object, the rest is \"N more\" (default 20)"},
    {HS_TAKES_OUTPUT, OPT_BUDGET, "budget", "SIZE",
     "with -o: as large as that: pixels (default 1366x768), boxes (40), or 0 for\n"
     "                        everything, nothing folded"},
    {HS_TAKES_OUTPUT, 'o', "output", "FILE", "draw into FILE.svg, FILE.html, FILE.png or FILE.dot"},
    {HS_TAKES_FILE, 'o', "output", "FILE", "plot into FILE.svg or FILE.html"},
    {HS_TAKES_OUTPUT | HS_TAKES_FORCE | HS_TAKES_FILE, 'f', "force", NULL, "overwrite an existing FILE"},
    {HS_TAKES_QUIET, 'q', "quiet", NULL, "say nothing when all is well"},
    {0, 'h', "help", NULL, "this text"},
};
#define SPECS (sizeof(specs) / sizeof(specs[0]))

static bool takes(const struct hs_command *command, const struct spec *spec)
{
    return !spec->takes || (command->takes & spec->takes);
}

void hs_command_help(const struct hs_command *command, FILE *file)
{
    bool sql = command == &hs_command_sql;
    fprintf(file, "usage: heapquery %s%s%s [OPTIONS]\n\n%s\n\nOptions:\n", sql ? "" : command->name,
            sql ? "" : " ", command->arguments, command->details);
    for (size_t i = 0; i < SPECS; i++) {
        if (!takes(command, &specs[i]))
            continue;
        char left[40];
        const char *argument = specs[i].argument;
        int length = specs[i].value < 256 ? snprintf(left, sizeof(left), "-%c, ", specs[i].value)
                                          : snprintf(left, sizeof(left), "    ");
        snprintf(left + length, sizeof(left) - (size_t)length, "--%s%s%s", specs[i].name, argument ? " " : "",
                 argument ? argument : "");
        fprintf(file, "  %-22s%s\n", left, specs[i].help);
    }
    fprintf(file, "\nExamples:\n%s", command->examples);
}

static struct hs_error *parse_number(const char *option, const char *text, uint64_t most, uint64_t *ret)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || number > most)
        return hs_error_create(HS_ERROR_USAGE, "%s %s: expected a number from 0 to %llu", option, text,
                               (unsigned long long)most);
    *ret = number;
    return NULL;
}

static struct hs_error *parse_unsigned(const char *option, const char *text, unsigned *ret)
{
    uint64_t number = 0;
    struct hs_error *error = parse_number(option, text, 1000000, &number);
    *ret = (unsigned)number;
    return error;
}

static struct hs_error *parse_alternatives(const char *text, unsigned *ret)
{
    uint64_t number = 0;
    struct hs_error *error = parse_number("--alternatives", text, HS_ALTERNATIVES_MAX, &number);
    if (!error && !number)
        error = hs_error_create(HS_ERROR_USAGE, "--alternatives 0: expected a number from 1 to %d",
                                HS_ALTERNATIVES_MAX);
    *ret = (unsigned)number;
    return error;
}

static struct hs_error *take_option(int value, struct hs_options *options)
{
    switch (value) {
    case OPT_JSON:
        options->format = HS_OUTPUT_JSON;
        break;
    case OPT_CSV:
        options->format = HS_OUTPUT_CSV;
        break;
    case OPT_BOX:
        options->format = HS_OUTPUT_BOX;
        break;
    case OPT_NO_HEADER:
        options->no_header = true;
        break;
    case OPT_SORT:
        options->sort = optarg;
        break;
    case OPT_LIKE:
        options->like = optarg;
        break;
    case OPT_BY:
        options->by = optarg;
        break;
    case 'k':
        return parse_alternatives(optarg, &options->alternatives);
    case OPT_AVOID:
        if (options->avoids == HS_AVOID_MAX)
            return hs_error_create(HS_ERROR_LIMIT, "--avoid %s: at most %d of them", optarg, HS_AVOID_MAX);
        options->avoid[options->avoids++] = optarg;
        break;
    case OPT_TO:
        options->to = optarg;
        break;
    case OPT_SHOW_SQL:
        options->show_sql = true;
        break;
    case OPT_MAX_DEPTH:
        return parse_unsigned("--max-depth", optarg, &options->max_depth);
    case OPT_TOO_MANY:
        return parse_unsigned("--too-many", optarg, &options->too_many);
    case OPT_BUDGET:
        return hs_picture_budget_parse(optarg, &options->budget);
    case 'n':
        return parse_number("--limit", optarg, INT64_MAX, &options->limit);
    case 'o':
        options->output = optarg;
        break;
    case 'f':
        options->overwrite = true;
        break;
    case 'q':
        options->quiet = true;
        break;
    }
    return NULL;
}

/* Options of this command in getopt's terms. */
struct getopt_tables {
    struct option option[SPECS + 1];
    char letters[2 * SPECS + 2];
};

static void fill_tables(const struct hs_command *command, struct getopt_tables *tables)
{
    size_t options = 0, letters = 0;
    tables->letters[letters++] = ':'; /* a missing argument is told apart */
    for (size_t i = 0; i < SPECS; i++) {
        if (!takes(command, &specs[i]))
            continue;
        tables->option[options++] = (struct option){
            .name = specs[i].name,
            .has_arg = specs[i].argument ? required_argument : no_argument,
            .val = specs[i].value,
        };
        if (specs[i].value < 256)
            tables->letters[letters++] = (char)specs[i].value;
        if (specs[i].value < 256 && specs[i].argument)
            tables->letters[letters++] = ':';
    }
    tables->option[options] = (struct option){0};
    tables->letters[letters] = '\0';
}

static struct hs_error *check_arguments(const struct hs_options *options)
{
    const struct hs_command *command = options->command;
    if (options->arguments < command->least)
        return hs_error_create(HS_ERROR_USAGE, "%s: %s is missing: expected %s", command->name,
                               options->arguments ? "the second argument" : "the snapshot",
                               command->arguments);
    if (options->arguments > command->most)
        return hs_error_create(HS_ERROR_USAGE, "%s: one argument too many: expected %s",
                               options->argument[command->most], command->arguments);
    return NULL;
}

struct hs_error *hs_options_parse(const struct hs_command *command, int argc, char **argv,
                                  struct hs_options *ret, bool *ret_help)
{
    *ret = (struct hs_options){.command = command,
                               .argument = argv + argc,
                               .limit = HS_LIMIT_DEFAULT,
                               .max_depth = 8,
                               .too_many = 20,
                               .budget = {.width = HS_PICTURE_WIDTH, .height = HS_PICTURE_HEIGHT}};
    struct getopt_tables tables;
    fill_tables(command, &tables);
    opterr = 0;
    optind = 0;
    for (;;) {
        int value = getopt_long(argc, argv, tables.letters, tables.option, NULL);
        if (value < 0)
            break;
        if (value == 'h') {
            *ret_help = true;
            return NULL;
        }
        if (value == ':')
            return hs_error_create(HS_ERROR_USAGE, "%s: this option needs an argument", argv[optind - 1]);
        if (value == '?' && optopt && optopt < 256)
            return hs_error_create(HS_ERROR_USAGE, "-%c: no such option of heapquery %s", optopt,
                                   command->name);
        if (value == '?')
            return hs_error_create(HS_ERROR_USAGE, "%s: no such option of heapquery %s", argv[optind - 1],
                                   command->name);
        struct hs_error *error = take_option(value, ret);
        if (error)
            return error;
    }
    ret->argument = argv + optind;
    ret->arguments = (size_t)(argc - optind);
    return check_arguments(ret);
}

static void put_other_format(struct hs_text *hint, const struct hs_command_line *line, const char *picture)
{
    struct hs_text other = {0};
    hs_draw_format_other(picture, &other);
    hs_trouble_again(hint, line, picture, hs_text_string(&other), "");
    hs_text_deinit(&other);
}

static const char *snapshot_of(const struct hs_options *options)
{
    return options->arguments ? options->argument[0] : NULL;
}

static void put_with_snapshot(struct hs_text *hint, const char *command, const char *path)
{
    hs_text_puts(hint, command);
    hs_text_shell(hint, path);
}

void hs_options_hint(const struct hs_options *options, const struct hs_error *error, int argc, char **argv,
                     struct hs_text *hint)
{
    const char *path = snapshot_of(options), *remedy = hs_trouble_remedy(error);
    /* unpack writes its second argument. */
    const char *written = options->output ? options->output
                          : options->command == &hs_command_unpack && options->arguments > 1
                              ? options->argument[1]
                              : NULL;
    int skip = options->command == &hs_command_sql; /* argv[0] is the program's name, else the command's */
    struct hs_command_line line = {"heapquery", argv + skip, argc - skip};
    bool about_written = written && !strncmp(error->message, written, strlen(written));
    if (about_written && options->output &&
        (error->code == HS_ERROR_USAGE || error->code == HS_ERROR_LIMIT)) {
        put_other_format(hint, &line, options->output);
        return;
    }
    switch (error->code) {
    case HS_ERROR_EXISTS:
        hs_trouble_again(hint, &line, NULL, NULL, " -f");
        break;
    case HS_ERROR_SYSTEM:
        if (about_written)
            hs_trouble_elsewhere(hint, &line, written);
        else if (remedy)
            hs_text_puts(hint, remedy);
        break;
    case HS_ERROR_NOT_SNAPSHOT:
    case HS_ERROR_CORRUPT:
        hs_text_puts(hint, remedy);
        break;
    case HS_ERROR_VERSION:
        hs_text_puts(hint, "heapquery --version");
        break;
    case HS_ERROR_SQL:
        if (path)
            put_with_snapshot(hint, "heapquery tables ", path);
        break;
    case HS_ERROR_USAGE:
        hs_text_printf(hint, "heapquery%s%s --help", options->command == &hs_command_sql ? "" : " ",
                       options->command == &hs_command_sql ? "" : options->command->name);
        break;
    default:
        break;
    }
}
