/* Starts a program so that its first Python process, or all of them, write snapshots (dump/trigger.h), or so
 * that all of them listen for `heapdump snap`. */
#ifndef HS_DUMP_RUN_H
#define HS_DUMP_RUN_H

#include "dump/trigger.h"

#include <stdbool.h>

struct hs_run_options {
    const char *output; /* may hold {pid} and {n} */
    const char *label;  /* NULL: none */
    const char *values; /* NULL: the default */
    bool overwrite;
    struct hs_triggers triggers;
    bool listen;
    bool quiet;  /* say nothing of the snapshot made */
    char **argv; /* the program and its arguments, NULL at the end */
};

/* Runs the program to its end. *ret_wait is its status as of waitpid(2). An error means that it was not
 * started. What became of the snapshot is said on standard error. */
struct hs_error *hs_run(const struct hs_run_options *options, int *ret_wait) HS_MUST_CHECK;

#endif
