/* Which process is meant: the one named, its family, or the one Python process of the caller. */
#ifndef HS_DUMP_CHOOSE_H
#define HS_DUMP_CHOOSE_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct hs_choice {
    size_t count;
    pid_t *pid; /* a master before its workers */
    char *said; /* how the one was found, for people: "process 12 (python3 app.py)"; NULL if it was named */
};

/* `pid`: 0 for the one process of the caller's user (of SUDO_UID's under sudo) that can be snapped and is no
 * ancestor of this one. `children`: with all Python processes that descend from it. Where several could be
 * meant they are listed on standard error, and the error says how to choose. */
struct hs_error *hs_choose(pid_t pid, bool children, struct hs_choice *ret) HS_MUST_CHECK;
void hs_choice_deinit(struct hs_choice *choice);

/* Waits until there is something to choose: until process `pid` runs Python, or with 0 until the caller has a
 * Python process; and, if it has only just started, until it is HS_START_MS old, so that it has loaded more
 * than the interpreter. An error once `pid` has ended; returns early when interrupted. */
struct hs_error *hs_choose_wait(pid_t pid) HS_MUST_CHECK;
#define HS_START_MS 1000

#endif
