/* The entry of the agent: checks the request, forks, and hands the child to the walk. See agent.h. */
#include "dump/agent/agent.h"

#include "dump/agent/facts.h"
#include "dump/agent/layout.h"
#include "dump/agent/order.h"
#include "dump/agent/roots.h"
#include "dump/agent/sys.h"
#include "dump/agent/walk.h"

#include <asm/unistd.h>

enum {
    /* Include/uapi/linux/sched.h, signal.h, mman.h, resource.h, fcntl.h, prctl.h of Linux */
    CLONE_FLAG_VM = 0x100,
    CLONE_FLAG_FS = 0x200,
    CLONE_FLAG_FILES = 0x400,
    CLONE_FLAG_VFORK = 0x4000,
    CLONE_FLAG_PARENT = 0x8000,
    SIGNAL_CHILD = 17,
    GET_CHILD_SUBREAPER = 37, /* prctl() */
    WAIT_ALL = 0x40000000,    /* __WALL */
    WAIT_NOT = 1,             /* WNOHANG */
    MASK_SET = 2,
    MASK_BYTES = 8,
    PROT_READ_WRITE = 3,
    MAP_SHARED_ANONYMOUS = 0x21,
    DUPLICATE_FD = 0, /* F_DUPFD */
    RLIMIT_CPU_TIME = 0,
    RLIMIT_CORE_FILE = 4,
    PROT_NONE_AT_ALL = 0,
    PRIORITY_PROCESS = 0,
    OPEN_WRITE = 1,
    OPEN_NO_BLOCK = 04000,
    SET_PIPE_SIZE = 1031, /* F_SETPIPE_SZ */
    SET_NAME = 15,        /* PR_SET_NAME */
    OWN_PIPE_BYTES = 1 << 20,
    ERROR_INTERRUPTED = 4,
    CLOSE_ONE_BY_ONE =
        65536, /* descriptors, where they cannot be closed as a range: far more than programs have */

    CHILD_NICE = 10,
    CHILD_CPU_S = 1800,     /* a hundred times what ten million objects take */
    STACK_GUARD = 64 << 10, /* what overruns the child's stack must not hit other memory */
    CHILD_STACK = 1 << 20,  /* the child runs the target's traversals on it */
    COLLECTOR_STACK = 64 << 10,
    PARENT_WAIT_MS = 2000, /* the longest that a finished child waits to hear how long the parent was kept */
};

/* A page that target, intermediate and child share: results of the start, and the pause as the parent
 * measured it. */
struct shared {
    volatile uint64_t pause_ns;
    volatile uint32_t pause_known;
    volatile int32_t child_pid;
    volatile int32_t child_errno;
};

struct start {
    const struct hs_agent_request *request;
    const struct hs_layout *layout;
    struct hs_facts facts;
    struct shared *shared;
    char *collector_stack; /* its upper end */
    long collector_errno;  /* of the snapshot child's copy: why the collector could not be started */
};

/* clone() on a stack of its own: runs function(argument) there and exits with what it returns. The caller
 * gets the pid or a negative errno. */
long hs_clone_call(unsigned long flags, void *stack_top, int (*function)(void *), void *argument);
__asm__(".text\n"
        ".hidden hs_clone_call\n"
        ".globl hs_clone_call\n"
        ".type hs_clone_call, @function\n"
        "hs_clone_call:\n"
        "    sub $16, %rsi\n"
        "    mov %rdx, 8(%rsi)\n"
        "    mov %rcx, (%rsi)\n"
        "    xor %edx, %edx\n"
        "    xor %r10d, %r10d\n"
        "    xor %r8d, %r8d\n"
        "    mov $56, %eax\n" /* clone */
        "    syscall\n"
        "    test %rax, %rax\n"
        "    jz 1f\n"
        "    ret\n"
        "1:  xor %ebp, %ebp\n"
        "    pop %rdi\n"
        "    pop %rax\n"
        "    call *%rax\n"
        "    mov %eax, %edi\n"
        "    mov $60, %eax\n" /* exit */
        "    syscall\n"
        "    hlt\n"
        ".size hs_clone_call, . - hs_clone_call\n");

