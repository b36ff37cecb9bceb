#include "dump/attach/seccomp.h"

#include "dump/attach/thread.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif
#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U
#endif

#define FILTERS_MAX 1024 /* the kernel's own limit is 32,768 instructions in all */
#define STOP_TRIES  20   /* of 5 ms */
#define NO_FD       (-1)

/* The system calls of trampoline, dlopen() and agent, in target and snapshot child, with arguments that fail
 * or do nothing: a child of ours makes these very calls. The flags of clone() are the agent's, with
 * CLONE_SIGHAND added, which fails without CLONE_VM, or CLONE_THREAD, which fails without CLONE_SIGHAND. */
struct call {
    const char *name;
    int number;
    uint64_t argument[3];
};
#define BAD_FD ((uint64_t)NO_FD)
static const struct call calls[] = {
    {"clone", SYS_clone, {SIGCHLD | CLONE_SIGHAND}},
    {"clone", SYS_clone, {CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_FS | CLONE_THREAD}},
    {"clone", SYS_clone, {CLONE_PARENT | CLONE_SIGHAND}},
    {"wait4", SYS_wait4, {BAD_FD, 0, WNOHANG | __WALL}},
    {"getpid", SYS_getpid, {0}},
    {"futex", SYS_futex, {0, 1, 0}}, /* FUTEX_WAKE */
    {"open", SYS_open, {0}},
    {"openat", SYS_openat, {BAD_FD, 0, 0}},
    {"read", SYS_read, {BAD_FD}},
    {"pread64", SYS_pread64, {BAD_FD}},
    {"write", SYS_write, {BAD_FD}},
    {"close", SYS_close, {BAD_FD}},
    {"close_range", SYS_close_range, {UINT32_MAX, UINT32_MAX, 0}},
    {"fstat", SYS_fstat, {BAD_FD}},
    {"newfstatat", SYS_newfstatat, {BAD_FD}},
    {"mmap", SYS_mmap, {0, 0, 0}},
    {"mprotect", SYS_mprotect, {0, 0, 0}},
    {"munmap", SYS_munmap, {0, 0, 0}},
    {"brk", SYS_brk, {0}},
    {"prctl", SYS_prctl, {37 /* PR_GET_CHILD_SUBREAPER */, 0, 0}},
    {"rt_sigprocmask", SYS_rt_sigprocmask, {SIG_SETMASK, 0, 0}},
    {"rt_sigaction", SYS_rt_sigaction, {SIGSEGV, 0, 0}},
    {"sigaltstack", SYS_sigaltstack, {0}},
    {"setitimer", SYS_setitimer, {UINT32_MAX, 0, 0}},
    {"setpriority", SYS_setpriority, {UINT32_MAX, 0, 10}},
    {"setrlimit", SYS_setrlimit, {UINT32_MAX, 0, 0}},
    {"clock_gettime", SYS_clock_gettime, {1, 0, 0}}, /* CLOCK_MONOTONIC */
    {"nanosleep", SYS_nanosleep, {0}},
    {"pipe2", SYS_pipe2, {0}},
    {"fcntl", SYS_fcntl, {BAD_FD}},
    {"ioctl", SYS_ioctl, {BAD_FD, 0x541b /* FIONREAD */, 0}},
    {"poll", SYS_poll, {0, 0, 0}},
    {"process_vm_readv", SYS_process_vm_readv, {0}},
    {"exit_group", SYS_exit_group, {0}}, /* the last: it ends the child that tries */
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* ---- evaluating ---- */

struct machine {
    uint32_t a, x;
    uint32_t memory[BPF_MEMWORDS];
};

static bool is_load_address(uint32_t offset)
{
    return offset % 4 == 0 && offset <= sizeof(struct seccomp_data) - 4;
}

/* Loads and stores. False: not an instruction that seccomp allows (kernel/seccomp.c,
 * seccomp_check_filter). */
static bool move(struct machine *machine, const struct sock_filter *one, const struct seccomp_data *data)
{
    bool memory_ok = one->k < BPF_MEMWORDS;
    switch (one->code) {
    case BPF_LD | BPF_W | BPF_ABS:
        if (!is_load_address(one->k))
            return false;
        memcpy(&machine->a, (const char *)data + one->k, 4);
        return true;
    case BPF_LD | BPF_W | BPF_LEN:
        machine->a = sizeof(*data);
        return true;
    case BPF_LDX | BPF_W | BPF_LEN:
        machine->x = sizeof(*data);
        return true;
    case BPF_LD | BPF_IMM:
        machine->a = one->k;
        return true;
    case BPF_LDX | BPF_IMM:
        machine->x = one->k;
        return true;
    case BPF_LD | BPF_MEM:
        machine->a = memory_ok ? machine->memory[one->k] : 0;
        return memory_ok;
    case BPF_LDX | BPF_MEM:
        machine->x = memory_ok ? machine->memory[one->k] : 0;
        return memory_ok;
    case BPF_ST:
        if (memory_ok)
            machine->memory[one->k] = machine->a;
        return memory_ok;
    case BPF_STX:
        if (memory_ok)
            machine->memory[one->k] = machine->x;
        return memory_ok;
    case BPF_MISC | BPF_TAX:
        machine->x = machine->a;
        return true;
    case BPF_MISC | BPF_TXA:
        machine->a = machine->x;
        return true;
    default:
        return false;
    }
}

static bool compute(struct machine *machine, const struct sock_filter *one)
{
    uint32_t operand = BPF_SRC(one->code) == BPF_X ? machine->x : one->k;
    switch (BPF_OP(one->code)) {
    case BPF_ADD:
        machine->a += operand;
        return true;
    case BPF_SUB:
        machine->a -= operand;
        return true;
    case BPF_MUL:
        machine->a *= operand;
        return true;
    case BPF_DIV:
        machine->a = operand ? machine->a / operand : 0;
        return operand != 0;
    case BPF_AND:
        machine->a &= operand;
        return true;
    case BPF_OR:
        machine->a |= operand;
        return true;
    case BPF_XOR:
        machine->a ^= operand;
        return true;
    case BPF_LSH:
        machine->a <<= operand & 31;
        return true;
    case BPF_RSH:
        machine->a >>= operand & 31;
        return true;
    case BPF_NEG:
        machine->a = -machine->a;
        return true;
    default:
        return false;
    }
}

/* How many instructions a jump skips; -1: no such jump. */
static int64_t jump(const struct machine *machine, const struct sock_filter *one)
{
    uint32_t operand = BPF_SRC(one->code) == BPF_X ? machine->x : one->k;
    switch (BPF_OP(one->code)) {
    case BPF_JA:
        return one->k;
    case BPF_JEQ:
        return machine->a == operand ? one->jt : one->jf;
    case BPF_JGT:
        return machine->a > operand ? one->jt : one->jf;
    case BPF_JGE:
        return machine->a >= operand ? one->jt : one->jf;
    case BPF_JSET:
        return machine->a & operand ? one->jt : one->jf;
    default:
        return -1;
    }
}

uint32_t hs_seccomp_evaluate(const struct sock_filter *filter, size_t count, const struct seccomp_data *data)
{
    struct machine machine = {0};
    /* Jumps only go forward, so this ends. */
    for (size_t at = 0; at < count; at++) {
        const struct sock_filter *one = &filter[at];
        bool ok = true;
        if (BPF_CLASS(one->code) == BPF_RET)
            return BPF_RVAL(one->code) == BPF_A ? machine.a : one->k;
        if (BPF_CLASS(one->code) == BPF_JMP) {
            int64_t skip = jump(&machine, one);
            ok = skip >= 0;
            at += ok ? (size_t)skip : 0;
        } else if (BPF_CLASS(one->code) == BPF_ALU) {
            ok = compute(&machine, one);
        } else {
            ok = move(&machine, one, data);
        }
        if (!ok)
            break;
    }
    return SECCOMP_RET_KILL_PROCESS;
}

static bool is_fatal(uint32_t verdict)
{
    switch (verdict & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ERRNO:
    case SECCOMP_RET_TRACE: /* ENOSYS, since nobody traces */
        return false;
    default: /* kill, trap, a supervisor that may never answer, what is not known */
        return true;
    }
}

const char *hs_seccomp_find_fatal(const struct sock_filter *filter, size_t count)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct seccomp_data data = {.nr = calls[i].number, .arch = AUDIT_ARCH_X86_64};
        memcpy(data.args, calls[i].argument, sizeof(calls[i].argument));
        if (is_fatal(hs_seccomp_evaluate(filter, count, &data)))
            return calls[i].name;
    }
    return NULL;
}

