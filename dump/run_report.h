/* What the processes of a program under `heapdump run` report into a file, told to the user as it comes. */
#ifndef HS_DUMP_RUN_REPORT_H
#define HS_DUMP_RUN_REPORT_H

#include <stdbool.h>
#include <stddef.h>

/* A line is "start PID", "done PID TEXT", "fail PID TEXT" or "note PID TEXT"; longer ones are cut. */
#define HS_RUN_REPORT_LINE 4096

struct hs_run_report {
    const char *path; /* of the file, which need not exist yet */
    bool quiet;       /* say only what went wrong */
    bool started;     /* out: a Python process began */
    bool told;        /* out: something was said of a snapshot, or would have been */
    long at;          /* bytes of the file that were read; 0 at first */
};

/* Tells what is new. */
void hs_run_report_tell(struct hs_run_report *report);

#endif
