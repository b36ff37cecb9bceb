#include "dump/choose.h"
#include "dump/command.h"
#include "dump/escape.h"
#include "dump/interrupt.h"
#include "dump/record.h"
#include "dump/take.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char record_help[] =
    "usage: heapdump record -o FILE.csv [-p PID] [--every S] [--objects-every S] [--pss] [-f] [-q]\n"
    "\n"
    "Writes a row with the memory of a process now and then, until it ends or Ctrl-C. The process is not "
    "touched,\n"
    "but for --objects-every.\n"
    "\n"
    "  -p, --pid PID     the process; without it, the one Python process of yours\n"
    "  -o, --output F    the table: timestamp (UTC), vm_size, rss, pss (bytes), threads, objects, label\n"
    "      --every S     time between two rows (default 1)\n"
    "      --objects-every S\n"
    "                    count the objects that the garbage collector tracks, too, in a copy of the process: "
    "it is\n"
    "                    stopped as for a snapshot, and needs the right to be traced, or to listen. Between "
    "two counts\n"
    "                    the column is empty\n"
    "      --pss         the share of the process in memory that others have too; takes longer, and needs "
    "the right to\n"
    "                    trace the process. Else the column is empty\n"
    "  -f, --force       replace an existing file\n"
    "  -q, --quiet       do not say which process it is\n"
    "\n"
    "`heapdump mark LABEL`, or heapdump.mark(\"LABEL\") in the program, adds a row with a label: the end of "
    "a repetition.\n";

static const char mark_help[] =
    "usage: heapdump mark LABEL [-p PID]\n"
    "\n"
    "Adds a row with a label to the record that a running `heapdump record` of the same user makes.\n"
    "\n"
    "  -p, --pid PID     the process that is recorded, if there are several\n";

struct request {
    pid_t pid;
    const char *csv;
    double every_s;
    double objects_every_s; /* 0: they are not counted */
    bool pss, overwrite, quiet, help;
};

static struct hs_error *parse_number(const char *text, double least, double most, const char *command,
                                     double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    if (end == text || *end || !(*ret >= least && *ret <= most))
        return hs_error_create(HS_ERROR_USAGE,
                               "%s: a number from %g to %g is wanted; try: heapdump %s --help", text, least,
                               most, command);
    return NULL;
}