/* ---- reading, or trying ---- */

/* Reads the stopped target's filters one by one. False: not allowed. */
static bool read_filters(pid_t pid, const char **ret_fatal)
{
    *ret_fatal = NULL;
    for (unsigned i = 0; i < FILTERS_MAX && !*ret_fatal; i++) {
        struct sock_filter filter[BPF_MAXINSNS];
        long count =
            ptrace((enum __ptrace_request)PTRACE_SECCOMP_GET_FILTER, pid, (void *)(uintptr_t)i, NULL);
        if (count < 0)
            return errno == ENOENT && i > 0;
        if (count > BPF_MAXINSNS || ptrace((enum __ptrace_request)PTRACE_SECCOMP_GET_FILTER, pid,
                                           (void *)(uintptr_t)i, filter) != count)
            return false;
        *ret_fatal = hs_seccomp_find_fatal(filter, (size_t)count);
    }
    return true;
}

/* A child makes the calls one after the other; how many it survived. */
static size_t try_calls(void)
{
    int ends[2];
    if (pipe(ends) != 0)
        return 0;
    pid_t child = fork();
    if (child == 0) {
        for (size_t i = 0; i < CALLS; i++) {
            if (write(ends[1], "", 1) != 1)
                _exit(1);
            const uint64_t *argument = calls[i].argument;
            syscall(calls[i].number, argument[0], argument[1], argument[2], 0, 0, 0);
        }
        _exit(0);
    }
    close(ends[1]);
    size_t begun = 0;
    char byte;
    while (child > 0 && read(ends[0], &byte, 1) == 1)
        begun++;
    close(ends[0]);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CALLS : begun - (begun > 0);
}

