/* What tool and trampoline share, in the target's writable padding. The trampoline's source uses the
 * offsets. */
#ifndef HS_DUMP_ATTACH_MAILBOX_H
#define HS_DUMP_ATTACH_MAILBOX_H

#define HS_MAILBOX_ONCE        8
#define HS_MAILBOX_CANCELLED   12
#define HS_MAILBOX_ENTERED     16
#define HS_MAILBOX_LEFT        20
#define HS_MAILBOX_OUTSTANDING 24
#define HS_MAILBOX_RESULT      28
#define HS_MAILBOX_PID         32
#define HS_MAILBOX_WAY         36
#define HS_MAILBOX_SAVE_BYTES  40
#define HS_MAILBOX_SAVE_LOW    48
#define HS_MAILBOX_SAVE_HIGH   52
#define HS_MAILBOX_TOKEN       56
#define HS_MAILBOX_ERRNO       64
#define HS_MAILBOX_ADD_PENDING 72
#define HS_MAILBOX_GIL_CHECK   80
#define HS_MAILBOX_GIL_ENSURE  88
#define HS_MAILBOX_GIL_RELEASE 96
#define HS_MAILBOX_THIS_THREAD 104
#define HS_MAILBOX_DLOPEN      112
#define HS_MAILBOX_DLSYM       120
#define HS_MAILBOX_DLCLOSE     128
#define HS_MAILBOX_ENTRY       136
#define HS_MAILBOX_HEARTBEAT   152
#define HS_MAILBOX_RELEASED    156
#define HS_MAILBOX_SIGNALS     160
#define HS_MAILBOX_PATH        168
#define HS_MAILBOX_ORDER       320
#define HS_MAILBOX_BYTES       448

/* once: what became of the one call. The target goes from WAITING to CLAIMED in one locked instruction, then
 * looks whether the tool has cancelled; the tool cancels, then looks whether the target has claimed. So one
 * of them always sees the other. */
#define HS_ONCE_WAITING 0
#define HS_ONCE_CLAIMED 1 /* running */
#define HS_ONCE_DONE    2
#define HS_ONCE_CLOSED  3 /* cancelled, or not yet written: nothing will run */

/* flags, in the frame of the borrowed thread */
#define HS_MAY_CALL     1 /* the thread waits in a system call without the GIL, which it may take */
#define HS_OTHER_THREAD 2 /* not the main thread: call only if Python knows it */
#define HS_RESTARTS     4 /* its system call is made again; if a signal for Python came, it is EINTR */

/* way: how the trampoline went */
#define HS_WAY_PENDING 1 /* Py_AddPendingCall */
#define HS_WAY_DIRECT  2 /* PyGILState_Ensure, called, PyGILState_Release */
#define HS_WAY_FOREIGN 3 /* a thread that Python does not know: did nothing */
#define HS_WAY_FULL    4 /* CPython's queue of pending calls is full: did nothing */

/* result, besides what the entry returned */
#define HS_RESULT_NO_LIBRARY (-1002) /* dlopen() refused the agent */
#define HS_RESULT_NO_ENTRY   (-1003)

#ifndef __ASSEMBLER__
#include "dump/agent/order.h"

#include <stddef.h>
#include <stdint.h>

struct hs_mailbox {
    uint64_t magic; /* HS_MAILBOX_MAGIC */
    uint32_t once;
    uint32_t cancelled; /* 1: by the tool */
    /* Threads that ever entered the trampoline, and that left it, counted by them. Equal: none is inside. */
    uint32_t entered;
    uint32_t left;
    /* Calls of ours that CPython has queued: whichever comes first serves the present order. */
    int32_t outstanding;
    int32_t result;
    /* The target, as it numbers itself: a process that it forks has the mailbox, too, and must not use it. */
    int32_t pid;
    uint32_t way;
    uint64_t save_bytes; /* for XSAVE, with room to align it */
    uint32_t save_low;   /* state components to save */
    uint32_t save_high;
    uint64_t token; /* of the tool that owns the mailbox */
    uint64_t errno_location;
    uint64_t add_pending;
    uint64_t gil_check;
    uint64_t gil_ensure;
    uint64_t gil_release;
    uint64_t this_thread;
    uint64_t dlopen;
    uint64_t dlsym;
    uint64_t dlclose;
    char entry[16];
    uint32_t heartbeat; /* goes up while the owner lives */
    uint32_t released;  /* 1: the owner has finished */
    uint64_t signals;   /* where CPython notes that a signal came (an int), 0 if unknown */
    char path[152];
    struct hs_agent_order order;
};
#define HS_MAILBOX_MAGIC UINT64_C(0x48434154544148) /* "HATTACH" */

