#include "dump/run.h"

#include "dump/run_report.h"
#include "format/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How often it is looked whether a snapshot was made meanwhile. */
#define LOOK_S 1

/* What the run needs beside its options. */
struct run {
    const struct hs_run_options *options;
    char *output;          /* absolute */
    char *site;            /* the folder that holds our sitecustomize.py */
    char folder[PATH_MAX]; /* where the program's processes report */
    char log[PATH_MAX + 8];
    struct hs_run_report report;
    sigset_t forwarded; /* and SIGCHLD */
    sigset_t before;
    pid_t pid;
};

/* Sent to the program when they are sent to us. Not those of job control: they reach the whole process
 * group. */
static const int forwarded_signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                                        SIGUSR2, SIGALRM, SIGCONT, SIGWINCH};

/* What would keep the snapshot from being written, found by beginning to write it. */
static struct hs_error *check_output(const char *output, bool overwrite)
{
    bool has_pattern = strstr(output, "{pid}") || strstr(output, "{n}");
    struct hs_publish *publish;
    struct hs_error *error = hs_publish_create(output, overwrite || has_pattern, &publish);
    if (!error) {
        hs_publish_destroy(publish);
        return NULL;
    }
    struct hs_error *whole = hs_error_create(error->code, "%s; the program was not started", error->message);
    hs_error_destroy(error);
    return whole;
}

static struct hs_error *make_absolute(const char *path, char **ret)
{
    if (path[0] == '/') {
        *ret = strdup(path);
        return *ret ? NULL : &hs_error_memory;
    }
    char *here = getcwd(NULL, 0);
    if (!here)
        return hs_error_system(errno, NULL, "find the current directory");
    if (asprintf(ret, "%s/%s", here, path) < 0)
        *ret = NULL;
    free(here);
    return *ret ? NULL : &hs_error_memory;
}

/* The folder of our sitecustomize.py: beside this program in a build tree, or where `make install` puts
 * it. */
static struct hs_error *find_site(char **ret)
{
    static const char *const places[] = {"../python", "../lib/heapdump/python"};
    char self[PATH_MAX];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (bytes < 0)
        return hs_error_system(errno, "/proc/self/exe", "find this program");
    self[bytes] = '\0';
    const char *folder = dirname(self);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char file[2 * PATH_MAX];
        snprintf(file, sizeof(file), "%s/%s/heapdump/_run/sitecustomize.py", folder, places[i]);
        char *real = realpath(file, NULL);
        if (real) {
            *ret = strdup(dirname(real));
            free(real);
            return *ret ? NULL : &hs_error_memory;
        }
    }
    return hs_error_create(HS_ERROR_SYSTEM,
                           "%s: its Python package is not beside it in ../python or "
                           "../lib/heapdump/python: run make install",
                           folder);
}

static struct hs_error *make_folder(struct run *run)
{
    const char *parent = getenv("TMPDIR");
    int bytes = snprintf(run->folder, sizeof(run->folder), "%s/heapdump-run-XXXXXX",
                         parent && parent[0] == '/' ? parent : "/tmp");
    if (bytes < 0 || (size_t)bytes >= sizeof(run->folder) || !mkdtemp(run->folder)) {
        run->folder[0] = '\0';
        return hs_error_system(errno, parent ? parent : "/tmp", "make a directory in it");
    }
    snprintf(run->log, sizeof(run->log), "%s/log", run->folder);
    run->report = (struct hs_run_report){.path = run->log, .quiet = run->options->quiet};
    return NULL;
}

static void remove_folder(struct run *run)
{
    static const char *const names[] = {"log", "claim"};
    if (!run->folder[0])
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_MAX + 8];
        snprintf(path, sizeof(path), "%s/%s", run->folder, names[i]);
        unlink(path);
    }
    rmdir(run->folder);
}