static void lower_standing(void)
{
    long fd = hs_syscall3(__NR_open, "/proc/self/oom_score_adj", OPEN_WRITE, 0);
    if (fd >= 0) {
        hs_syscall3(__NR_write, fd, "1000", 4);
        hs_syscall1(__NR_close, fd);
    }
    hs_syscall3(__NR_setpriority, PRIORITY_PROCESS, 0, CHILD_NICE);
    const uint64_t no_core[2] = {0, 0};
    hs_syscall2(__NR_setrlimit, RLIMIT_CORE_FILE, no_core);
    const uint64_t some_time[2] = {CHILD_CPU_S, CHILD_CPU_S};
    hs_syscall2(__NR_setrlimit, RLIMIT_CPU_TIME, some_time);
}

/* close_range() came with Linux 5.9, and filters that are older than it refuse it. */
static void close_range(uint32_t first, uint32_t last)
{
    if (hs_syscall3(__NR_close_range, first, last, 0) >= 0)
        return;
    for (uint32_t fd = first; fd <= last && fd < CLOSE_ONE_BY_ONE; fd++)
        hs_syscall1(__NR_close, fd);
}

static void close_all_but(int fd)
{
    if (fd > 0)
        close_range(0, (uint32_t)fd - 1);
    close_range((uint32_t)fd + 1, UINT32_MAX);
}

/* A pipe to be found from outside, through /proc/PID/fd/0. Its end to read stays open here, too, until
 * somebody reads: see own_end in emit.h. */
static int make_own_pipe(void)
{
    int32_t ends[2];
    close_range(0, UINT32_MAX);
    if (hs_syscall2(__NR_pipe2, ends, OPEN_NO_BLOCK) < 0 || ends[0] != 0)
        return -1;
    hs_syscall3(__NR_fcntl, ends[1], SET_PIPE_SIZE, OWN_PIPE_BYTES);
    return ends[1];
}

/* Leaves the one descriptor that the stream is written to; -1 if there is none. */
static int take_stream(const struct hs_agent_request *request)
{
    if (request->stream_fd == HS_AGENT_OWN_PIPE)
        return make_own_pipe();
    close_all_but(request->stream_fd);
    return request->stream_fd;
}

/* The pause is known once the parent runs again, which may be later than the end of a short walk. */
static void write_pause(struct hs_walk *walk, const struct shared *shared)
{
    const int64_t millisecond[2] = {0, 1000000};
    for (int i = 0; i < PARENT_WAIT_MS && !shared->pause_known; i++)
        hs_syscall2(__NR_nanosleep, millisecond, 0);
    if (shared->pause_known)
        hs_emit_fact(&walk->emit, "pause_ns", (int64_t)shared->pause_ns);
}

/* One line on the pipe where the collector reports, or will: "collector PID", or "failed ERRNO" if there is
 * none. */
static void report(const struct hs_agent_request *request, const char *text, long number)
{
    char line[96] = "";
    hs_text_append(line, sizeof line, text);
    hs_text_append_number(line, sizeof line, (uint64_t)number);
    hs_text_append(line, sizeof line, "\n");
    hs_syscall3(__NR_write, request->collector_stdout, line, hs_text_length(line));
}

/* Runs with the snapshot child's memory until execve(), so it only makes system calls. */
static int run_collector(void *argument)
{
    struct start *start = argument;
    const struct hs_agent_request *request = start->request;
    const uint64_t no_signals = 0;
    long input = hs_syscall3(__NR_fcntl, request->collector_stdin, DUPLICATE_FD, 3);
    long output = hs_syscall3(__NR_fcntl, request->collector_stdout, DUPLICATE_FD, 3);
    long error = input < 0 ? input : output;
    if (error >= 0)
        error = hs_syscall2(__NR_dup2, input, 0);
    if (error >= 0)
        error = hs_syscall2(__NR_dup2, output, 1);
    if (error >= 0) {
        close_range(3, UINT32_MAX);
        hs_syscall4(__NR_rt_sigprocmask, MASK_SET, &no_signals, 0, MASK_BYTES);
        error = hs_syscall3(__NR_execve, request->collector_path, request->collector_argv,
                            request->collector_envp);
    }
    start->collector_errno = -error;
    return 127;
}

/* The snapshot child starts the collector: a program takes much longer to start than a process to fork, and
 * the target would stand still meanwhile. Returns its pid; ends the child where it cannot be started. */
static long start_collector(struct start *start)
{
    const struct hs_agent_request *request = start->request;
    start->collector_errno = 0;
    long pid = hs_clone_call(CLONE_FLAG_VM | CLONE_FLAG_VFORK | SIGNAL_CHILD, start->collector_stack,
                             run_collector, start);
    /* It goes on here once execve() succeeded or failed. */
    if (pid < 0)
        start->collector_errno = -pid;
    if (start->collector_errno) {
        report(request, "failed ", start->collector_errno);
        hs_emit_exit(1);
    }
    report(request, "collector ", pid);
    return pid;
}

