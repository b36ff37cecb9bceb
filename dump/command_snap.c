#include "dump/choose.h"
#include "dump/command.h"
#include "dump/escape.h"
#include "dump/filename.h"
#include "dump/interrupt.h"
#include "dump/sink.h"
#include "dump/take.h"
#include "dump/values.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: heapdump snap FILE [-p PID] [--children] [--wait] [--label TEXT] [--values names|short|full] "
    "[--gc] [--force-seccomp]\n"
    "                     [--plain] [--timeout SECONDS] [-f] [-q] [--json]\n"
    "\n"
    "Writes a snapshot of the heap of a running Python process, which needs no preparation and no restart. "
    "It is\n"
    "paused for one fork.\n"
    "\n"
    "  -p, --pid PID        the process; without it, the one Python process of yours (under sudo: of the "
    "user who called\n"
    "                       sudo). If there are several they are listed\n"
    "      --children       and all Python processes that descend from it, a file each: FILE holds {pid} or "
    "{n}\n"
    "      --wait           until the process runs Python (without -p: until you have a Python process); one "
    "that has\n"
    "                       only just started gets a second to load what it needs\n"
    "      --label TEXT     kept in the snapshot\n"
    "      --values POLICY  names (default): names only, no data; short: previews of strings and numbers, "
    "except\n"
    "                       under names that look secret; full: everything\n"
    "      --force-seccomp  attach to a process whose seccomp filter nobody here can read: it may die of it\n"
    "      --gc             have the process run its garbage collector first, finalizers included\n"
    "                       (before 3.10 not if it called gc.disable())\n"
    "      --plain          ordinary tables for any SQLite, several times as large, without the columns that "
    "are\n"
    "                       computed (heapquery unpack has those too)\n"
    "      --timeout S      how long the process may take to answer (default 10); then nothing of ours runs "
    "later\n"
    "  -f, --force          replace an existing FILE\n"
    "  -q, --quiet          say nothing when all went well\n"
    "      --json           say it as a JSON object: file, pid, objects, refs, bytes, paused_ms\n"
    "\n"
    "FILE may hold {pid}, and {n}: the first of 1, 2, 3 ... whose file does not exist yet. It is made with "
    "mode 0600;\n"
    "under sudo it belongs to the user who called sudo. \"-\" is standard output, which gets the finished "
    "file:\n"
    "\n"
    "  kubectl exec POD -- heapdump snap - -p 1 > before.db\n"
    "\n"
    "Needs the right to trace the process (the same user, or root), unless it listens: see heapdump run "
    "--help.\n";

struct request {
    const char *file;
    pid_t pid;
    bool children, wait, plain;
    struct hs_attach_options attach;
    bool quiet, json, help;
};

enum {
    OPTION_LABEL = 256,
    OPTION_VALUES,
    OPTION_TIMEOUT,
    OPTION_CHILDREN,
    OPTION_WAIT,
    OPTION_GC,
    OPTION_FORCE_SECCOMP,
    OPTION_PLAIN,
    OPTION_JSON
};

