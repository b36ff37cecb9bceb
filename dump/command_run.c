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
    "usage: heapdump run [-o FILE] [--at-exit] [--listen] [--label TEXT] [--values names|short|full] [-f] "
    "[-q]\n"
    "                    -- PROGRAM [ARGUMENT...]\n"
    "\n"
    "Starts a Python program and writes a snapshot of its heap when it ends, or lets heapdump snap in where "
    "nobody may\n"
    "trace. The program needs no change, and the exit status is the program's.\n"
    "\n"
    "      --at-exit        snapshot at the end; the default without --listen\n"
    "      --listen         a thread of each Python process waits for heapdump snap -p PID of its own user "
    "or root, at an\n"
    "                       abstract Unix socket; it costs nothing until then. HEAPDUMP_LISTEN=1 and the "
    "package on\n"
    "                       PYTHONPATH do the same without heapdump run\n"
    "  -o, --output FILE    the snapshot at the end (default: heapdump.{pid}.db). {pid} and {n} are "
    "replaced; with\n"
    "                       {pid} every Python process writes one, else only the first to start does. An "
    "existing\n"
    "                       FILE is refused before the program starts.\n"
    "      --label TEXT     kept in the snapshot\n"
    "      --values POLICY  names (default): names only, no data; short: previews of strings and numbers, "
    "except\n"
    "                       under names that look secret; full: everything\n"
    "  -f, --force          replace an existing FILE\n"
    "  -q, --quiet          say nothing when all went well\n"
    "\n"
    "How it gets in: PYTHONPATH gets a folder with a sitecustomize.py that registers an exit function, takes "
    "the folder\n"
    "off the path again, and loads the program's own sitecustomize. The function runs after all other exit "
    "functions, so\n"
    "what still lives then is what the program never let go.\n"
    "\n"
    "What bypasses it: the interpreter's options -I, -E and -S; a program that sets PYTHONPATH for its "
    "children; an end\n"
    "without exit functions: os._exit(), exec, multiprocessing's forked workers, a crash, a signal that "
    "kills. There,\n"
    "call heapdump.snap(\"FILE.db\") in the program, or use heapdump snap while it runs.\n";

static struct hs_error *parse(int argc, char **argv, struct hs_run_options *ret, bool *ret_help)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"at-exit", no_argument, NULL, 'x'},
        {"listen", no_argument, NULL, 'L'},
        {"label", required_argument, NULL, 'l'},
        {"values", required_argument, NULL, 'v'},
        {"force", no_argument, NULL, 'f'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct hs_error *error;
    int option;
    opterr = 0;
    /* "+": the program's own options are not ours. */
    while ((option = getopt_long(argc, argv, "+:o:fqh", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            ret->output = optarg;
            break;
        case 'x':
            ret->at_exit = true;
            break;
        case 'L':
            ret->listen = true;
            break;
        case 'l':
            ret->label = optarg;
            break;
        case 'v':
            error = hs_values_parse(optarg, &(enum hs_values){0});
            if (error)
                return error;
            ret->values = optarg;
            break;
        case 'f':
            ret->overwrite = true;
            break;
        case 'q':
            ret->quiet = true;
            break;
        case 'h':
            *ret_help = true;
            return NULL;
        default:
            return hs_command_bad_option(option, argv, "run");
        }
    }
    ret->at_exit |= !ret->listen;
    ret->argv = argv + optind;
    if (optind == argc)
        return hs_error_create(
            HS_ERROR_USAGE,
            "which program? Name it at the end; try: heapdump run -o FILE.db -- python3 app.py");
    return NULL;
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
    struct hs_run_options options = {.output = "heapdump.{pid}.db"};
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