/* The account of memory reads what no structure vouches for. If it faults, the snapshot is without it. */
static void __attribute__((noinline)) take_account(struct hs_walk *walk)
{
    if (__builtin_setjmp(walk->fault.jump)) {
        walk->account = (struct hs_account){0};
        return;
    }
    walk->fault.armed = true;
    hs_account_take(&walk->account, walk->layout, walk->symbols->py_runtime);
    walk->fault.armed = false;
}

/* The snapshot child: everything here happens in a copy of the target. */
static void __attribute__((noreturn)) run_child(struct start *start)
{
    uint64_t began = hs_clock_monotonic_ns();
    long collector = start->request->collector_path ? start_collector(start) : 0;
    int stream = take_stream(start->request);
    lower_standing();
    struct hs_walk *walk = hs_pages_map(sizeof *walk);
    if (stream < 0 || !walk || !hs_walk_init(walk, start->request, start->layout, stream))
        hs_emit_exit(1);
    if (start->request->stream_fd == HS_AGENT_OWN_PIPE) {
        walk->emit.own_end = 0;
        hs_syscall2(__NR_prctl, SET_NAME, HS_ORDER_CHILD); /* says that the pipe is there */
    }
    if (!hs_fault_init(&walk->fault, hs_walk_progress(walk)))
        hs_emit_exit(1);
    hs_facts_write(walk, &start->facts);
    if (start->request->values == HS_AGENT_COUNT) {
        hs_walk_count(walk);
        hs_emit_fact(&walk->emit, "tracked_objects", (int64_t)walk->tracked_objects);
        hs_emit_finish(&walk->emit);
        hs_emit_exit(0);
    }
    take_account(walk);
    hs_walk_mark(walk);
    hs_roots_write(walk);
    hs_walk_write(walk);
    hs_emit_fact(&walk->emit, "tracked_objects", (int64_t)walk->tracked_objects);
    hs_emit_fact(&walk->emit, "faults", walk->fault.count);
    hs_emit_fact(&walk->emit, "walk_ns", (int64_t)(hs_clock_monotonic_ns() - began));
    hs_account_write(&walk->account, &walk->emit, &start->facts);
    hs_facts_write_cost(walk);
    write_pause(walk, start->shared);
    if (walk->visited.failed)
        hs_emit_exit(1);
    hs_emit_finish(&walk->emit);
    if (collector && start->request->reap) {
        /* Else it would become the target's child. */
        hs_syscall1(__NR_close, stream);
        while (hs_syscall4(__NR_wait4, collector, 0, WAIT_ALL, 0) == -ERROR_INTERRUPTED)
            continue; /* the clock of fault.h ticks on */
    }
    hs_emit_exit(0);
}

/* The intermediate: its children are nobody's once it has ended, so the target neither sees nor has to reap
 * them. */
static int run_intermediate(void *argument)
{
    struct start *start = argument;
    struct shared *shared = start->shared;
    bool adopted = start->request->reap;
    long pid = hs_syscall(__NR_clone, adopted ? CLONE_FLAG_PARENT : SIGNAL_CHILD, 0, 0, 0, 0, 0);
    if (pid == 0)
        run_child(start);
    if (pid < 0) {
        shared->child_errno = (int32_t)-pid;
        return 1;
    }
    shared->child_pid = (int32_t)pid;
    return 0;
}

/* Orphans go to the init of their pid namespace, or to the nearest ancestor that asked for them: such a
 * target would get our processes, as children that it must reap. Then the snapshot child is made its child at
 * once (CLONE_PARENT), and takes after the intermediate in having no exit signal: no SIGCHLD comes of it, and
 * only a wait with __WALL sees it (Linux, kernel/fork.c). The collector would get its signal back with
 * execve(), so it is the snapshot child that starts it and waits for it. */
static bool adopts_orphans(void)
{
    int subreaper = 0;
    hs_syscall2(__NR_prctl, GET_CHILD_SUBREAPER, &subreaper);
    return subreaper || hs_syscall0(__NR_getpid) == 1;
}

static int32_t fail(struct hs_agent_request *request, enum hs_agent_error error, int32_t os_errno,
                    const char *detail)
{
    request->error = error;
    request->os_errno = os_errno;
    if (detail) {
        request->detail[0] = 0;
        hs_text_append(request->detail, sizeof request->detail, detail);
    }
    return error;
}