static const struct option long_options[] = {
    {"pid", required_argument, NULL, 'p'},
    {"children", no_argument, NULL, OPTION_CHILDREN},
    {"wait", no_argument, NULL, OPTION_WAIT},
    {"label", required_argument, NULL, OPTION_LABEL},
    {"values", required_argument, NULL, OPTION_VALUES},
    {"gc", no_argument, NULL, OPTION_GC},
    {"force-seccomp", no_argument, NULL, OPTION_FORCE_SECCOMP},
    {"plain", no_argument, NULL, OPTION_PLAIN},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"force", no_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static struct hs_error *parse_number(const char *text, const char *what, double least, double most,
                                     double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    if (end == text || *end || !(*ret >= least && *ret <= most))
        return hs_error_create(HS_ERROR_USAGE, "%s: not %s; try: heapdump snap --help", text, what);
    return NULL;
}

static struct hs_error *parse_option(int option, char **argv, struct request *ret)
{
    struct hs_error *error = NULL;
    double number = 0;
    switch (option) {
    case 'p':
        error = parse_number(optarg, "the number of a process", 1, INT_MAX, &number);
        ret->pid = (pid_t)number;
        return error;
    case OPTION_TIMEOUT:
        error = parse_number(optarg, "a time in seconds", 0.001, 86400, &number);
        ret->attach.timeout_ms = (int64_t)(number * 1000);
        return error;
    case OPTION_VALUES:
        return hs_values_parse(optarg, &ret->attach.collect.values);
    case OPTION_LABEL:
        ret->attach.collect.label = optarg;
        return NULL;
    case OPTION_CHILDREN:
        ret->children = true;
        return NULL;
    case OPTION_WAIT:
        ret->wait = true;
        return NULL;
    case OPTION_GC:
        ret->attach.gc = true;
        return NULL;
    case OPTION_FORCE_SECCOMP:
        ret->attach.force_seccomp = true;
        return NULL;
    case OPTION_PLAIN:
        ret->plain = true;
        return NULL;
    case OPTION_JSON:
        ret->json = true;
        return NULL;
    case 'f':
        ret->attach.collect.overwrite = true;
        return NULL;
    case 'q':
        ret->quiet = true;
        return NULL;
    case 'h':
        ret->help = true;
        return NULL;
    default:
        return hs_command_bad_option(option, argv, "snap");
    }
}

static struct hs_error *parse(int argc, char **argv, struct request *ret)
{
    const char *policy = getenv("HEAPDUMP_VALUES");
    struct hs_error *error = policy && *policy ? hs_values_parse(policy, &ret->attach.collect.values) : NULL;
    int option;
    opterr = 0;
    while (!error && !ret->help && (option = getopt_long(argc, argv, ":p:fqh", long_options, NULL)) != -1)
        error = parse_option(option, argv, ret);
    if (error || ret->help)
        return error;
    if (optind == argc)
        return hs_error_create(HS_ERROR_USAGE, "snap into which file? Name it; try: heapdump snap before.db");
    if (optind + 1 < argc)
        return hs_error_create(HS_ERROR_USAGE, "%s: one file at a time; try: heapdump snap %s -p PID",
                               argv[optind + 1], argv[optind]);
    ret->file = argv[optind];
    if (ret->children && !hs_filename_is_pattern(ret->file))
        return hs_error_create(HS_ERROR_USAGE,
                               "%s: the name of one file, and --children writes several; try: heapdump snap "
                               "'heap.{pid}.db' --children",
                               ret->file);
    return NULL;
}

/* "801,224" */
static void write_grouped(uint32_t number, char *ret, size_t room)
{
    if (number < 1000) {
        snprintf(ret, room, "%u", number);
        return;
    }
    write_grouped(number / 1000, ret, room);
    size_t bytes = strlen(ret);
    snprintf(ret + bytes, room - bytes, ",%03u", number % 1000);
}

static void report(const struct request *request, const struct hs_sink *sink, pid_t pid,
                   const struct hs_attach_result *result)
{
    bool to_stdout = hs_sink_is_stdout(sink->path);
    FILE *file = to_stdout ? stderr : stdout;
    uint64_t paused_ns = result->stopped_ns;
    if (result->collect.pause_ns > 0)
        paused_ns += (uint64_t)result->collect.pause_ns;
    double paused_ms = (double)paused_ns / 1e6;
    if (request->json) {
        fputs("{\"file\": ", file);
        hs_escape_json(file, sink->path);
        fprintf(file,
                ", \"pid\": %d, \"objects\": %u, \"refs\": %llu, \"bytes\": %llu, \"paused_ms\": %.3f}\n",
                (int)pid, result->collect.objects, (unsigned long long)result->collect.refs,
                (unsigned long long)result->collect.file_bytes, paused_ms);
    } else if (!request->quiet) {
        char objects[16];
        write_grouped(result->collect.objects, objects, sizeof(objects));
        fprintf(file, "%s: %s objects, %.1f MB, target paused %.1f ms\n",
                to_stdout ? "standard output" : sink->path, objects, (double)result->collect.file_bytes / 1e6,
                paused_ms);
    }
    fflush(file);
}

static struct hs_error *snap(const struct request *request, pid_t pid)
{
    struct hs_attach_options options = request->attach;
    struct hs_sink sink = {
        .plain = request->plain, .overwrite = options.collect.overwrite, .owner = hs_invoker_get()};
    struct hs_attach_result result;
    char *path;
    struct hs_error *error = hs_filename_expand(request->file, pid, &path);
    if (error)
        return error;
    sink.path = path;
    error = hs_sink_init(&sink);
    options.pid = pid;
    options.collect.output = sink.collected;
    options.collect.give_away = sink.owner.by_sudo;
    options.collect.owner_uid = sink.owner.uid;
    options.collect.owner_gid = sink.owner.gid;
    if (!error)
        error = hs_take(&options, &result);
    if (!error)
        error = hs_sink_finish(&sink, &result.collect.file_bytes);
    hs_sink_deinit(&sink);
    if (!error)
        report(request, &sink, pid, &result);
    free(path);
    return error;
}

/* Workers come and go: one that fails does not keep the others from their snapshots. Errors are said, the
 * last one by the caller. */
static struct hs_error *snap_all(const struct request *request, const struct hs_choice *choice)
{
    struct hs_error *error = NULL;
    for (size_t i = 0; i < choice->count && !hs_interrupted(); i++) {
        struct hs_error *next = snap(request, choice->pid[i]);
        if (next && error) {
            fprintf(stderr, "heapdump: %s\n", error->message);
            hs_error_destroy(error);
        }
        error = next ? next : error;
    }
    return error;
}

static struct hs_error *choose_and_snap(const struct request *request)
{
    struct hs_choice choice = {0};
    struct hs_error *error = request->wait ? hs_choose_wait(request->pid) : NULL;
    if (!error && !hs_interrupted())
        error = hs_choose(request->pid, request->children, &choice);
    if (!error && choice.said && !request->quiet) {
        fputs("heapdump: ", stderr);
        hs_escape_terminal(stderr, choice.said, SIZE_MAX);
        fputc('\n', stderr);
    }
    if (!error)
        error = snap_all(request, &choice);
    hs_choice_deinit(&choice);
    return error;
}

struct hs_error *hs_command_snap(int argc, char **argv, int *ret_status)
{
    struct request request = {0};
    sigset_t before;
    *ret_status = 0;
    struct hs_error *error = parse(argc, argv, &request);
    if (error)
        return error;
    if (request.help) {
        fputs(help, stdout);
        return NULL;
    }
    if (request.attach.collect.values == HS_VALUES_FULL)
        fputs("heapdump: --values full stores every text and number of the program: keep the file as you "
              "keep its "
              "secrets\n",
              stderr);
    hs_interrupt_block(&before);
    error = choose_and_snap(&request);
    hs_interrupt_release(&before);
    return error;
}
