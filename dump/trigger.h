/* When `heapdump run` has a program snapped: at its end, at intervals, above a size, on a signal, when memory
 * runs out. The program's own processes do that (dump/python/heapdump/_triggers.py); here is what the user
 * says, and how it gets there. */
#ifndef HS_DUMP_TRIGGER_H
#define HS_DUMP_TRIGGER_H

#include "format/error.h"

#include <stdbool.h>
#include <stdint.h>

struct hs_triggers {
    bool at_exit;
    bool memory_error;
    double every_s;       /* 0: not */
    uint64_t above_bytes; /* 0: not */
    int signal;           /* 0: none */
    unsigned limit;       /* snapshots of a process before its end; 0: no limit */
};

/* The values of --every, --above ("500MB", "1.5GiB", "2G") and --limit, and of --signal ("USR2", "SIGUSR2",
 * "RTMIN+1"): only signals that a program does nothing with unless it says so, and on whose effect nothing
 * depends. */
struct hs_error *hs_trigger_parse_every(const char *text, double *ret) HS_MUST_CHECK;
struct hs_error *hs_trigger_parse_above(const char *text, uint64_t *ret) HS_MUST_CHECK;
struct hs_error *hs_trigger_parse_limit(const char *text, unsigned *ret) HS_MUST_CHECK;
struct hs_error *hs_trigger_parse_signal(const char *text, int *ret) HS_MUST_CHECK;

/* Is there any but the one at the end? */
bool hs_triggers_early(const struct hs_triggers *triggers);

/* May a process write more than one snapshot? */
bool hs_triggers_several(const struct hs_triggers *triggers);

/* Puts them into the environment. False: memory is short. */
bool hs_triggers_export(const struct hs_triggers *triggers);

#endif
