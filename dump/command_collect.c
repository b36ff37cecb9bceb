#include "dump/collect.h"
#include "dump/command.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct hs_error *hs_command_bad_option(int option, char **argv, const char *command)
{
    return hs_error_create(HS_ERROR_USAGE, "%s: %s; try: heapdump %s --help", argv[optind - 1],
                           option == ':' ? "needs a value" : "no such option", command);
}

/* How far it is, on the terminal, if it takes long. The line is wiped before anything else is said. */
struct progress {
    time_t started;
    time_t told; /* 0: never */
};

static void tell_progress(void *context, uint64_t bytes, uint32_t objects)
{
    struct progress *progress = context;
    time_t now = time(NULL);
    if (!progress->started)
        progress->started = now;
    if (now - progress->started < 2 || now == progress->told)
        return;
    progress->told = now;
    fprintf(stderr, "\rheapdump: %u objects, %llu MB ... ", objects, (unsigned long long)(bytes >> 20));
}

static void wipe_progress(const struct progress *progress)
{
    if (progress->told)
        fputs("\r\033[K", stderr);
}

static struct hs_error *parse(int argc, char **argv, struct hs_collect_options *ret)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'},
        {"label", required_argument, NULL, 'l'},
        {"values", required_argument, NULL, 'v'},
        {"pid", required_argument, NULL, 'p'},
        {"force", no_argument, NULL, 'f'},
        {"progress", no_argument, NULL, 'P'},
        {0},
    };
    struct hs_error *error = NULL;
    int option;
    opterr = 0;
    while (!error && (option = getopt_long(argc, argv, ":o:f", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            ret->output = optarg;
            break;
        case 'l':
            ret->label = optarg;
            break;
        case 'v':
            error = hs_values_parse(optarg, &ret->values);
            break;
        case 'p':
            ret->pid = (pid_t)strtol(optarg, NULL, 10);
            break;
        case 'f':
            ret->overwrite = true;
            break;
        case 'P':
            ret->progress.tell = isatty(STDERR_FILENO) ? tell_progress : NULL;
            break;
        default:
            return hs_command_bad_option(option, argv, "run");
        }
    }
    if (!error && (!ret->output || optind < argc || isatty(STDIN_FILENO)))
        error = hs_error_create(HS_ERROR_USAGE,
                                "collect is for heapdump's own use; try: heapdump run -o FILE.db -- "
                                "python3 app.py");
    return error;
}

/* A limit of the target's memory is meant for the target, which may just have reached it. */
static void leave_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    if (setrlimit(RLIMIT_AS, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}) != 0) /* root may */
        setrlimit(RLIMIT_AS, &(struct rlimit){limit.rlim_max, limit.rlim_max});
}

/* The agent starts this with all signals blocked, in the target's session and with its dispositions. A Ctrl-C
 * that is meant for the target must not reach it. */
static void become_independent(void)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    (void)setsid(); /* fails for a group leader, which has a group of its own already */
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Errors are one line: control characters in names of files do not break that. */
static void report_error(const struct hs_error *error)
{
    fputs("error ", stdout);
    for (const char *at = error->message; *at; at++)
        putchar((unsigned char)*at < ' ' ? '?' : *at);
    putchar('\n');
}

/* Whoever reads it may have ended meanwhile: the file is there all the same, and nobody is to be told. */
static void end_report(void)
{
    if (fflush(stdout) == 0)
        return;
    __fpurge(stdout);
    clearerr(stdout);
}

struct hs_error *hs_command_collect(int argc, char **argv, int *ret_status)
{
    struct progress progress = {0};
    struct hs_collect_options options = {.progress.context = &progress};
    struct hs_collect_result result;
    struct hs_error *error = parse(argc, argv, &options);
    if (error)
        return error;
    leave_limit();
    become_independent();
    error = hs_collect(STDIN_FILENO, &options, &result);
    wipe_progress(&progress);
    if (error) {
        report_error(error);
        hs_error_destroy(error);
        *ret_status = HS_EXIT_TROUBLE;
        end_report();
        return NULL;
    }
    printf("ok objects=%u refs=%llu file_bytes=%llu\n", result.objects, (unsigned long long)result.refs,
           (unsigned long long)result.file_bytes);
    end_report();
    return NULL;
}
