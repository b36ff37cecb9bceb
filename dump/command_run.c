#include "dump/command.h"
#include "dump/run.h"
#include "dump/values.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char help[] =
    "usage: heapdump run [-o FILE] [--at-exit] [--every S] [--above SIZE] [--on-memory-error] [--signal "
    "NAME]\n"
    "                    [--limit N] [--listen] [--label TEXT] [--values names|short|full] [-f] [-q]\n"
    "                    -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "Starts a Python program and writes snapshots of its heap, at its end or before, or lets heapdump snap "
    "in where nobody may\n"
    "trace. The program needs no change, and the exit status is the program's.\n"
    "\n"
    "      --at-exit        snapshot at the end; the default if nothing else is asked for\n"
    "      --every S        snapshot every S seconds\n"
    "      --above SIZE     snapshot when the process has more than SIZE in memory (500MB, 1.5GiB; RSS, "
    "looked at ten times a\n"
    "                       second), and again each time it has grown by half since the last one\n"
    "      --on-memory-error\n"
    "                       snapshot at the first MemoryError, when it is raised: from Python 3.12 on any "
    "that reaches Python\n"
    "                       code, caught or not; before, one that nobody catches. A container's limit kills "
    "without one:\n"
    "                       use --above\n"
    "      --signal NAME    snapshot when a process gets this signal: USR1, USR2, ALRM, VTALRM, PROF, IO, "
    "PWR, WINCH, URG,\n"
    "                       RTMIN to RTMIN+30. Refused where it is handled or ignored already; a handler "
    "that the program\n"
    "                       installs later takes its place\n"
    "      --limit N        at most N snapshots of a process before its end\n"
    "      --listen         a thread of each Python process waits for heapdump snap -p PID of its own user "
    "or root, at an\n"
    "                       abstract Unix socket; it costs nothing until then. HEAPDUMP_LISTEN=1 and the "
    "package on\n"
    "                       PYTHONPATH do the same without heapdump run\n"
    "  -o, --output FILE    the snapshots (default: heapdump.{pid}.db, or heapdump.{pid}.{n}.db where there "
    "may be several).\n"
    "                       {pid} and {n} are replaced, {n} by the first of 1, 2, 3 ... that is free. With "
    "{pid} every Python\n"
    "                       process writes its own, workers included; else only the first to start does. An "
    "existing FILE is\n"
    "                       refused before the program starts.\n"
    "      --label TEXT     kept in the snapshots, with the reason for each\n"
    "      --values POLICY  names (default): names only, no data; short: previews of strings and numbers, "
    "except\n"
    "                       under names that look secret; full: everything\n"
    "  -f, --force          replace an existing FILE\n"
    "  -q, --quiet          say nothing when all went well\n"
    "\n"
    "A server and its workers, 20 minutes apart, and at once when one of them is large:\n"
    "\n"
    "  heapdump run --every 1200 --above 1GB -- gunicorn app:server\n"
    "\n"
    "How it gets in: PYTHONPATH gets a folder with a sitecustomize.py that registers an exit function, takes "
    "the folder\n"
    "off the path again, and loads the program's own sitecustomize. The function runs after all other exit "
    "functions, so\n"
    "what still lives then is what the program never let go. The other snapshots are made by a thread that "
    "the program\n"
    "does not see, in each process and each fork; the program goes on after a pause of some milliseconds, "
    "but for a thread\n"
    "with a MemoryError, which waits. (From 3.12 on Python's DeprecationWarning about forks of programs with "
    "threads is\n"
    "shown where such warnings are.)\n"
    "\n"
    "What bypasses it: the interpreter's options -I, -E and -S; a program that sets PYTHONPATH for its "
    "children. At the end:\n"
    "os._exit(), exec, multiprocessing's forked workers, a crash, a signal that kills. There, call "
    "heapdump.snap(\"FILE.db\")\n"
    "in the program, or use heapdump snap while it runs.\n";

enum {
    OPTION_AT_EXIT = 256,
    OPTION_EVERY,
    OPTION_ABOVE,
    OPTION_MEMORY_ERROR,
    OPTION_SIGNAL,
    OPTION_LIMIT,
    OPTION_LISTEN,
    OPTION_LABEL,
    OPTION_VALUES
};

