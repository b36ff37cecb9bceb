/* Would the target's seccomp filters kill it for a system call that the agent makes?
 *
 * The filters are read and evaluated where that is allowed (CAP_SYS_ADMIN, and no filter on this program).
 * Else, in the same pid namespace and under as many filters as the target, a child of this program tries each
 * call on itself: that its filters are the target's is then likely, but not proven. A call that merely fails
 * harms nobody: the agent copes.
 */
#ifndef HS_DUMP_ATTACH_SECCOMP_H
#define HS_DUMP_ATTACH_SECCOMP_H

#include "dump/attach/process.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* What a filter says to one system call: SECCOMP_RET_..., with its data. Filters are foreign: anything that
 * the kernel would not have accepted gives SECCOMP_RET_KILL_PROCESS. */
uint32_t hs_seccomp_evaluate(const struct sock_filter *filter, size_t count, const struct seccomp_data *data);

/* The first of the agent's system calls that one filter of `count` instructions would kill or hold; NULL if
 * it lets all live. */
const char *hs_seccomp_find_fatal(const struct sock_filter *filter, size_t count);

/* NULL: the process has no filter, or none that harms; with `trusting` also if nobody can tell. Stops its
 * main thread for an instant to read them. */
struct hs_error *hs_seccomp_check(const struct hs_process *process, bool trusting) HS_MUST_CHECK;

#endif