#define HS_MAILBOX_AT(field, offset) \
    _Static_assert(offsetof(struct hs_mailbox, field) == (offset), "the trampoline knows this offset")
HS_MAILBOX_AT(once, HS_MAILBOX_ONCE);
HS_MAILBOX_AT(cancelled, HS_MAILBOX_CANCELLED);
HS_MAILBOX_AT(entered, HS_MAILBOX_ENTERED);
HS_MAILBOX_AT(left, HS_MAILBOX_LEFT);
HS_MAILBOX_AT(outstanding, HS_MAILBOX_OUTSTANDING);
HS_MAILBOX_AT(result, HS_MAILBOX_RESULT);
HS_MAILBOX_AT(pid, HS_MAILBOX_PID);
HS_MAILBOX_AT(way, HS_MAILBOX_WAY);
HS_MAILBOX_AT(save_bytes, HS_MAILBOX_SAVE_BYTES);
HS_MAILBOX_AT(save_low, HS_MAILBOX_SAVE_LOW);
HS_MAILBOX_AT(save_high, HS_MAILBOX_SAVE_HIGH);
HS_MAILBOX_AT(token, HS_MAILBOX_TOKEN);
HS_MAILBOX_AT(errno_location, HS_MAILBOX_ERRNO);
HS_MAILBOX_AT(add_pending, HS_MAILBOX_ADD_PENDING);
HS_MAILBOX_AT(gil_check, HS_MAILBOX_GIL_CHECK);
HS_MAILBOX_AT(gil_ensure, HS_MAILBOX_GIL_ENSURE);
HS_MAILBOX_AT(gil_release, HS_MAILBOX_GIL_RELEASE);
HS_MAILBOX_AT(this_thread, HS_MAILBOX_THIS_THREAD);
HS_MAILBOX_AT(dlopen, HS_MAILBOX_DLOPEN);
HS_MAILBOX_AT(dlsym, HS_MAILBOX_DLSYM);
HS_MAILBOX_AT(dlclose, HS_MAILBOX_DLCLOSE);
HS_MAILBOX_AT(entry, HS_MAILBOX_ENTRY);
HS_MAILBOX_AT(heartbeat, HS_MAILBOX_HEARTBEAT);
HS_MAILBOX_AT(released, HS_MAILBOX_RELEASED);
HS_MAILBOX_AT(signals, HS_MAILBOX_SIGNALS);
HS_MAILBOX_AT(path, HS_MAILBOX_PATH);
HS_MAILBOX_AT(order, HS_MAILBOX_ORDER);
_Static_assert(sizeof(struct hs_mailbox) == HS_MAILBOX_BYTES, "the mailbox must fit the padding of a file");

/* The trampoline, position independent: its first 8 bytes are the mailbox's address, to be filled in. */
extern const char hs_trampoline_start[], hs_trampoline_entry[], hs_trampoline_end[];
#define HS_TRAMPOLINE_MAILBOX_BYTES 8 /* at its start: differ from copy to copy */
/* Below the thread's rsp: where the entry's rsp points. There stand the rip to go on at and the flags; then
 * the red zone. */
#define HS_TRAMPOLINE_FRAME 144
struct hs_trampoline_frame {
    uint64_t rip;
    uint64_t flags;
};
#endif

#endif
