#include "dump/attach/attach.h"

#include "dump/agent/agent.h"
#include "dump/attach/carrier.h"
#include "dump/attach/child.h"
#include "dump/attach/inject.h"
#include "dump/attach/seccomp.h"
#include "dump/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define TRACED_TRIES 100 /* of 5 ms: how long another tracer is waited for */
#define REAP_TRIES   20  /* the child needs a moment to end after it wrote its last byte */

/* All signals wait while a thread of the target is ours: only SIGKILL could come in between, and then the
 * kernel lets the thread go. */
static struct hs_error *inject_undisturbed(const struct hs_injection *injection,
                                           const struct hs_agent_order *order, struct hs_injected *ret)
{
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    prctl(PR_SET_TIMERSLACK, 1000UL); /* waits of microseconds while the target stands still */
    struct hs_error *error = hs_inject(injection, order, ret);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return error;
}

/* Gives the agent to the target in one place after the other until dlopen() takes it. */
static struct hs_error *inject_somewhere(struct hs_injection *injection, const char *agent,
                                         const struct hs_agent_order *order, struct hs_injected *ret)
{
    int pid = (int)injection->process->pid;
    for (unsigned attempt = 0;; attempt++) {
        struct hs_carrier carrier;
        struct hs_error *error = hs_carrier_init(injection->process, agent, attempt, &carrier);
        if (error)
            return error;
        if (!carrier.path[0])
            return hs_error_create(
                HS_ERROR_TARGET,
                "process %d can load the agent from nowhere: its /tmp, /var/tmp, /dev/shm and "
                "/run cannot be written or forbid execution; mount a tmpfs there",
                pid);
        injection->agent = carrier.path;
        error = inject_undisturbed(injection, order, ret);
        hs_carrier_deinit(&carrier);
        if (error || (ret->result != HS_RESULT_NO_LIBRARY && ret->result != HS_RESULT_NO_ENTRY))
            return error;
    }
}

static struct hs_error *agent_error(const struct hs_process *process, const struct hs_python *python,
                                    const struct hs_injected *injected)
{
    const struct hs_agent_order *order = &injected->order;
    int pid = (int)process->pid;
    switch (injected->result) {
    case HS_AGENT_OK:
        return NULL;
    case HS_AGENT_UNSUPPORTED:
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d runs Python 3.%u, which this version does not know: %s", pid,
                               python->minor, order->detail);
    case HS_AGENT_LAYOUT_MISMATCH:
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d runs a Python 3.%u that is laid out unlike any known build, and was not "
            "touched: %s",
            pid, python->minor, order->detail);
    case HS_AGENT_FINALIZING:
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d is ending: its interpreter is being finalized; snap it earlier, or: "
            "heapdump run --at-exit -o FILE.db -- PROGRAM",
            pid);
    case HS_AGENT_FORK_FAILED:
        return hs_error_create(
            HS_ERROR_TARGET, "process %d cannot be forked: %s; %s", pid, strerror(order->os_errno),
            order->os_errno == EAGAIN ? "raise its limit of processes (ulimit -u, or pids.max of its cgroup)"
                                      : "give it more memory (memory.max of its cgroup), or set "
                                        "vm.overcommit_memory to 0");
    default:
        return hs_error_create(HS_ERROR_TARGET, "process %d: %s (%d)", pid, order->detail, injected->result);
    }
}

/* A target that is init of its pid namespace, or a subreaper, has our child for its own: have it reaped. */
static void reap(struct hs_injection *injection, const char *agent, struct hs_agent_order order)
{
    for (int i = 0; i < REAP_TRIES && order.reap; i++) {
        struct hs_injected injected;
        struct timespec pause = {.tv_nsec = 5000000};
        nanosleep(&pause, NULL);
        struct hs_error *error = inject_somewhere(injection, agent, &order, &injected);
        if (!error)
            order.reap = injected.order.reap;
        hs_error_destroy(error);
    }
}

static struct hs_error *collect_from(const struct hs_process *process, const struct hs_agent_order *order,
                                     const struct hs_attach_options *options, int64_t timeout_ms,
                                     struct hs_attach_result *ret)
{
    int stream;
    pid_t child = hs_child_find(process, order->child_pid);
    if (child < 0)
        return hs_error_create(HS_ERROR_TARGET, "process %d: the snapshot child cannot be found from here",
                               (int)process->pid);
    struct hs_error *error = hs_child_open(child, timeout_ms, &stream);
    if (error) {
        hs_child_end(child);
        return error;
    }
    struct hs_collect_options collect = options->collect;
    collect.pid = process->pid;
    collect.stopped_ns = (int64_t)ret->stopped_ns;
    error = options->count ? hs_collect_count(stream, collect.stall_ms, &ret->tracked)
                           : hs_collect(stream, &collect, &ret->collect);
    close(stream);
    if (error)
        hs_child_end(child);
    return error;
}

static struct hs_error *attach(const struct hs_process *process, const struct hs_attach_options *options,
                               struct hs_attach_result *ret)
{
    struct hs_maps maps;
    struct hs_python python;
    struct hs_injected injected;
    struct hs_error *error = hs_maps_read(process->pid, &maps);
    if (error) {
        bool denied = error->os_errno != 0;
        if (!denied)
            return error;
        hs_error_destroy(error);
        return hs_process_denied(process);
    }
    error = hs_python_may_look(process->pid, &maps) ? hs_python_find(process->pid, &maps, &python)
                                                    : hs_process_denied(process);
    struct hs_injection injection = {
        .process = process,
        .maps = &maps,
        .python = &python,
        .timeout_ms = options->timeout_ms ? options->timeout_ms : HS_ATTACH_TIMEOUT_MS,
    };
    const struct hs_agent_order order = {
        .protocol = HS_AGENT_PROTOCOL,
        .values = options->count ? HS_AGENT_COUNT : (uint16_t)options->collect.values,
        .collect = options->gc,
        .py_hex =
            python.hex ? python.hex : UINT32_C(3) << 24 | python.minor << 16, /* any of that minor version */
        .py_debug = python.debug,
        .bias = python.elf.bias,
        .symbols = python.elf.symbols,
        .strings = python.elf.strings,
        .gnu_hash = python.elf.gnu_hash,
        .hash = python.elf.hash,
    };
    if (!error)
        error = hs_seccomp_check(process, options->force_seccomp);
    if (!error)
        error = inject_somewhere(&injection, options->agent, &order, &injected);
    if (!error)
        error = agent_error(process, &python, &injected);
    if (!error) {
        ret->stopped_ns = injected.stopped_ns;
        error = collect_from(process, &injected.order, options, injection.timeout_ms, ret);
        if (injected.order.reap)
            reap(&injection, options->agent, injected.order);
    }
    hs_maps_deinit(&maps);
    return error;
}

/* Another tool (one of ours, even) may trace it for a moment: that is waited for. */
static struct hs_error *open_untraced(pid_t pid, struct hs_process *ret)
{
    struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0;; i++) {
        struct hs_error *error = hs_process_open(pid, ret);
        if (error || !ret->tracer || i == TRACED_TRIES || hs_interrupted())
            return error;
        hs_process_deinit(ret);
        nanosleep(&pause, NULL);
    }
}

struct hs_error *hs_attach(const struct hs_attach_options *options, struct hs_attach_result *ret)
{
    struct hs_process process;
    struct hs_error *error = open_untraced(options->pid, &process);
    if (error)
        return error;
    error = hs_process_check(&process);
    if (!error)
        error = attach(&process, options, ret);
    hs_process_deinit(&process);
    return error;
}
