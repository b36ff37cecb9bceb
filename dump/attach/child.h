/* The snapshot child, once the agent has forked it: found by its number in the target's pid namespace, read
 * through /proc. */
#ifndef HS_DUMP_ATTACH_CHILD_H
#define HS_DUMP_ATTACH_CHILD_H

#include "dump/attach/process.h"

/* The process that has number `inner` in the pid namespace of `target`, as this process numbers it; -1 if
 * there is none (any more). */
pid_t hs_child_find(const struct hs_process *target, pid_t inner);

/* Waits until the child has made its pipe and opens the end to read. The descriptor is the caller's. */
struct hs_error *hs_child_open(pid_t child, int64_t timeout_ms, int *ret_fd) HS_MUST_CHECK;

/* Ends a child that nobody will read from: at once, not when its patience ends. */
void hs_child_end(pid_t child);

#endif
