#include "dump/candidates.h"

#include "dump/attach/maps.h"
#include "dump/attach/process.h"
#include "dump/attach/python.h"
#include "dump/escape.h"
#include "dump/listener.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CMDLINE_BYTES 4096
/* A parent's parent and so on: no machine has deeper families, but a list that changes while it is read might
 * seem to have. */
#define ANCESTORS_MAX 1000

/* The word that begins at `at`, which gets to the next one; an empty one at the end. */
static const char *next_word(const char *cmdline, size_t bytes, size_t *at, size_t *ret_length)
{
    const char *word = cmdline + *at;
    *ret_length = *at < bytes ? strnlen(word, bytes - *at) : 0;
    *at += *ret_length + 1;
    return word;
}

static bool word_is(const char *word, size_t length, const char *text)
{
    return length == strlen(text) && memcmp(word, text, length) == 0;
}

/* A program may be started through its loader: "ld-linux-x86-64.so.2 --library-path DIR --argv0 NAME
 * PROGRAM". Gives where PROGRAM stands, 0 if this is no loader, and NAME where the loader was given one
 * (elf/rtld.c of glibc). */
static size_t skip_loader(const char *cmdline, size_t bytes, const char **ret_name, size_t *ret_length)
{
    static const char *const with_value[] = {
        "--library-path", "--inhibit-rpath",        "--audit",
        "--preload",      "--glibc-hwcaps-prepend", "--glibc-hwcaps-mask"};
    size_t at = 0, length;
    const char *word = next_word(cmdline, bytes, &at, &length);
    const char *slash = memrchr(cmdline, '/', length);
    word = slash ? slash + 1 : cmdline;
    if (strncmp(word, "ld-linux", 8) && strncmp(word, "ld.so", 5))
        return 0;
    for (size_t start = at; at < bytes; start = at) {
        word = next_word(cmdline, bytes, &at, &length);
        if (length < 2 || memcmp(word, "--", 2))
            return start;
        if (word_is(word, length, "--argv0"))
            *ret_name = next_word(cmdline, bytes, &at, ret_length);
        for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++)
            if (word_is(word, length, with_value[i]))
                next_word(cmdline, bytes, &at, &length);
    }
    return 0;
}

char *hs_candidate_command(const char *cmdline, size_t bytes)
{
    char *command = NULL;
    const char *name = NULL;
    size_t all, length, name_length = 0, at = bytes ? skip_loader(cmdline, bytes, &name, &name_length) : 0;
    FILE *out = open_memstream(&command, &all);
    if (!out)
        return NULL;
    bool more = true;
    for (size_t number = 0, start = at; at < bytes && more; number++) {
        const char *word = next_word(cmdline, bytes, &at, &length);
        more = number == 0 || (*word == '-' && strncmp(word, "-c", length));
        if (number == 0 && name && start)
            fprintf(out, "%.*s", (int)name_length, name);
        else
            fprintf(out, "%s%.*s", number ? " " : "", (int)length, word);
    }
    if (fclose(out) == 0)
        return command;
    free(command);
    return NULL;
}

static char *read_command(const struct hs_process *process)
{
    char path[32], text[CMDLINE_BYTES];
    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)process->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? 0 : read(fd, text, sizeof(text));
    if (fd >= 0)
        close(fd);
    return bytes > 0 ? hs_candidate_command(text, (size_t)bytes) : strdup(process->name);
}

/* For a process that cannot be looked into. */
static bool looks_like_python(const struct hs_process *process, const char *command)
{
    size_t program = strcspn(command, " ");
    const char *slash = memrchr(command, '/', program);
    return !strncmp(process->name, "python", 6) || !strncmp(slash ? slash + 1 : command, "python", 6);
}

bool hs_candidates_descends(pid_t pid, pid_t ancestor)
{
    struct hs_procstat stat;
    for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
        if (!hs_procstat_read(pid, &stat))
            return false;
        pid = stat.parent;
        if (pid == ancestor)
            return true;
    }
    return false;
}

/* Takes the words of an error; NULL for none (or no memory for the words). */
static char *take_message(struct hs_error *error)
{
    char *message = error ? strdup(error->message) : NULL;
    hs_error_destroy(error);
    return message;
}

/* Would the kernel let us trace it? Only Yama can be asked without doing it. */
static struct hs_error *check_permission(const struct hs_process *process)
{
    int scope = 0;
    FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
    bool known = file && fscanf(file, "%d", &scope) == 1;
    if (file)
        fclose(file);
    bool denied = known && (scope == 3 || (scope > 0 && geteuid() != 0));
    return denied ? hs_process_denied(process) : NULL;
}

static void describe_python(const struct hs_process *process, const struct hs_maps *maps,
                            struct hs_candidate *ret)
{
    struct hs_python python;
    struct hs_error *error = hs_python_find(process->pid, maps, &python);
    if (python.hex & 0xffff) /* 3.10 and older do not tell which release they are */
        snprintf(ret->python, sizeof(ret->python), "3.%u.%u", python.minor, python.hex >> 8 & 0xff);
    else if (python.minor)
        snprintf(ret->python, sizeof(ret->python), "3.%u", python.minor);
    if (!error && !ret->listening)
        error = hs_process_check(process);
    if (!error && !ret->listening)
        error = check_permission(process);
    ret->refusal = take_message(error);
}

/* Looks into the process. False if that is not allowed. */
static bool look_into(const struct hs_process *process, struct hs_candidate *ret, bool *ret_is_python)
{
    struct hs_maps maps;
    struct hs_error *error = hs_maps_read(process->pid, &maps);
    if (error) {
        hs_error_destroy(error);
        return false;
    }
    bool allowed = hs_python_may_look(process->pid, &maps);
    *ret_is_python = allowed && hs_python_present(process->pid, &maps);
    if (*ret_is_python)
        describe_python(process, &maps, ret);
    hs_maps_deinit(&maps);
    return allowed;
}

