#include "query/draw_layout.h"

#include "format/text.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A picture that needs more than this is one that nobody can look at. */
#define LAYOUT_CPU_SECONDS  60
#define LAYOUT_WALL_SECONDS 90
#define LAYOUT_MEMORY_BYTES ((rlim_t)2 << 30)
#define LAYOUT_OUTPUT_BYTES ((size_t)256 << 20)

/* What the child says by its exit status. */
enum {
    CHILD_DONE = 0,
    CHILD_NO_LIBRARY = 10,
    CHILD_NO_FORMAT,
    CHILD_NO_LAYOUT,
};

/* The functions of gvc.h that are used; the types are opaque to us. */
struct gvc {
    void *(*context)(void);
    int (*layout)(void *context, void *graph, const char *engine);
    int (*render)(void *context, void *graph, const char *format, FILE *out);
};

static bool load_gvc(struct gvc *gvc)
{
    void *library = dlopen("libgvc.so.6", RTLD_NOW);
    if (!library)
        return false;
    gvc->context = (void *(*)(void))dlsym(library, "gvContext");
    gvc->layout = (int (*)(void *, void *, const char *))dlsym(library, "gvLayout");
    gvc->render = (int (*)(void *, void *, const char *, FILE *))dlsym(library, "gvRender");
    return gvc->context && gvc->layout && gvc->render;
}

static void limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) || now.rlim_max < value)
        return;
    setrlimit(resource, &(struct rlimit){.rlim_cur = value, .rlim_max = value});
}

/* Memory beyond what the process has mapped already, which RLIMIT_AS counts too. */
static void limit_memory(rlim_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
    (void)bytes; /* it reserves terabytes */
#else
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fscanf(file, "%lu", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    limit(RLIMIT_AS, (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + bytes);
#endif
}

static int __attribute__((noreturn)) run_child(void *graph, const char *format, int out)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    signal(SIGPIPE, SIG_DFL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, LAYOUT_CPU_SECONDS);
    limit_memory(LAYOUT_MEMORY_BYTES);
    FILE *file = fdopen(out, "w");
    struct gvc gvc;
    if (!file || !load_gvc(&gvc))
        _exit(CHILD_NO_LIBRARY);
    void *context = gvc.context();
    if (!context || gvc.layout(context, graph, "dot"))
        _exit(CHILD_NO_LAYOUT);
    if (gvc.render(context, graph, format, file) || fflush(file) || ferror(file))
        _exit(CHILD_NO_FORMAT);
    _exit(CHILD_DONE);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct hs_error *too_large(const char *what)
{
    return hs_error_create(
        HS_ERROR_LIMIT,
        "too large a picture: its layout took more than %s; draw less of it with --max-depth or "
        "--too-many, or write a .dot file",
        what);
}

/* Reads all that the child writes, up to the limits. */
static struct hs_error *read_output(int in, struct hs_text *output)
{
    int64_t deadline = now_ms() + LAYOUT_WALL_SECONDS * 1000;
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd wait = {.fd = in, .events = POLLIN};
        int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return too_large("90 seconds");
        char buffer[65536];
        ssize_t got = read(in, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hs_error_system(errno, NULL, "read the picture");
        if (got == 0)
            return hs_text_error(output);
        hs_text_put(output, buffer, (size_t)got);
        if (output->bytes > LAYOUT_OUTPUT_BYTES)
            return too_large("256 MB");
    }
}

static struct hs_error *explain_status(int status, const char *format)
{
    if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL))
        return too_large("60 seconds of CPU");
    if (WIFSIGNALED(status))
        return too_large("2 GB of memory");
    switch (WEXITSTATUS(status)) {
    case CHILD_DONE:
        return NULL;
    case CHILD_NO_LIBRARY:
        return hs_error_create(
            HS_ERROR_USAGE,
            "drawing %s needs Graphviz' libgvc (apt-get install graphviz); a .dot file does not", format);
    case CHILD_NO_FORMAT:
        return hs_error_create(
            HS_ERROR_USAGE,
            "this Graphviz cannot draw %s (apt-get install graphviz brings all it needs), or ran "
            "out of memory; a .dot file does without it",
            format);
    default:
        return too_large("2 GB of memory");
    }
}

struct hs_error *hs_layout_run(void *graph, const char *format, char **ret, size_t *ret_bytes)
{
    int pipe_fd[2];
    if (pipe2(pipe_fd, O_CLOEXEC))
        return hs_error_system(errno, NULL, "make a pipe");
    fflush(NULL); /* or the child could write it a second time */
    pid_t child = fork();
    if (child < 0) {
        int saved = errno;
        close(pipe_fd[0]);
        close(pipe_fd[1]);
        return hs_error_system(saved, NULL, "start the layout");
    }
    if (!child)
        run_child(graph, format, pipe_fd[1]);
    close(pipe_fd[1]);
    struct hs_text output = {0};
    struct hs_error *error = read_output(pipe_fd[0], &output);
    close(pipe_fd[0]);
    if (error)
        kill(child, SIGKILL);
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            break;
    if (!error)
        error = explain_status(status, format);
    if (!error && !output.bytes)
        error = hs_error_create(HS_ERROR_USAGE, "Graphviz drew nothing as %s; a .dot file does without it",
                                format);
    if (error) {
        hs_text_deinit(&output);
        return error;
    }
    *ret_bytes = output.bytes;
    *ret = output.data;
    return NULL;
}
