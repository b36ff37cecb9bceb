#include "dump/attach/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A status file has about 60 lines of at most a few hundred bytes (Groups: is the longest). */
#define STATUS_BYTES 16384

/* Reads a whole small file of /proc, terminated; false if it cannot. */
static bool read_small(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t bytes = 0;
    ssize_t got = 0;
    while (bytes < room - 1 && (got = read(fd, text + bytes, room - 1 - bytes)) > 0)
        bytes += (size_t)got;
    close(fd);
    text[bytes] = 0;
    return got >= 0 && bytes > 0;
}

static long last_number(const char *text)
{
    long number = 0;
    for (char *end; *text && *text != '\n'; text = end) {
        long value = strtol(text, &end, 10);
        if (end == text)
            break;
        number = value;
    }
    return number;
}

static long second_number(const char *text)
{
    char *end;
    strtol(text, &end, 10);
    return strtol(end, NULL, 10);
}

static void copy_name(char *name, size_t room, const char *value)
{
    size_t bytes = strcspn(value, "\n");
    if (bytes >= room)
        bytes = room - 1;
    memcpy(name, value, bytes);
    name[bytes] = 0;
}

static void parse_line(const char *line, const char *value, struct hs_process *process)
{
    size_t key = (size_t)(value - line - 1);
#define IS(text) (key == sizeof(text) - 1 && memcmp(line, text, key) == 0)
    value += strspn(value, " \t");
    if (IS("Name"))
        copy_name(process->name, sizeof(process->name), value);
    else if (IS("State"))
        process->state = *value;
    else if (IS("Tgid"))
        process->group = (pid_t)strtol(value, NULL, 10);
    else if (IS("PPid"))
        process->parent = (pid_t)strtol(value, NULL, 10);
    else if (IS("TracerPid"))
        process->tracer = (pid_t)strtol(value, NULL, 10);
    else if (IS("NSpid"))
        process->inner_pid = (pid_t)last_number(value);
    else if (IS("Uid"))
        process->euid = (uid_t)second_number(value);
    else if (IS("Gid"))
        process->egid = (gid_t)second_number(value);
    else if (IS("Kthread"))
        process->kernel = *value == '1';
    else if (IS("Seccomp"))
        process->seccomp = (int)strtol(value, NULL, 10);
    else if (IS("Seccomp_filters"))
        process->seccomp_filters = (int)strtol(value, NULL, 10);
    else if (IS("x86_Thread_features"))
        process->shadow_stack =
            strstr(value, "shstk") && strstr(value, "shstk") < value + strcspn(value, "\n");
#undef IS
}

void hs_process_parse_status(const char *text, struct hs_process *ret)
{
    while (*text) {
        size_t bytes = strcspn(text, "\n");
        const char *colon = memchr(text, ':', bytes);
        if (colon)
            parse_line(text, colon + 1, ret);
        text += bytes + (text[bytes] == '\n');
    }
}

/* A field of /proc/PID/stat as man 5 proc counts them, from behind the name, which may hold anything. */
static const char *stat_field(const char *text, int wanted)
{
    const char *at = strrchr(text, ')');
    for (int field = 1; at && field < wanted - 1; field++)
        at = strchr(at + 1, ' ');
    return at ? at + 1 : "";
}

static void read_stat(struct hs_process *process)
{
    char path[32], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)process->pid);
    bool ok = read_small(path, text, sizeof(text));
    process->start_time = ok ? strtoull(stat_field(text, 22), NULL, 10) : 0;
    process->stack_start = ok ? strtoull(stat_field(text, 28), NULL, 10) : 0;
}

static bool read_status(struct hs_process *process)
{
    char path[32];
    char *text = malloc(STATUS_BYTES);
    snprintf(path, sizeof(path), "/proc/%d/status", (int)process->pid);
    bool ok = text && read_small(path, text, STATUS_BYTES);
    if (ok)
        hs_process_parse_status(text, process);
    free(text);
    return ok;
}

struct hs_error *hs_process_open(pid_t pid, struct hs_process *ret)
{
    *ret = (struct hs_process){.pid = pid, .pidfd = -1, .inner_pid = pid};
    ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    read_stat(ret);
    if (read_status(ret))
        return NULL;
    hs_process_deinit(ret);
    return hs_error_create(HS_ERROR_TARGET, "no process %d; try: heapdump list", (int)pid);
}

void hs_process_deinit(struct hs_process *process)
{
    if (process->pidfd >= 0)
        close(process->pidfd);
    process->pidfd = -1;
}

