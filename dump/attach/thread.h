/* One thread of another process, stopped for an instant, and sent on its way. By PTRACE_SEIZE and INTERRUPT:
 * no signal is sent, system calls restart, and if this program dies the kernel lets the thread go on.
 */
#ifndef HS_DUMP_ATTACH_THREAD_H
#define HS_DUMP_ATTACH_THREAD_H

#include "format/error.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

enum hs_stop {
    HS_STOPPED,
    HS_STOP_DENIED, /* EPERM */
    HS_STOP_TRACED, /* somebody else traces it (EPERM with a TracerPid), or did a moment ago */
    HS_STOP_GONE,
    HS_STOP_GROUP, /* stopped by a signal */
    HS_STOP_BUSY,  /* not in time: an uninterruptible wait, or a vfork. Still seized: this program must end */
    HS_STOP_FAILED,
};

/* Stops thread `tid`; the registers come with it. */
enum hs_stop hs_thread_stop(pid_t tid, struct user_regs_struct *ret);

/* Lets it go on with changed registers, or (NULL) as if nothing had been. */
struct hs_error *hs_thread_resume(pid_t tid, const struct user_regs_struct *registers) HS_MUST_CHECK;

/* Is the stopped thread inside a restartable sequence, which must not be left for elsewhere? (rseq(2)) */
bool hs_thread_in_rseq(pid_t tid, const struct user_regs_struct *registers);

/* What a stopped thread was doing, and where it has to go on so that nothing is noticed. */
struct hs_waiting {
    long call;          /* the system call it waits in, -1 if it does not */
    bool idle;          /* waits where no lock of libc and no GIL is held: it may be borrowed */
    bool heeds_signals; /* made again only if no signal with a handler came (-ERESTARTSYS, -ERESTARTNOHAND) */
    uint64_t rip;       /* to go on at: before the system call if the kernel would restart it */
    uint64_t rax;
};
/* `runtime`, `runtime_bytes`: where _PyRuntime lies: who waits for a futex in there waits for the GIL. */
struct hs_waiting hs_thread_waiting(const struct user_regs_struct *registers, uint64_t runtime,
                                    uint64_t runtime_bytes);

#endif
