/* The Python processes of this machine, as far as they can be seen, and why some of them cannot be
 * snapped. */
#ifndef HS_DUMP_CANDIDATES_H
#define HS_DUMP_CANDIDATES_H

#include "dump/procstat.h"
#include "format/error.h"

#include <stddef.h>
#include <stdio.h>

struct hs_candidate {
    pid_t pid;
    uid_t uid; /* effective */
    struct hs_procstat stat;
    char python[16]; /* "3.11.2", "3.10" where the build does not say more; "" if unknown */
    char *command;   /* the program and its first argument, foreign bytes; owned */
    bool listening;
    bool ancestor; /* of this process */
    char *refusal; /* why it cannot be snapped, in one line with the remedy; NULL: it can. Owned */
};

struct hs_candidates {
    size_t count;
    struct hs_candidate *candidate; /* in ascending order of pid */
};

/* Looks at every process. Not at this one. */
struct hs_error *hs_candidates_read(struct hs_candidates *ret) HS_MUST_CHECK;
void hs_candidates_deinit(struct hs_candidates *candidates);

/* Is candidate `pid` a descendant of `ancestor`, through whatever processes? */
bool hs_candidates_descends(pid_t pid, pid_t ancestor);

/* A table for people. */
void hs_candidates_print(FILE *file, const struct hs_candidate *const *candidate, size_t count);

/* Name of a user, or the number where there is none. */
void hs_candidate_user(uid_t uid, char *ret, size_t room);

/* What is shown of the arguments of a program, which /proc/PID/cmdline has one after the other, each ended by
 * a zero: the program, the interpreter's options, and the first argument that is none (a script or module;
 * not the code behind -c, which may hold anything). malloc'ed, NULL if memory is short. */
char *hs_candidate_command(const char *cmdline, size_t bytes);

#endif
