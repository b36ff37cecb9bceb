#include "dump/attach/child.h"

#include "dump/agent/order.h"
#include "dump/interrupt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

pid_t hs_child_find(const struct hs_process *target, pid_t inner)
{
    if (hs_process_same_namespace(getpid(), target->pid))
        return inner;
    DIR *directory = opendir("/proc");
    pid_t found = -1;
    for (struct dirent *entry; directory && found < 0 && (entry = readdir(directory));) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        struct hs_process process;
        if (pid <= 0 || !hs_process_same_namespace(pid, target->pid))
            continue;
        struct hs_error *error = hs_process_open(pid, &process);
        if (!error) {
            if (process.inner_pid == inner)
                found = pid;
            hs_process_deinit(&process);
        }
        hs_error_destroy(error);
    }
    if (directory)
        closedir(directory);
    return found;
}

/* The child takes its name when its pipe is there. */
static bool is_ready(pid_t child, bool *ret_gone)
{
    char path[32], name[32] = "";
    snprintf(path, sizeof(path), "/proc/%d/comm", (int)child);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *ret_gone = fd < 0;
    if (fd < 0)
        return false;
    ssize_t bytes = read(fd, name, sizeof(name) - 1);
    close(fd);
    return bytes > 0 && strncmp(name, HS_ORDER_CHILD "\n", sizeof(HS_ORDER_CHILD)) == 0;
}

struct hs_error *hs_child_open(pid_t child, int64_t timeout_ms, int *ret_fd)
{
    char path[32];
    bool gone = false;
    snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)child);
    for (int64_t waited_ms = 0; waited_ms < timeout_ms && !gone && !hs_interrupted(); waited_ms++) {
        if (is_ready(child, &gone)) {
            *ret_fd = open(path, O_RDONLY | O_CLOEXEC);
            if (*ret_fd >= 0)
                return NULL;
            return hs_error_system(errno, path, "open the snapshot child's pipe");
        }
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    return hs_error_create(
        HS_ERROR_TARGET,
        gone ? "the snapshot child ended before it wrote anything (killed for want of memory?)"
             : "the snapshot child does not get to work (is the machine overloaded?); try again");
}

void hs_child_end(pid_t child)
{
    bool gone;
    if (is_ready(child, &gone)) /* it bears our name: no other process that was given its number */
        kill(child, SIGKILL);
}
