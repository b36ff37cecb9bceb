#include "dump/agent/fault.h"

#include <asm/unistd.h>

/* Include/uapi/asm-generic/signal.h and arch/x86/include/uapi/asm/signal.h of Linux. */
enum {
    SIGNAL_ILL = 4,
    SIGNAL_TRAP = 5,
    SIGNAL_ABORT = 6,
    SIGNAL_BUS = 7,
    SIGNAL_FPE = 8,
    SIGNAL_SEGV = 11,
    SIGNAL_ALARM = 14,
    SIGNAL_SYS = 31,
    SIGNALS_BYTES = 8,
    ACTION_ONSTACK = 0x08000000,
    ACTION_NODEFER = 0x40000000,
    ACTION_RESTORER = 0x04000000,
    MASK_SET = 2, /* SIG_SETMASK */
    TIMER_REAL = 0,
    STACK_BYTES = 64 << 10,
};

struct kernel_action {
    void (*handler)(int);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

/* The one variable of the agent: a signal handler has no other way to its data. Only the snapshot child
 * writes it, in its own copy. */
static struct hs_fault *current;

/* What a handler returns to; the kernel demands it. */
void hs_fault_restorer(void);
__asm__(".text\n"
        ".hidden hs_fault_restorer\n"
        ".globl hs_fault_restorer\n"
        ".type hs_fault_restorer, @function\n"
        "hs_fault_restorer:\n"
        "    mov $15, %eax\n" /* rt_sigreturn */
        "    syscall\n"
        ".size hs_fault_restorer, . - hs_fault_restorer\n");

static void leave(struct hs_fault *fault)
{
    if (!fault->armed)
        hs_syscall1(__NR_exit_group, 2);
    fault->count++;
    __builtin_longjmp(fault->jump, 1);
}

static void on_fault(int signal)
{
    (void)signal;
    leave(current);
}

static void on_tick(int signal)
{
    (void)signal;
    struct hs_fault *fault = current;
    if (!fault->running || fault->running != fault->seen_running) {
        fault->seen_running = fault->running;
        fault->seen_progress = *fault->progress;
        fault->silent_ticks = fault->total_ticks = 0;
        return;
    }
    fault->total_ticks++;
    fault->silent_ticks = *fault->progress == fault->seen_progress ? fault->silent_ticks + 1 : 0;
    fault->seen_progress = *fault->progress;
    if (fault->silent_ticks >= HS_FAULT_SILENT_TICKS || fault->total_ticks >= HS_FAULT_TOTAL_TICKS)
        leave(fault);
}

bool hs_fault_init(struct hs_fault *fault, volatile uint64_t *progress)
{
    static const uint8_t faults[] = {SIGNAL_ILL, SIGNAL_TRAP, SIGNAL_ABORT, SIGNAL_BUS,
                                     SIGNAL_FPE, SIGNAL_SEGV, SIGNAL_SYS,   SIGNAL_ALARM};
    current = fault;
    fault->progress = progress;
    struct {
        void *base;
        int flags;
        size_t bytes;
    } stack = {hs_pages_map(STACK_BYTES), 0, STACK_BYTES};
    if (!stack.base || hs_syscall2(__NR_sigaltstack, &stack, 0) < 0)
        return false;
    uint64_t unblocked = 0;
    for (size_t i = 0; i < sizeof faults; i++) {
        struct kernel_action action = {
            .handler = faults[i] == SIGNAL_ALARM ? on_tick : on_fault,
            .flags = ACTION_ONSTACK | ACTION_NODEFER | ACTION_RESTORER,
            .restorer = hs_fault_restorer,
            .mask = 0,
        };
        if (hs_syscall4(__NR_rt_sigaction, faults[i], &action, 0, SIGNALS_BYTES) < 0)
            return false;
        unblocked |= UINT64_C(1) << (faults[i] - 1);
    }
    uint64_t blocked = ~unblocked;
    if (hs_syscall4(__NR_rt_sigprocmask, MASK_SET, &blocked, 0, SIGNALS_BYTES) < 0)
        return false;
    struct {
        int64_t interval[2], value[2]; /* seconds, microseconds */
    } timer = {{0, HS_FAULT_TICK_MS * 1000}, {0, HS_FAULT_TICK_MS * 1000}};
    return hs_syscall3(__NR_setitimer, TIMER_REAL, &timer, 0) == 0;
}