static const struct option long_options[] = {
    {"output", required_argument, NULL, 'o'},
    {"at-exit", no_argument, NULL, OPTION_AT_EXIT},
    {"every", required_argument, NULL, OPTION_EVERY},
    {"above", required_argument, NULL, OPTION_ABOVE},
    {"on-memory-error", no_argument, NULL, OPTION_MEMORY_ERROR},
    {"signal", required_argument, NULL, OPTION_SIGNAL},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"listen", no_argument, NULL, OPTION_LISTEN},
    {"label", required_argument, NULL, OPTION_LABEL},
    {"values", required_argument, NULL, OPTION_VALUES},
    {"force", no_argument, NULL, 'f'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static struct hs_error *parse_option(int option, char **argv, struct hs_run_options *ret)
{
    switch (option) {
    case 'o':
        ret->output = optarg;
        return NULL;
    case OPTION_AT_EXIT:
        ret->triggers.at_exit = true;
        return NULL;
    case OPTION_EVERY:
        return hs_trigger_parse_every(optarg, &ret->triggers.every_s);
    case OPTION_ABOVE:
        return hs_trigger_parse_above(optarg, &ret->triggers.above_bytes);
    case OPTION_MEMORY_ERROR:
        ret->triggers.memory_error = true;
        return NULL;
    case OPTION_SIGNAL:
        return hs_trigger_parse_signal(optarg, &ret->triggers.signal);
    case OPTION_LIMIT:
        return hs_trigger_parse_limit(optarg, &ret->triggers.limit);
    case OPTION_LISTEN:
        ret->listen = true;
        return NULL;
    case OPTION_LABEL:
        ret->label = optarg;
        return NULL;
    case OPTION_VALUES:
        ret->values = optarg;
        return hs_values_parse(optarg, &(enum hs_values){0});
    case 'f':
        ret->overwrite = true;
        return NULL;
    case 'q':
        ret->quiet = true;
        return NULL;
    default:
        return hs_command_bad_option(option, argv, "run");
    }
}

/* The name of the files, where several snapshots may be made: each needs its own. */
static struct hs_error *check_output(struct hs_run_options *options)
{
    bool several = hs_triggers_several(&options->triggers);
    if (!options->output)
        options->output = several ? "heapdump.{pid}.{n}.db" : "heapdump.{pid}.db";
    if (!several || strstr(options->output, "{n}"))
        return NULL;
    return hs_error_create(HS_ERROR_USAGE,
                           "%s: the name of one file, and there may be several snapshots; put {n} into it; "
                           "try: heapdump run -o 'heap.{n}.db' --every 60 -- python3 app.py",
                           options->output);
}

static struct hs_error *parse(int argc, char **argv, struct hs_run_options *ret, bool *ret_help)
{
    struct hs_error *error = NULL;
    int option;
    opterr = 0;
    /* "+": the program's own options are not ours. */
    while (!error && (option = getopt_long(argc, argv, "+:o:fqh", long_options, NULL)) != -1) {
        if (option == 'h') {
            *ret_help = true;
            return NULL;
        }
        error = parse_option(option, argv, ret);
    }
    if (error)
        return error;
    ret->triggers.at_exit |= !ret->listen && !hs_triggers_early(&ret->triggers);
    ret->argv = argv + optind;
    if (optind == argc)
        return hs_error_create(
            HS_ERROR_USAGE,
            "which program? Name it at the end; try: heapdump run -o FILE.db -- python3 app.py");
    return check_output(ret);
}

/* Ends this process by the signal that ended the program, so that a shell sees the same. Returns where that
 * signal does not kill. */
static void die_by(int number)
{
    sigset_t set;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* the program has left its core dump already */
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

struct hs_error *hs_command_run(int argc, char **argv, int *ret_status)
{
    struct hs_run_options options = {0};
    bool wants_help = false;
    int status;
    struct hs_error *error = parse(argc, argv, &options, &wants_help);
    if (error)
        return error;
    if (wants_help) {
        fputs(help, stdout);
        return NULL;
    }
    if (options.values && !strcmp(options.values, "full"))
        fputs("heapdump: --values full stores every text and number of the program: keep the file as you "
              "keep its secrets\n",
              stderr);
    error = hs_run(&options, &status);
    if (error)
        return error;
    if (WIFSIGNALED(status))
        die_by(WTERMSIG(status));
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return NULL;
}
