/* A snapshot of a process that nobody prepared: `heapdump snap FILE -p PID`. */
#ifndef HS_DUMP_ATTACH_ATTACH_H
#define HS_DUMP_ATTACH_ATTACH_H

#include "dump/collect.h"

struct hs_attach_options {
    pid_t pid;
    const char *agent;  /* path of heapdump-agent.so here */
    int64_t timeout_ms; /* until the target has forked; 0: HS_ATTACH_TIMEOUT_MS */
    bool gc;            /* have the target collect its garbage first */
    bool force_seccomp; /* attach although nobody can tell whether a seccomp filter would kill the target */
    bool count;         /* no snapshot: only how many objects there are */
    struct hs_collect_options collect;
};
#define HS_ATTACH_TIMEOUT_MS 10000

struct hs_attach_result {
    struct hs_collect_result collect; /* where it was a snapshot */
    uint64_t tracked;                 /* the objects that were counted, else 0 */
    uint64_t stopped_ns; /* one thread, while it was borrowed; the pause for the fork is collect.pause_ns */
};

/* Errors are HS_ERROR_TARGET with cause and remedy where the target is at fault; then it goes on as if
 * nothing had been, and nothing of ours will run in it later. */
struct hs_error *hs_attach(const struct hs_attach_options *options,
                           struct hs_attach_result *ret) HS_MUST_CHECK;

#endif
