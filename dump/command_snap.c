#include "dump/attach/attach.h"
#include "dump/command.h"
#include "dump/values.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: heapdump snap FILE -p PID [--label TEXT] [--values names|short|full] [--timeout SECONDS] [-f] "
    "[-q]\n"
    "\n"
    "Writes a snapshot of the heap of a running Python process, which needs no preparation and no restart. "
    "It is\n"
    "paused for one fork.\n"
    "\n"
    "  -p, --pid PID        the process\n"
    "      --label TEXT     kept in the snapshot\n"
    "      --values POLICY  names (default): names only, no data; short: previews of strings and numbers, "
    "except\n"
    "                       under names that look secret; full: everything\n"
    "      --timeout S      how long the process may take to answer (default 10); then nothing of ours runs "
    "later\n"
    "  -f, --force          replace an existing FILE\n"
    "  -q, --quiet          say nothing when all went well\n"
    "\n"
    "FILE may hold {pid}. It is made with mode 0600; under sudo it belongs to the user who called sudo.\n"
    "Needs the right to trace the process: the same user, or root.\n";

struct request {
    const char *file;
    struct hs_attach_options attach;
    bool quiet, help;
};

static struct hs_error *parse_number(const char *text, const char *what, double least, double most,
                                     double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    if (end == text || *end || !(*ret >= least && *ret <= most))
        return hs_error_create(HS_ERROR_USAGE, "%s: not %s; heapdump snap --help lists the options", text,
                               what);
    return NULL;
}

static struct hs_error *parse_option(int option, char **argv, struct request *ret)
{
    struct hs_error *error = NULL;
    double number = 0;
    switch (option) {
    case 'p':
        error = parse_number(optarg, "the number of a process", 1, INT_MAX, &number);
        ret->attach.pid = (pid_t)number;
        return error;
    case 't':
        error = parse_number(optarg, "a time in seconds", 0.001, 86400, &number);
        ret->attach.timeout_ms = (int64_t)(number * 1000);
        return error;
    case 'l':
        ret->attach.collect.label = optarg;
        return NULL;
    case 'v':
        return hs_values_parse(optarg, &ret->attach.collect.values);
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
    static const struct option options[] = {
        {"pid", required_argument, NULL, 'p'},    {"label", required_argument, NULL, 'l'},
        {"values", required_argument, NULL, 'v'}, {"timeout", required_argument, NULL, 't'},
        {"force", no_argument, NULL, 'f'},        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},         {0},
    };
    const char *policy = getenv("HEAPDUMP_VALUES");
    struct hs_error *error = policy && *policy ? hs_values_parse(policy, &ret->attach.collect.values) : NULL;
    int option;
    opterr = 0;
    while (!error && !ret->help && (option = getopt_long(argc, argv, ":p:fqh", options, NULL)) != -1)
        error = parse_option(option, argv, ret);
    if (error || ret->help)
        return error;
    if (optind == argc)
        return hs_error_create(HS_ERROR_USAGE, "snap into which file? heapdump snap FILE.db -p PID");
    if (optind + 1 < argc)
        return hs_error_create(HS_ERROR_USAGE, "%s: one file at a time; heapdump snap FILE.db -p PID",
                               argv[optind + 1]);
    if (!ret->attach.pid)
        return hs_error_create(HS_ERROR_USAGE, "of which process? heapdump snap %s -p PID", argv[optind]);
    ret->file = argv[optind];
    return NULL;
}

/* {pid} in a file name stands for the process's number. malloc'ed. */
static struct hs_error *expand(const char *file, pid_t pid, char **ret)
{
    const char *at = strstr(file, "{pid}");
    int written = at ? asprintf(ret, "%.*s%d%s", (int)(at - file), file, (int)pid, at + strlen("{pid}"))
                     : asprintf(ret, "%s", file);
    return written < 0 ? &hs_error_memory : NULL;
}

/* The agent lies beside this program: in a build tree, or as make install puts it. Both are ../lib. */
static struct hs_error *find_agent(char *ret, size_t room)
{
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (bytes < 0)
        return hs_error_create(HS_ERROR_USAGE,
                               "/proc is not mounted here, and without it no process is found");
    self[bytes] = 0;
    *strrchr(self, '/') = 0;
    if ((size_t)snprintf(ret, room, "%s/../lib/heapdump-agent.so", self) >= room || access(ret, R_OK) != 0)
        return hs_error_create(HS_ERROR_USAGE, "%s: cannot be read; install heapdump whole: make install",
                               ret);
    return NULL;
}

/* What can be known before the process is touched. */
static struct hs_error *check_output(const char *path, bool overwrite)
{
    struct stat status;
    if (!overwrite && lstat(path, &status) == 0)
        return hs_error_create(HS_ERROR_EXISTS, "%s: exists already; give another name, or -f to replace it",
                               path);
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

static void report(const char *path, const struct hs_attach_result *result)
{
    char objects[16];
    uint64_t paused_ns = result->stopped_ns;
    if (result->collect.pause_ns > 0)
        paused_ns += (uint64_t)result->collect.pause_ns;
    write_grouped(result->collect.objects, objects, sizeof(objects));
    printf("%s: %s objects, %.1f MB, target paused %.1f ms\n", path, objects,
           (double)result->collect.file_bytes / 1e6, (double)paused_ns / 1e6);
}

struct hs_error *hs_command_snap(int argc, char **argv, int *ret_status)
{
    struct request request = {0};
    struct hs_attach_result result;
    char agent[PATH_MAX + 32];
    char *path = NULL;
    struct hs_error *error = parse(argc, argv, &request);
    if (!error && request.help) {
        fputs(help, stdout);
        return NULL;
    }
    if (!error)
        error = expand(request.file, request.attach.pid, &path);
    if (!error)
        error = check_output(path, request.attach.collect.overwrite);
    if (!error)
        error = find_agent(agent, sizeof(agent));
    if (!error) {
        request.attach.agent = agent;
        request.attach.collect.output = path;
        error = hs_attach(&request.attach, &result);
    }
    if (!error && !request.quiet)
        report(path, &result);
    free(path);
    *ret_status = 0;
    return error;
}
