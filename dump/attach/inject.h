/* Makes a running CPython call the agent, once, at a safe point, without anything of ours that could outlive
 * a failure.
 *
 * One thread is stopped for about a tenth of a millisecond and sent through the trampoline. Where it waits in
 * a system call without the GIL, it takes the GIL and calls the agent at once; otherwise the call is queued
 * with Py_AddPendingCall and CPython makes it between two instructions. Then nothing is traced any more, and
 * this side only watches the mailbox. If that takes long, other threads that wait are tried. When the time is
 * up the call is cancelled: it can never run later.
 */
#ifndef HS_DUMP_ATTACH_INJECT_H
#define HS_DUMP_ATTACH_INJECT_H

#include "dump/attach/mailbox.h"
#include "dump/attach/process.h"
#include "dump/attach/python.h"

struct hs_injection {
    const struct hs_process *process;
    const struct hs_maps *maps;
    const struct hs_python *python;
    const char *agent;  /* path of the agent as the target sees it */
    int64_t timeout_ms; /* for all of it */
};

struct hs_injected {
    uint64_t stopped_ns; /* the longest that a thread was stopped */
    int32_t result;      /* of hs_agent_attach(), or HS_RESULT_... */
    struct hs_agent_order order;
};

/* `order` goes to the target and comes back in ret->order. Call with all signals blocked. The errors are
 * about the way there; whether the agent was content stands in ret->result. */
struct hs_error *hs_inject(const struct hs_injection *injection, const struct hs_agent_order *order,
                           struct hs_injected *ret) HS_MUST_CHECK;

#endif
