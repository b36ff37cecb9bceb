#include "dump/pss.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A header and some 20 lines (Linux, fs/proc/task_mmu.c). */
#define ROLLUP_BYTES 4096

int64_t hs_pss_parse(const char *text)
{
    const char *line = strstr(text, "\nPss:");
    char *end;
    if (!line)
        return -1;
    long long kilobytes = strtoll(line + strlen("\nPss:"), &end, 10);
    return strncmp(end, " kB", 3) || kilobytes < 0 || kilobytes > INT64_MAX / 1024 ? -1 : kilobytes * 1024;
}

int64_t hs_pss_read(pid_t pid)
{
    char path[48], text[ROLLUP_BYTES];
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[bytes > 0 ? bytes : 0] = '\0';
    return hs_pss_parse(text);
}
