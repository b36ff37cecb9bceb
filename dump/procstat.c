#include "dump/procstat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Numbers of fields as in proc(5); the name, number 2, stands in parentheses and may hold anything,
 * parentheses and spaces too, so that fields are counted from behind the last one. */
enum {
    FIELD_STATE = 3,
    FIELD_PARENT = 4,
    FIELD_THREADS = 20,
    FIELD_START = 22,
    FIELD_VM = 23,
    FIELD_RSS = 24
};

bool hs_procstat_parse(const char *text, struct hs_procstat *ret)
{
    const char *at = strrchr(text, ')');
    *ret = (struct hs_procstat){0};
    if (!at || at[1] != ' ' || !at[2])
        return false;
    ret->state = at[2];
    at += 3;
    for (int field = FIELD_PARENT; field <= FIELD_RSS; field++) {
        char *end;
        uint64_t number = strtoull(at, &end, 10);
        if (end == at)
            return false;
        at = end;
        if (field == FIELD_PARENT)
            ret->parent = (pid_t)number;
        else if (field == FIELD_THREADS)
            ret->threads = (unsigned)number;
        else if (field == FIELD_START)
            ret->start_ticks = number;
        else if (field == FIELD_VM)
            ret->vm_bytes = number;
        else if (field == FIELD_RSS)
            ret->rss_bytes = number * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    return true;
}

bool hs_procstat_read(pid_t pid, struct hs_procstat *ret)
{
    char path[32], text[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t bytes = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[bytes > 0 ? bytes : 0] = '\0';
    return hs_procstat_parse(text, ret);
}

double hs_procstat_age(const struct hs_procstat *stat)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    double age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
                 (double)stat->start_ticks / (double)sysconf(_SC_CLK_TCK);
    return age > 0 ? age : 0;
}
