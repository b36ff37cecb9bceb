#include "dump/interrupt.h"

#include <stddef.h>
#include <time.h>

static const int interrupts[] = {SIGINT, SIGTERM, SIGHUP};
#define INTERRUPTS (sizeof(interrupts) / sizeof(interrupts[0]))

/* Blocked and pending signals stay pending even where they are ignored, so those are left alone. */
void hs_interrupt_block(sigset_t *ret_before)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < INTERRUPTS; i++) {
        struct sigaction action;
        if (sigaction(interrupts[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(&set, interrupts[i]);
    }
    sigprocmask(SIG_BLOCK, &set, ret_before);
}

bool hs_interrupted(void)
{
    sigset_t pending;
    sigpending(&pending);
    for (size_t i = 0; i < INTERRUPTS; i++) {
        if (sigismember(&pending, interrupts[i]))
            return true;
    }
    return false;
}

void hs_interrupt_sleep(int64_t ms)
{
    const int64_t slice_ms = 20;
    for (int64_t left = ms; left > 0 && !hs_interrupted(); left -= slice_ms) {
        struct timespec pause = {.tv_nsec = (left < slice_ms ? left : slice_ms) * 1000000};
        nanosleep(&pause, NULL);
    }
}

void hs_interrupt_release(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}
