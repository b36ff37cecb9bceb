/* The mailbox as the tool sees it: who owns it, posting an order, taking it back.
 *
 * One mailbox per target serves every tool that ever attaches. A tool owns it from hs_post_place() to
 * hs_post_release(); one that died meanwhile is known by its heartbeat. It is never taken over while a thread
 * is in the trampoline or the call runs, so what the target does always belongs to one order, complete.
 */
#ifndef HS_DUMP_ATTACH_POST_H
#define HS_DUMP_ATTACH_POST_H

#include "dump/attach/mailbox.h"
#include "dump/attach/padding.h"
#include "dump/attach/process.h"

#include <sys/user.h>

struct hs_post {
    const struct hs_process *process;
    struct hs_padding padding;
    struct hs_mailbox mailbox; /* as it is written; the live one is the target's */
    bool placed;               /* this tool owns it */
    uint32_t beat;
    int64_t beat_ns; /* when the last heartbeat was written */
    /* The owner that stands in the way, and since when its heart has not beaten. */
    uint64_t other_token;
    uint32_t other_beat;
    int64_t other_since_ns;
};

/* `post` has process, padding and mailbox filled in (symbols, path, order); this adds what belongs to the
 * protocol. */
struct hs_error *hs_post_init(struct hs_post *post) HS_MUST_CHECK;

/* Does another tool use the mailbox, or is a thread still in the trampoline? May be asked while the target
 * runs. */
struct hs_error *hs_post_busy(struct hs_post *post, bool *ret_busy) HS_MUST_CHECK;

/* Takes the mailbox and posts the order, with the target's main thread stopped at `registers`. ret_placed
 * false: not now. */
struct hs_error *hs_post_place(struct hs_post *post, const struct user_regs_struct *registers,
                               bool *ret_placed) HS_MUST_CHECK;

/* The live mailbox, and a heartbeat now and then. An error if the target is gone, or another tool has taken
 * over. */
struct hs_error *hs_post_look(struct hs_post *post, struct hs_mailbox *ret) HS_MUST_CHECK;

/* Cancels. When this returns HS_ONCE_CLOSED in `ret_once` nothing will ever run; CLAIMED: it runs now; DONE:
 * it has. */
struct hs_error *hs_post_cancel(struct hs_post *post, uint32_t *ret_once) HS_MUST_CHECK;

/* Lets others have the mailbox; its call must be done or closed. Failure does not matter: the heart stops
 * beating. */
void hs_post_release(struct hs_post *post);

static inline bool hs_mailbox_in_use(const struct hs_mailbox *live)
{
    return live->entered != live->left || live->once == HS_ONCE_CLAIMED;
}

#endif
