/* Faults in the snapshot child: a crash or an endless loop in a type's traversal must cost one object, not
 * the snapshot.
 *
 * Signals that say "this thread did something wrong" are caught on a stack of their own and lead back to the
 * place where hs_fault_set() was last called. A clock looks whether the work goes on.
 */
#ifndef HS_DUMP_AGENT_FAULT_H
#define HS_DUMP_AGENT_FAULT_H

#include "dump/agent/sys.h"

enum {
    HS_FAULT_TICK_MS = 500,
    HS_FAULT_SILENT_TICKS = 6,  /* a traversal that reports nothing for so long does not end */
    HS_FAULT_TOTAL_TICKS = 120, /* nor one that takes so long altogether */
};

struct hs_fault {
    void *jump[5];               /* __builtin_setjmp */
    volatile bool armed;         /* jump is valid */
    volatile uint32_t running;   /* number of the traversal that is running, 0 for none */
    volatile uint64_t *progress; /* changes while a traversal reports references */
    uint64_t seen_progress;
    uint32_t seen_running;
    uint32_t silent_ticks;
    uint32_t total_ticks;
    uint32_t count;
};

/* Installs the handlers and the clock, in a process with one thread. `fault` must stay where it is. False if
 * the kernel refuses. */
bool hs_fault_init(struct hs_fault *fault, volatile uint64_t *progress);

#endif