/* "FIRST:SECOND"; `second` may be NULL or empty. malloc'ed, NULL if memory is short. */
static char *join_path(const char *first, const char *second)
{
    char *joined;
    bool both = second && *second;
    return asprintf(&joined, "%s%s%s", first, both ? ":" : "", both ? second : "") < 0 ? NULL : joined;
}

/* The environment of a program whose processes listen: HEAPDUMP_LISTEN and the package, for its children as
 * well. */
static bool set_listen(const struct run *run)
{
    char package[PATH_MAX];
    snprintf(package, sizeof(package), "%s", run->site);
    for (int i = 0; i < 2; i++) /* PACKAGE/heapdump/_run */
        *strrchr(package, '/') = '\0';
    char *path = join_path(package, getenv("PYTHONPATH"));
    bool done = path && !setenv("PYTHONPATH", path, 1) && !setenv("HEAPDUMP_LISTEN", "1", 1);
    free(path);
    return done;
}

/* Of one that writes snapshots: our sitecustomize first, and what it needs. */
static bool set_snapshots(const struct run *run)
{
    const struct hs_run_options *options = run->options;
    const char *path = getenv("PYTHONPATH");
    char *with_site = join_path(run->site, path);
    bool done = with_site && (!path || !setenv("HEAPDUMP_RUN_PYTHONPATH", path, 1)) &&
                !setenv("PYTHONPATH", with_site, 1) && !setenv("HEAPDUMP_RUN_OUTPUT", run->output, 1) &&
                !setenv("HEAPDUMP_RUN_REPORT", run->folder, 1) &&
                (!options->label || !setenv("HEAPDUMP_RUN_LABEL", options->label, 1)) &&
                (!options->values || !setenv("HEAPDUMP_RUN_VALUES", options->values, 1)) &&
                (!options->overwrite || !setenv("HEAPDUMP_RUN_FORCE", "1", 1)) &&
                hs_triggers_export(&options->triggers);
    free(with_site);
    return done;
}

static bool writes_snapshots(const struct hs_run_options *options)
{
    return options->triggers.at_exit || hs_triggers_early(&options->triggers);
}

/* In the child, before exec: only setenv and exec, no thread was ever started here. False: out of memory. */
static bool set_environment(const struct run *run)
{
    return (!run->options->listen || set_listen(run)) &&
           (!writes_snapshots(run->options) || set_snapshots(run));
}

static void __attribute__((noreturn)) become_program(const struct run *run, int report)
{
    sigprocmask(SIG_SETMASK, &run->before, NULL);
    int failure = ENOMEM;
    if (set_environment(run)) {
        execvp(run->options->argv[0], run->options->argv);
        failure = errno;
    }
    (void)!write(report, &failure, sizeof(failure));
    _exit(127);
}

static struct hs_error *start(struct run *run)
{
    int report[2], failure = 0;
    if (pipe2(report, O_CLOEXEC))
        return hs_error_system(errno, NULL, "make a pipe");
    fflush(NULL);
    run->pid = fork();
    if (run->pid == 0)
        become_program(run, report[1]);
    int fork_errno = errno;
    close(report[1]);
    ssize_t got = run->pid < 0 ? 0 : read(report[0], &failure, sizeof(failure));
    close(report[0]);
    if (run->pid < 0)
        return hs_error_system(fork_errno, run->options->argv[0], "start it");
    if (got == sizeof(failure)) {
        waitpid(run->pid, NULL, 0);
        return hs_error_create(HS_ERROR_USAGE,
                               "%s: cannot be run: %s; a program and its arguments stand at the end; try: "
                               "heapdump run -o FILE.db -- python3 app.py",
                               run->options->argv[0], strerror(failure));
    }
    return NULL;
}

static void block_signals(struct run *run)
{
    sigemptyset(&run->forwarded);
    sigaddset(&run->forwarded, SIGCHLD);
    for (size_t i = 0; i < sizeof(forwarded_signals) / sizeof(forwarded_signals[0]); i++)
        sigaddset(&run->forwarded, forwarded_signals[i]);
    if (run->options->triggers.signal)
        sigaddset(&run->forwarded, run->options->triggers.signal);
    signal(SIGCHLD, SIG_DFL); /* where it was ignored, waitpid() would find nothing */
    sigprocmask(SIG_BLOCK, &run->forwarded, &run->before);
}