static bool same_filters(const struct hs_process *process)
{
    struct hs_process self;
    struct hs_error *error = hs_process_open(getpid(), &self);
    hs_error_destroy(error);
    if (error)
        return false;
    hs_process_deinit(&self);
    return self.seccomp == 2 && self.seccomp_filters == process->seccomp_filters &&
           hs_process_same_namespace(self.pid, process->pid);
}

static struct hs_error *refuse(const struct hs_process *process, const char *call)
{
    return hs_error_create(HS_ERROR_TARGET,
                           "process %d runs under a seccomp filter that would kill it for %s, which a "
                           "snapshot needs; allow that call in its profile",
                           (int)process->pid, call);
}

/* Stops the main thread to read its filters; another tracer is waited for. False: they may not be read. */
static struct hs_error *read_stopped(const struct hs_process *process, bool *ret_known,
                                     const char **ret_fatal)
{
    struct user_regs_struct registers;
    struct timespec pause = {.tv_nsec = 5000000};
    enum hs_stop stop = hs_thread_stop(process->pid, &registers);
    for (int i = 0; i < STOP_TRIES && stop == HS_STOP_DENIED; i++) {
        nanosleep(&pause, NULL);
        stop = hs_thread_stop(process->pid, &registers);
    }
    *ret_known = false;
    *ret_fatal = NULL;
    if (stop == HS_STOP_BUSY) /* it stays seized until this program ends, which is now */
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d is in an uninterruptible wait of the kernel; try again when it goes on",
            (int)process->pid);
    if (stop != HS_STOPPED)
        return NULL;
    *ret_known = read_filters(process->pid, ret_fatal);
    return hs_thread_resume(process->pid, NULL);
}

struct hs_error *hs_seccomp_check(const struct hs_process *process, bool trusting)
{
    if (process->seccomp != 2)
        return NULL;
    const char *fatal;
    bool known;
    struct hs_error *error = read_stopped(process, &known, &fatal);
    if (error)
        return error;
    if (!known && same_filters(process)) {
        size_t survived = try_calls();
        known = true;
        fatal = survived < CALLS ? calls[survived].name : NULL;
    }
    if (fatal)
        return refuse(process, fatal);
    if (known || trusting)
        return NULL;
    return hs_error_create(
        HS_ERROR_TARGET,
        "process %d runs under a seccomp filter that cannot be read from here, and might "
        "kill it; run heapdump as root outside the container, or inside of it, or take the "
        "risk with --force-seccomp",
        (int)process->pid);
}