/* Fills in `ret` and tells whether the process is Python, or seems to be. */
static bool examine(const struct hs_process *process, bool listening, struct hs_candidate *ret)
{
    *ret = (struct hs_candidate){.pid = process->pid, .uid = process->euid, .listening = listening};
    if (process->kernel || process->state == 'Z' || process->state == 'X' ||
        !hs_procstat_read(process->pid, &ret->stat))
        return false;
    ret->command = read_command(process);
    if (!ret->command)
        return false;
    bool is_python;
    if (!look_into(process, ret, &is_python)) {
        is_python = listening || looks_like_python(process, ret->command);
        if (is_python && !listening)
            ret->refusal = take_message(hs_process_denied(process));
    }
    ret->ancestor = is_python && hs_candidates_descends(getpid(), process->pid);
    return is_python;
}

static void deinit_candidate(struct hs_candidate *candidate)
{
    free(candidate->command);
    free(candidate->refusal);
}

static struct hs_error *add(struct hs_candidates *candidates, const struct hs_candidate *candidate)
{
    size_t count = candidates->count;
    if ((count & (count - 1)) == 0) {
        size_t room = count ? 2 * count : 1;
        struct hs_candidate *grown = realloc(candidates->candidate, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        candidates->candidate = grown;
    }
    candidates->candidate[candidates->count++] = *candidate;
    return NULL;
}

static struct hs_error *consider(pid_t pid, const struct hs_listeners *listeners,
                                 struct hs_candidates *candidates)
{
    struct hs_process process;
    struct hs_candidate candidate;
    struct hs_error *error = hs_process_open(pid, &process);
    if (error) { /* it has ended meanwhile */
        hs_error_destroy(error);
        return NULL;
    }
    bool is_python = examine(&process, hs_listeners_have(listeners, pid), &candidate);
    hs_process_deinit(&process);
    error = is_python ? add(candidates, &candidate) : NULL;
    if (!is_python || error)
        deinit_candidate(&candidate);
    return error;
}

static int by_pid(const void *a, const void *b)
{
    pid_t left = ((const struct hs_candidate *)a)->pid, right = ((const struct hs_candidate *)b)->pid;
    return (left > right) - (left < right);
}

struct hs_error *hs_candidates_read(struct hs_candidates *ret)
{
    *ret = (struct hs_candidates){0};
    struct hs_listeners *listeners = malloc(sizeof(*listeners));
    if (!listeners)
        return &hs_error_memory;
    hs_listeners_read(listeners);
    struct hs_error *error = NULL;
    DIR *directory = opendir("/proc");
    if (!directory)
        error = hs_error_system(errno, "/proc", "list the processes");
    for (struct dirent *entry; !error && (entry = readdir(directory));) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && pid != getpid())
            error = consider(pid, listeners, ret);
    }
    if (directory)
        closedir(directory);
    free(listeners);
    if (error)
        hs_candidates_deinit(ret);
    else if (ret->count)
        qsort(ret->candidate, ret->count, sizeof(*ret->candidate), by_pid);
    return error;
}

void hs_candidates_deinit(struct hs_candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        deinit_candidate(&candidates->candidate[i]);
    free(candidates->candidate);
    *candidates = (struct hs_candidates){0};
}

/* The file itself is read, not the name services: those may be remote, and a static program has none. */
void hs_candidate_user(uid_t uid, char *ret, size_t room)
{
    snprintf(ret, room, "%u", (unsigned)uid);
    FILE *file = fopen("/etc/passwd", "re");
    for (struct passwd *entry; file && (entry = fgetpwent(file));) {
        if (entry->pw_uid == uid) {
            snprintf(ret, room, "%s", entry->pw_name);
            break;
        }
    }
    if (file)
        fclose(file);
}

/* "3d", "14h", "7m", "12s" */
static void format_age(double seconds, char *ret, size_t room)
{
    if (seconds >= 86400)
        snprintf(ret, room, "%.0fd", seconds / 86400);
    else if (seconds >= 3600)
        snprintf(ret, room, "%.0fh", seconds / 3600);
    else if (seconds >= 60)
        snprintf(ret, room, "%.0fm", seconds / 60);
    else
        snprintf(ret, room, "%.0fs", seconds);
}

void hs_candidates_print(FILE *file, const struct hs_candidate *const *candidate, size_t count)
{
    fprintf(file, "%8s %8s %-10s %-8s %9s %5s %7s  %s\n", "PID", "PARENT", "USER", "PYTHON", "RSS MB", "AGE",
            "THREADS", "COMMAND");
    for (size_t i = 0; i < count; i++) {
        const struct hs_candidate *it = candidate[i];
        char user[33], age[32];
        hs_candidate_user(it->uid, user, sizeof(user));
        format_age(hs_procstat_age(&it->stat), age, sizeof(age));
        fprintf(file, "%8d %8d ", (int)it->pid, (int)it->stat.parent);
        hs_escape_terminal(file, user, 32);
        fprintf(file, "%*s %-8s %9.1f %5s %7u  ", (int)(strlen(user) < 10 ? 10 - strlen(user) : 0), "",
                it->python, (double)it->stat.rss_bytes / 1e6, age, it->stat.threads);
        hs_escape_terminal(file, it->command, 60);
        fputs(it->listening ? "  (listens)\n" : "\n", file);
        if (it->refusal) {
            fputs("         no: ", file);
            hs_escape_terminal(file, it->refusal, 300);
            fputc('\n', file);
        }
    }
}