/* Waits for the end of the program, hands signals on and tells what happens. What the terminal sends
 * (SI_KERNEL) has reached the program too. */
static int wait_and_forward(struct run *run)
{
    const struct timespec look = {.tv_sec = LOOK_S};
    bool early = hs_triggers_early(&run->options->triggers);
    for (;;) {
        siginfo_t info;
        int status, number = sigtimedwait(&run->forwarded, &info, early ? &look : NULL);
        if (number > 0 && number != SIGCHLD && info.si_code <= 0)
            kill(run->pid, number);
        if (number == SIGCHLD && waitpid(run->pid, &status, WNOHANG) == run->pid)
            return status;
        if (early)
            hs_run_report_tell(&run->report);
    }
}

/* One of the interpreter's own options that switch off what we rely on; NULL if none is seen. */
static const char *bypassing_option(char **argv)
{
    const char *name = strrchr(argv[0], '/');
    if (strncmp(name ? name + 1 : argv[0], "python", 6))
        return NULL;
    for (char **arg = argv + 1; *arg && (*arg)[0] == '-' && (*arg)[1] != '-'; arg++) {
        for (const char *at = *arg + 1; *at && !strchr("cmWX", *at); at++) {
            if (*at == 'I')
                return "-I";
            if (*at == 'S')
                return "-S";
            if (*at == 'E')
                return "-E";
        }
        if (strpbrk(*arg, "cm"))
            break;
    }
    return NULL;
}

static void explain_no_snapshot(const struct run *run, int status)
{
    const char *program = run->options->argv[0], *option = bypassing_option(run->options->argv);
    if (!run->report.started && option)
        fprintf(
            stderr,
            "heapdump: no snapshot: %s %s does not read PYTHONPATH or sitecustomize, by which run gets in; "
            "call heapdump.snap(\"FILE.db\") in the program instead\n",
            program, option);
    else if (!run->report.started)
        fprintf(
            stderr,
            "heapdump: no snapshot: no Python started with our sitecustomize: is %s Python, and not run with "
            "-I, -E or -S or a PYTHONPATH of its own?\n",
            program);
    else if (!run->options->triggers.at_exit)
        fprintf(stderr, "heapdump: no snapshot: %s ended before there was reason for one\n", program);
    else if (WIFSIGNALED(status))
        fprintf(stderr,
                "heapdump: no snapshot: %s was killed by signal %d (%s) before its exit functions ran\n",
                program, WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        fprintf(stderr,
                "heapdump: no snapshot: %s ended without running its exit functions (os._exit, exec, or a "
                "crash)\n",
                program);
}

static void tell_outcome(struct run *run, int status)
{
    hs_run_report_tell(&run->report);
    if (!run->report.told)
        explain_no_snapshot(run, status);
}

static struct hs_error *run_program(struct run *run, int *ret_wait)
{
    block_signals(run);
    struct hs_error *error = start(run);
    if (!error) {
        *ret_wait = wait_and_forward(run);
        if (writes_snapshots(run->options))
            tell_outcome(run, *ret_wait);
    }
    sigprocmask(SIG_SETMASK, &run->before, NULL);
    return error;
}

struct hs_error *hs_run(const struct hs_run_options *options, int *ret_wait)
{
    struct run run = {.options = options};
    struct hs_error *error =
        writes_snapshots(options) ? check_output(options->output, options->overwrite) : NULL;
    if (!error)
        error = make_absolute(options->output, &run.output);
    if (!error)
        error = find_site(&run.site);
    if (!error)
        error = make_folder(&run);
    if (!error)
        error = run_program(&run, ret_wait);
    remove_folder(&run);
    free(run.output);
    free(run.site);
    return error;
}