static int32_t find_layout(struct hs_agent_request *request, const struct hs_layout **ret)
{
    const struct hs_agent_symbols *symbols = &request->symbols;
    if (!symbols->py_runtime || !symbols->type_type || !symbols->object_type || !symbols->dict_type)
        return fail(request, HS_AGENT_BAD_REQUEST, 0, "an address that every CPython exports is missing");
    int32_t error = HS_AGENT_UNSUPPORTED;
    const struct hs_layout *layout;
    unsigned farthest = 0;
    request->detail[0] = 0;
    for (unsigned i = 0; (layout = hs_layout_find(request->py_hex, request->py_debug != 0, i)); i++) {
        char detail[sizeof request->detail];
        unsigned passed;
        error = hs_layout_verify(layout, symbols, detail, sizeof detail, &passed);
        if (error == HS_AGENT_OK) {
            *ret = layout;
            request->detail[0] = 0;
            return HS_AGENT_OK;
        }
        if (i == 0 || passed > farthest) { /* the one that came nearest is the one to speak of */
            farthest = passed;
            memcpy(request->detail, detail, sizeof detail);
        }
    }
    const char *detail = NULL;
    if (error == HS_AGENT_UNSUPPORTED && hs_layout_find(request->py_hex, false, 0))
        detail = "no layout is known for debug builds of this version of CPython: use a release build";
    else if (error == HS_AGENT_UNSUPPORTED)
        detail = "no layout is known for this version of CPython";
    return fail(request, error, 0, detail);
}

/* Forks with all signals blocked: a handler of the target must not run in the intermediate, which shares its
 * memory. */
static void fork_snapshot(struct start *start, char *stack_top)
{
    const uint64_t all = UINT64_MAX;
    uint64_t before = 0;
    hs_syscall4(__NR_rt_sigprocmask, MASK_SET, &all, &before, MASK_BYTES);
    long pid = hs_clone_call(CLONE_FLAG_VM | CLONE_FLAG_VFORK | CLONE_FLAG_FILES | CLONE_FLAG_FS, stack_top,
                             run_intermediate, start);
    if (pid < 0)
        start->shared->child_errno = (int32_t)-pid;
    else
        while (hs_syscall4(__NR_wait4, pid, 0, WAIT_ALL, 0) == -ERROR_INTERRUPTED)
            continue;
    hs_syscall4(__NR_rt_sigprocmask, MASK_SET, &before, 0, MASK_BYTES);
}

__attribute__((visibility("default"))) int32_t hs_agent_snap(struct hs_agent_request *request)
{
    uint64_t began = hs_clock_monotonic_ns();
    if (request->size != sizeof *request || request->protocol != HS_AGENT_PROTOCOL)
        return HS_AGENT_BAD_REQUEST;
    struct start start = {.request = request};
    int32_t error = find_layout(request, &start.layout);
    if (error != HS_AGENT_OK)
        return error;
    if (hs_word(request->symbols.py_runtime, start.layout->runtime_finalizing))
        return fail(request, HS_AGENT_FINALIZING, 0, "the interpreter is being finalized");

    size_t stacks = STACK_GUARD + CHILD_STACK + COLLECTOR_STACK;
    char *stack = hs_pages_map(stacks);
    long shared =
        hs_syscall(__NR_mmap, 0, sizeof *start.shared, PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0);
    if (!stack || shared < 0) {
        if (stack)
            hs_pages_unmap(stack, stacks);
        return fail(request, HS_AGENT_NO_MEMORY, 0, "no memory for the stack of the snapshot child");
    }
    hs_syscall3(__NR_mprotect, stack, STACK_GUARD, PROT_NONE_AT_ALL);
    start.shared = (struct shared *)shared;
    start.collector_stack = stack + stacks;
    request->reap = adopts_orphans();
    hs_facts_read(&start.facts);
    fork_snapshot(&start, stack + STACK_GUARD + CHILD_STACK);

    request->child_pid = start.shared->child_pid;
    int32_t child_errno = start.shared->child_errno;
    hs_pages_unmap(stack, stacks);
    request->pause_ns = start.shared->pause_ns = hs_clock_monotonic_ns() - began;
    start.shared->pause_known = 1;
    hs_pages_unmap(start.shared, sizeof *start.shared);
    if (child_errno)
        return fail(request, HS_AGENT_FORK_FAILED, child_errno, "the snapshot child could not be forked");
    return fail(request, HS_AGENT_OK, 0, "");
}
