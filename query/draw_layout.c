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

/* What needs more than this is a picture that nobody can look at. */
#define LAYOUT_WALL_FACTOR  3 /* of the CPU time: the machine may be busy */
#define LAYOUT_WALL_LEAST   2
#define LAYOUT_MEMORY_BYTES ((rlim_t)2 << 30)
#define LAYOUT_OUTPUT_BYTES ((size_t)256 << 20)

/* Before the picture the child writes this. */
struct header {
    double width, height;
};

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
    int (*forget)(void *context, void *graph);
    int (*render)(void *context, void *graph, const char *format, FILE *out);
};

static bool load_gvc(struct gvc *gvc)
{
    void *library = dlopen("libgvc.so.6", RTLD_NOW);
    if (!library)
        return false;
    gvc->context = (void *(*)(void))dlsym(library, "gvContext");
    gvc->layout = (int (*)(void *, void *, const char *))dlsym(library, "gvLayout");
    gvc->forget = (int (*)(void *, void *))dlsym(library, "gvFreeLayout");
    gvc->render = (int (*)(void *, void *, const char *, FILE *))dlsym(library, "gvRender");
    return gvc->context && gvc->layout && gvc->forget && gvc->render;
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

/* Finds places, lets `finish` see them, and draws with those places ("nop2" keeps them). */
static int draw(const struct gvc *gvc, const struct hs_layout_ask *ask, FILE *file)
{
    struct header header = {0};
    void *context = gvc->context();
    if (!context || gvc->layout(context, ask->graph, ask->placed ? "nop" : "dot"))
        return CHILD_NO_LAYOUT;
    /* Without a file this writes the places into the graph (libguide, "gvRender"). */
    if (gvc->render(context, ask->graph, "dot", NULL))
        return CHILD_NO_LAYOUT;
    gvc->forget(context, ask->graph);
    bool wanted = ask->finish(ask->context, &header.width, &header.height);
    if (fwrite(&header, sizeof(header), 1, file) != 1)
        return CHILD_NO_FORMAT;
    if (!wanted)
        return fflush(file) ? CHILD_NO_FORMAT : CHILD_DONE;
    if (gvc->layout(context, ask->graph, "nop2"))
        return CHILD_NO_LAYOUT;
    if (gvc->render(context, ask->graph, ask->format, file) || fflush(file) || ferror(file))
        return CHILD_NO_FORMAT;
    return CHILD_DONE;
}

static int __attribute__((noreturn)) run_child(const struct hs_layout_ask *ask, int out)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
    signal(SIGPIPE, SIG_DFL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, ask->cpu_seconds);
    limit_memory(LAYOUT_MEMORY_BYTES);
    FILE *file = fdopen(out, "w");
    struct gvc gvc;
    if (!file || !load_gvc(&gvc))
        _exit(CHILD_NO_LIBRARY);
    _exit(draw(&gvc, ask, file));
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Reads all that the child writes, up to the limits. */
static struct hs_error *read_output(int in, unsigned cpu_seconds, struct hs_text *output, bool *ret_gave_up)
{
    int64_t deadline = now_ms() + (int64_t)(LAYOUT_WALL_LEAST + LAYOUT_WALL_FACTOR * cpu_seconds) * 1000;
    for (;;) {
        int64_t left = deadline - now_ms();
        struct pollfd wait = {.fd = in, .events = POLLIN};
        int ready = left > 0 ? poll(&wait, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        *ret_gave_up = ready <= 0 || output->bytes > LAYOUT_OUTPUT_BYTES;
        if (*ret_gave_up)
            return NULL;
        char buffer[65536];
        ssize_t got = read(in, buffer, sizeof(buffer));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return hs_error_system(errno, NULL, "read the picture");
        if (got == 0)
            return hs_text_error(output);
        hs_text_put(output, buffer, (size_t)got);
    }
}

/* A death by a signal is a limit too: of CPU time, or of memory, which libgvc does not always check for. */
static struct hs_error *explain_status(int status, const char *format, bool *ret_gave_up)
{
    *ret_gave_up = WIFSIGNALED(status) || WEXITSTATUS(status) == CHILD_NO_LAYOUT;
    if (*ret_gave_up)
        return NULL;
    switch (WEXITSTATUS(status)) {
    case CHILD_DONE:
        return NULL;
    case CHILD_NO_LIBRARY:
        return hs_error_create(
            HS_ERROR_USAGE,
            "drawing %s needs Graphviz' libgvc (apt-get install graphviz); a .dot file does not", format);
    default:
        return hs_error_create(
            HS_ERROR_USAGE,
            "this Graphviz cannot draw %s (apt-get install graphviz brings all it needs), or ran "
            "out of memory; a .dot file does without it",
            format);
    }
}

static struct hs_error *take_answer(const struct hs_layout_ask *ask, struct hs_text *output,
                                    struct hs_layout_answer *ret)
{
    struct header header;
    if (output->bytes < sizeof(header))
        return hs_error_create(HS_ERROR_USAGE, "Graphviz drew nothing as %s; a .dot file does without it",
                               ask->format);
    memcpy(&header, output->data, sizeof(header));
    ret->width = header.width;
    ret->height = header.height;
    ret->bytes = output->bytes - sizeof(header);
    if (!ret->bytes)
        return NULL;
    ret->data = output->data;
    memmove(ret->data, ret->data + sizeof(header), ret->bytes + 1);
    *output = (struct hs_text){0};
    return NULL;
}

struct hs_error *hs_layout_run(const struct hs_layout_ask *ask, struct hs_layout_answer *ret)
{
    *ret = (struct hs_layout_answer){0};
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
        run_child(ask, pipe_fd[1]);
    close(pipe_fd[1]);
    struct hs_text output = {0};
    struct hs_error *error = read_output(pipe_fd[0], ask->cpu_seconds, &output, &ret->gave_up);
    close(pipe_fd[0]);
    if (error || ret->gave_up)
        kill(child, SIGKILL);
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            break;
    if (!error && !ret->gave_up)
        error = explain_status(status, ask->format, &ret->gave_up);
    if (!error && !ret->gave_up)
        error = take_answer(ask, &output, ret);
    hs_text_deinit(&output);
    return error;
}
