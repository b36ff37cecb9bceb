#include "dump/attach/thread.h"

#include "dump/attach/remote.h"

#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_MS 1000 /* an interruptible thread stops in a tenth of a millisecond once it gets a processor */

/* include/linux/errno.h of Linux: how the kernel marks a system call that it would restart */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, ERESTART_RESTARTBLOCK = 516 };

#ifndef PTRACE_GET_RSEQ_CONFIGURATION
#define PTRACE_GET_RSEQ_CONFIGURATION 0x420f
#endif
#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#define FUTEX_COMMAND 0x7f

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Waits for the next stop of `tid`. False: none came in time, or it is gone. */
static bool wait_for_stop(pid_t tid, int64_t deadline, int *status)
{
    int64_t began = now_us();
    for (;;) {
        pid_t got = waitpid(tid, status, __WALL | WNOHANG);
        if (got == tid)
            return true;
        int64_t now = now_us();
        if ((got < 0 && errno != EINTR) || now > deadline)
            return false;
        struct timespec pause = {.tv_nsec = now - began < 2000 ? 2000 : 200000};
        nanosleep(&pause, NULL);
    }
}

static enum hs_stop seize(pid_t tid)
{
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0 && ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0)
        return HS_STOPPED;
    return errno == EPERM ? HS_STOP_DENIED : errno == ESRCH ? HS_STOP_GONE : HS_STOP_FAILED;
}

enum hs_stop hs_thread_stop(pid_t tid, struct user_regs_struct *ret)
{
    enum hs_stop result = seize(tid);
    if (result != HS_STOPPED)
        return result;
    int64_t deadline = now_us() + STOP_MS * 1000;
    for (;;) {
        int status;
        if (!wait_for_stop(tid, deadline, &status))
            return HS_STOP_BUSY;
        if (!WIFSTOPPED(status))
            return HS_STOP_GONE;
        if (status >> 16 == PTRACE_EVENT_STOP) {
            if (WSTOPSIG(status) == SIGTRAP)
                break;
            ptrace(PTRACE_DETACH, tid, NULL, NULL);
            return HS_STOP_GROUP;
        }
        /* A signal on its way to the program came first: let it through. */
        if (ptrace(PTRACE_CONT, tid, NULL, (void *)(intptr_t)WSTOPSIG(status)) != 0)
            return HS_STOP_GONE;
    }
    struct iovec registers = {.iov_base = ret, .iov_len = sizeof(*ret)};
    if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &registers) == 0)
        return HS_STOPPED;
    ptrace(PTRACE_DETACH, tid, NULL, NULL);
    return HS_STOP_FAILED;
}

struct hs_error *hs_thread_resume(pid_t tid, const struct user_regs_struct *registers)
{
    struct iovec changed = {.iov_base = (void *)(uintptr_t)registers, .iov_len = sizeof(*registers)};
    int os_errno = 0;
    if (registers && ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &changed) != 0)
        os_errno = errno;
    if (ptrace(PTRACE_DETACH, tid, NULL, NULL) != 0 && !os_errno)
        os_errno = errno;
    return os_errno ? hs_error_system(os_errno, NULL, "let the thread go on") : NULL;
}

bool hs_thread_in_rseq(pid_t tid, const struct user_regs_struct *registers)
{
    struct {
        uint64_t area;
        uint32_t size, signature, flags, pad;
    } configuration = {0}; /* struct __ptrace_rseq_configuration, include/uapi/linux/ptrace.h */
    if (ptrace((enum __ptrace_request)PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(configuration),
               &configuration) <= 0 ||
        !configuration.area)
        return false;
    uint64_t section = 0;
    struct {
        uint32_t version, flags;
        uint64_t start, bytes, abort;
    } critical; /* struct rseq_cs, include/uapi/linux/rseq.h; struct rseq has its address at 8 */
    struct hs_error *error = hs_remote_read(tid, configuration.area + 8, &section, sizeof(section));
    if (!error && section)
        error = hs_remote_read(tid, section, &critical, sizeof(critical));
    bool inside = !error && section && registers->rip - critical.start < critical.bytes;
    hs_error_destroy(error);
    return inside;
}

/* System calls in which a thread waits for something outside, holding neither a lock of libc nor the GIL
 * (whether it holds the GIL the trampoline asks again). A futex only where it is a semaphore or a condition
 * variable, as CPython's locks are; never a mutex, which malloc may hold a sibling of. */
static bool is_idle_call(long call, const struct user_regs_struct *registers, uint64_t runtime,
                         uint64_t runtime_bytes)
{
    switch (call) {
    case SYS_select:
    case SYS_pselect6:
    case SYS_poll:
    case SYS_ppoll:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_read:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_accept:
    case SYS_accept4:
    case SYS_wait4:
    case SYS_waitid:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_rt_sigtimedwait:
    case SYS_pause:
    case SYS_connect:
    case SYS_flock:
    case SYS_restart_syscall: /* what a poll becomes once it was interrupted */
        return true;
    case SYS_futex:
        return (registers->rsi & FUTEX_COMMAND) == FUTEX_WAIT_BITSET && (uint32_t)registers->rdx == 0 &&
               registers->rdi - runtime >= runtime_bytes;
    default:
        return false;
    }
}

struct hs_waiting hs_thread_waiting(const struct user_regs_struct *registers, uint64_t runtime,
                                    uint64_t runtime_bytes)
{
    struct hs_waiting waiting = {.call = -1, .rip = registers->rip, .rax = registers->rax};
    if ((int64_t)registers->orig_rax < 0)
        return waiting;
    waiting.call = (long)registers->orig_rax;
    int64_t result = (int64_t)registers->rax;
    bool restarts = false, interrupted = false;
    switch (-result) {
    case ERESTARTSYS:
    case ERESTARTNOINTR:
    case ERESTARTNOHAND:
        restarts = true;
        waiting.heeds_signals = -result != ERESTARTNOINTR;
        waiting.rax = registers->orig_rax;
        break;
    case ERESTART_RESTARTBLOCK:
        restarts = true;
        waiting.rax = SYS_restart_syscall;
        break;
    case EINTR:
        /* The kernel never restarts these; every debugger that looks has the program see EINTR. */
        interrupted = waiting.call == SYS_epoll_wait || waiting.call == SYS_epoll_pwait ||
                      waiting.call == SYS_epoll_pwait2 || waiting.call == SYS_rt_sigtimedwait;
        break;
    default:
        break;
    }
    if (restarts)
        waiting.rip -= 2; /* the length of the syscall instruction */
    waiting.idle = (restarts || interrupted) && is_idle_call(waiting.call, registers, runtime, runtime_bytes);
    return waiting;
}
