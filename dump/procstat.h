/* What /proc/PID/stat says of a process: the figures that may be read of anybody's processes. */
#ifndef HS_DUMP_PROCSTAT_H
#define HS_DUMP_PROCSTAT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct hs_procstat {
    char state;
    pid_t parent;
    unsigned threads;
    uint64_t start_ticks; /* since boot, in units of sysconf(_SC_CLK_TCK) */
    uint64_t vm_bytes;
    uint64_t rss_bytes;
};

/* Parses the one line of a stat file. False if it makes no sense. */
bool hs_procstat_parse(const char *text, struct hs_procstat *ret);

/* False: there is no such process. */
bool hs_procstat_read(pid_t pid, struct hs_procstat *ret);

/* Seconds since a process started. */
double hs_procstat_age(const struct hs_procstat *stat);

#endif