bool hs_process_alive(const struct hs_process *process)
{
    if (process->pidfd >= 0) {
        struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
        return poll(&ended, 1, 0) == 0;
    }
    struct hs_process now = {.pid = process->pid};
    read_stat(&now);
    return now.start_time == process->start_time;
}

bool hs_process_same(const struct hs_process *process)
{
    struct hs_process now = {.pid = process->pid};
    read_stat(&now);
    return hs_process_alive(process) && now.start_time == process->start_time &&
           now.stack_start == process->stack_start;
}

bool hs_process_thread_writes(const struct hs_process *process, pid_t tid)
{
    static const long writing[] = {SYS_write,   SYS_pwrite64, SYS_writev,   SYS_pwritev, SYS_sendto,
                                   SYS_sendmsg, SYS_sendmmsg, SYS_sendfile, SYS_splice};
    char path[48], text[256];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)process->pid, (int)tid);
    char *end = text;
    long call = read_small(path, text, sizeof(text)) ? strtol(text, &end, 10) : -1;
    if (end == text) /* "running" */
        return false;
    for (size_t i = 0; i < sizeof(writing) / sizeof(writing[0]); i++) {
        if (call == writing[i])
            return true;
    }
    return false;
}

bool hs_process_same_namespace(pid_t a, pid_t b)
{
    char path[2][48], link[2][64];
    for (int i = 0; i < 2; i++) {
        snprintf(path[i], sizeof(path[i]), "/proc/%d/ns/pid", (int)(i ? b : a));
        ssize_t bytes = readlink(path[i], link[i], sizeof(link[i]) - 1);
        if (bytes < 0)
            return false;
        link[i][bytes] = 0;
    }
    return strcmp(link[0], link[1]) == 0;
}

pid_t hs_process_tracer(const struct hs_process *process)
{
    struct hs_process now = {.pid = process->pid};
    return read_status(&now) ? now.tracer : 0;
}

char hs_process_thread_state(const struct hs_process *process, pid_t tid)
{
    char path[48], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)process->pid, (int)tid);
    return read_small(path, text, sizeof(text)) ? *stat_field(text, 3) : 0;
}

#define REFUSE(...) return hs_error_create(HS_ERROR_TARGET, __VA_ARGS__)

struct hs_error *hs_process_check(const struct hs_process *process)
{
    int pid = (int)process->pid;
    if (process->group && process->group != process->pid)
        REFUSE("%d is a thread of process %d; try: heapdump snap FILE.db -p %d", pid, (int)process->group,
               (int)process->group);
    if (process->kernel)
        REFUSE("%d is a thread of the kernel, not a Python process; try: heapdump list", pid);
    switch (process->state) {
    case 'Z':
    case 'X':
        REFUSE("process %d has ended, or its main thread has; there is nothing left to snap", pid);
    case 'T':
        REFUSE("process %d is stopped and stays so; let it go on first: kill -CONT %d", pid, pid);
    default:
        break;
    }
    if (process->tracer)
        REFUSE("process %d is traced by process %d (a debugger?); end that first", pid, (int)process->tracer);
    if (process->seccomp == 1)
        REFUSE("process %d runs in seccomp's strict mode, where a fork would kill it", pid);
    if (process->shadow_stack)
        REFUSE(
            "process %d runs with a shadow stack, which an attach would break; use: heapdump run -o FILE.db "
            "-- PROGRAM",
            pid);
    return NULL;
}

static int ptrace_scope(void)
{
    char text[16];
    return read_small("/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) ? atoi(text) : 0;
}

struct hs_error *hs_process_denied(const struct hs_process *process)
{
    int pid = (int)process->pid;
    if (geteuid() != 0 && process->euid != geteuid())
        REFUSE("process %d belongs to another user; try: sudo heapdump snap FILE.db -p %d", pid, pid);
    int scope = ptrace_scope();
    if (scope == 3)
        REFUSE("this system allows no process to trace another (kernel.yama.ptrace_scope = 3); use: heapdump "
               "run -o FILE.db -- PROGRAM");
    if (geteuid() != 0 && scope > 0)
        REFUSE("this system lets only root trace process %d (kernel.yama.ptrace_scope = %d); try: sudo "
               "heapdump snap FILE.db -p %d",
               pid, scope, pid);
    if (geteuid() == 0)
        REFUSE("this container's root may not trace process %d; run it with the capability SYS_PTRACE, or "
               "from the host, or start the program with: heapdump run --listen -- PROGRAM",
               pid);
    REFUSE(
        "process %d may not be traced (it runs a set-uid program, or has forbidden it); try: sudo heapdump "
        "snap FILE.db -p %d",
        pid, pid);
}