static struct hs_error *parse_record(int argc, char **argv, struct request *ret)
{
    static const struct option options[] = {
        {"pid", required_argument, NULL, 'p'},
        {"output", required_argument, NULL, 'o'},
        {"every", required_argument, NULL, 'e'},
        {"pss", no_argument, NULL, 's'},
        {"objects-every", required_argument, NULL, 'O'},
        {"force", no_argument, NULL, 'f'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct hs_error *error = NULL;
    double number;
    int option;
    opterr = 0;
    while (!error && !ret->help && (option = getopt_long(argc, argv, ":p:o:fqh", options, NULL)) != -1) {
        if (option == 'p') {
            error = parse_number(optarg, 1, INT_MAX, "record", &number);
            ret->pid = (pid_t)number;
        } else if (option == 'e') {
            error = parse_number(optarg, 0.01, 86400, "record", &ret->every_s);
        } else if (option == 'O') {
            error = parse_number(optarg, 0.1, 86400, "record", &ret->objects_every_s);
        } else if (option == 'o') {
            ret->csv = optarg;
        } else if (option == 's') {
            ret->pss = true;
        } else if (option == 'f') {
            ret->overwrite = true;
        } else if (option == 'q') {
            ret->quiet = true;
        } else if (option == 'h') {
            ret->help = true;
        } else {
            error = hs_command_bad_option(option, argv, "record");
        }
    }
    if (!error && !ret->help && (optind < argc || !ret->csv))
        error = hs_error_create(HS_ERROR_USAGE,
                                "record into which file? Name it; try: heapdump record -o memory.csv -p PID");
    return error;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How long a count may take to begin: the table waits for it. */
#define COUNT_TIMEOUT_MS 2000

static struct hs_error *count_objects(pid_t pid, int64_t *ret)
{
    const struct hs_attach_options options = {.pid = pid, .timeout_ms = COUNT_TIMEOUT_MS, .count = true};
    struct hs_attach_result result = {0};
    struct hs_error *error = hs_take(&options, &result);
    *ret = error ? -1 : (int64_t)result.tracked;
    return error;
}

/* When something is done at equal distances: what comes too late is not made up for. */
struct rhythm {
    double every_s;
    double next; /* as of now_s() */
};

static void rhythm_step(struct rhythm *rhythm)
{
    double now = now_s();
    while (rhythm->next <= now)
        rhythm->next += rhythm->every_s;
}

/* A count that fails leaves its column empty; the first failure is told, unless the process has ended. */
static void count_if_due(struct hs_record *record, struct rhythm *counts, bool *told)
{
    record->objects = -1;
    if (!counts->every_s || now_s() < counts->next)
        return;
    struct hs_error *error = count_objects(record->pid, &record->objects);
    if (error && !*told && kill(record->pid, 0) == 0) {
        fprintf(stderr, "heapdump: no count of objects: %s\n", error->message);
        *told = true;
    }
    hs_error_destroy(error);
    rhythm_step(counts);
}

static struct hs_error *write_rows(struct hs_record *record, const struct request *request)
{
    struct rhythm rows = {request->every_s, now_s()}, counts = {request->objects_every_s, now_s()};
    bool ended = false, told = false;
    struct hs_error *error = NULL;
    while (!error && !ended && !hs_interrupted()) {
        count_if_due(record, &counts, &told);
        error = hs_record_row(record, NULL, &ended);
        rhythm_step(&rows);
        if (!error && !ended)
            hs_interrupt_sleep((int64_t)((rows.next - now_s()) * 1000) + 1);
    }
    return error;
}

static struct hs_error *record(const struct request *request)
{
    struct hs_choice choice = {0};
    struct hs_record record;
    int64_t objects;
    struct hs_error *error = hs_choose(request->pid, false, &choice);
    if (!error && choice.said && !request->quiet) {
        fputs("heapdump: ", stderr);
        hs_escape_terminal(stderr, choice.said, SIZE_MAX);
        fputc('\n', stderr);
    }
    if (!error && request->objects_every_s) /* refused before there is a file */
        error = count_objects(choice.pid[0], &objects);
    if (!error)
        error = hs_record_create(&record, choice.pid[0], request->csv, request->pss, request->overwrite);
    hs_choice_deinit(&choice);
    if (error)
        return error;
    error = hs_error_prefix(write_rows(&record, request), "%s", request->csv);
    hs_record_deinit(&record);
    return error;
}

struct hs_error *hs_command_record(int argc, char **argv, int *ret_status)
{
    struct request request = {.every_s = 1};
    sigset_t before;
    *ret_status = 0;
    struct hs_error *error = parse_record(argc, argv, &request);
    if (error)
        return error;
    if (request.help) {
        fputs(record_help, stdout);
        return NULL;
    }
    hs_interrupt_block(&before);
    error = record(&request);
    hs_interrupt_release(&before);
    return error;
}

static struct hs_error *mark(pid_t pid, const char *label)
{
    struct hs_record record;
    bool ended;
    struct hs_error *error = hs_record_find(&record, pid);
    if (error)
        return error;
    error = hs_record_row(&record, label, &ended);
    if (!error && ended)
        error =
            hs_error_create(HS_ERROR_TARGET, "process %d has ended, and its record with it", (int)record.pid);
    hs_record_deinit(&record);
    return error;
}

struct hs_error *hs_command_mark(int argc, char **argv, int *ret_status)
{
    static const struct option options[] = {
        {"pid", required_argument, NULL, 'p'}, {"help", no_argument, NULL, 'h'}, {0}};
    struct hs_error *error = NULL;
    double number = 0;
    int option;
    *ret_status = 0;
    opterr = 0;
    while (!error && (option = getopt_long(argc, argv, ":p:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(mark_help, stdout);
            return NULL;
        }
        error = option == 'p' ? parse_number(optarg, 1, INT_MAX, "mark", &number)
                              : hs_command_bad_option(option, argv, "mark");
    }
    if (error)
        return error;
    if (optind + 1 != argc)
        return hs_error_create(HS_ERROR_USAGE,
                               "mark with which label? Name it; try: heapdump mark 'repetition 1'");
    return mark((pid_t)number, argv[optind]);
}
