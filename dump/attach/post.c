#include "dump/attach/post.h"

#include "dump/attach/remote.h"
#include "dump/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BEAT_NS 20000000 /* between heartbeats */
#define DEAD_NS \
    1000000000 /* an owner without heartbeat for so long is dead, or will see that it lost the mailbox */

static struct hs_error *read_mailbox(const struct hs_post *post, struct hs_mailbox *ret)
{
    struct hs_error *error = hs_remote_read(post->process->pid, post->padding.data, ret, sizeof(*ret));
    if (!error)
        return NULL;
    hs_error_destroy(error);
    return hs_error_create(HS_ERROR_TARGET, "process %d ended meanwhile", (int)post->process->pid);
}

static struct hs_error *write_part(const struct hs_post *post, size_t offset, const void *data, size_t bytes)
{
    return hs_remote_write(post->process->pid, post->padding.data + offset, data, bytes);
}

static struct hs_error *write_word(const struct hs_post *post, size_t offset, uint32_t value)
{
    return write_part(post, offset, &value, sizeof(value));
}

struct hs_error *hs_post_init(struct hs_post *post)
{
    struct hs_mailbox *mailbox = &post->mailbox;
    mailbox->magic = HS_MAILBOX_MAGIC;
    mailbox->once = HS_ONCE_CLOSED;
    mailbox->pid = post->process->inner_pid;
    if (getrandom(&mailbox->token, sizeof(mailbox->token), 0) != (ssize_t)sizeof(mailbox->token))
        mailbox->token = (uint64_t)hs_clock_ns();
    return NULL;
}

/* May a mailbox that was used before be used again? One that a fork brought here was never this process's
 * own. */
static bool is_free(struct hs_post *post, const struct hs_mailbox *live)
{
    if (live->magic != HS_MAILBOX_MAGIC)
        return false;
    if (live->pid != post->process->inner_pid)
        return true;
    if (hs_mailbox_in_use(live))
        return false;
    if (live->released)
        return true;
    if (live->token != post->other_token || live->heartbeat != post->other_beat || !post->other_since_ns) {
        post->other_token = live->token;
        post->other_beat = live->heartbeat;
        post->other_since_ns = hs_clock_ns();
    }
    return hs_clock_ns() - post->other_since_ns > DEAD_NS;
}

struct hs_error *hs_post_busy(struct hs_post *post, bool *ret_busy)
{
    struct hs_mailbox live;
    *ret_busy = false;
    if (!post->padding.present)
        return NULL;
    struct hs_error *error = read_mailbox(post, &live);
    *ret_busy = !error && !is_free(post, &live);
    return error;
}

/* Between looking for room and stopping the thread another tool may have put its trampoline there. */
static struct hs_error *look_again(struct hs_post *post, bool *ret_usable)
{
    size_t bytes = hs_trampoline_bytes();
    uint8_t *code = malloc(bytes);
    if (!code)
        return &hs_error_memory;
    struct hs_error *error = hs_remote_read(post->process->pid, post->padding.code, code, bytes);
    *ret_usable = !error && hs_padding_examine(code, bytes, &post->padding);
    free(code);
    return error;
}

static struct hs_error *write_code(const struct hs_post *post)
{
    size_t bytes = hs_trampoline_bytes();
    char *code = malloc(bytes);
    if (!code)
        return &hs_error_memory;
    memcpy(code, hs_trampoline_start, bytes);
    memcpy(code, &post->padding.data, HS_TRAMPOLINE_MAILBOX_BYTES);
    struct hs_error *error = hs_remote_patch(post->process->pid, post->padding.code, code, bytes);
    free(code);
    return error;
}

/* The call opens last: a thread that an earlier tool sent, and that only now begins, finds it closed until
 * all is there. Its counting is not disturbed: the counters are the target's, except in a mailbox that is new
 * to it. */
static struct hs_error *write_order(struct hs_post *post, bool fresh)
{
    const struct hs_mailbox *mailbox = &post->mailbox;
    struct hs_error *error = write_word(post, HS_MAILBOX_ONCE, HS_ONCE_CLOSED);
    if (!error && fresh)
        error = write_part(post, 0, mailbox, HS_MAILBOX_RESULT);
    if (!error)
        error = write_word(post, HS_MAILBOX_CANCELLED, 0);
    if (!error)
        error = write_part(post, HS_MAILBOX_RESULT, &mailbox->result, sizeof(*mailbox) - HS_MAILBOX_RESULT);
    if (!error)
        error = write_word(post, HS_MAILBOX_ONCE, HS_ONCE_WAITING);
    return error;
}

struct hs_error *hs_post_place(struct hs_post *post, const struct user_regs_struct *registers,
                               bool *ret_placed)
{
    struct hs_mailbox live = {0};
    *ret_placed = false;
    bool usable;
    struct hs_error *error = look_again(post, &usable);
    if (error || !usable)
        return error;
    if (post->padding.present) {
        error = read_mailbox(post, &live);
        if (error || !is_free(post, &live) || registers->rip - post->padding.code < hs_trampoline_bytes())
            return error;
    }
    error = write_order(post, !post->padding.present || live.pid != post->process->inner_pid);
    if (!error && !post->padding.present)
        error = write_code(post);
    post->padding.present |= !error;
    *ret_placed = post->placed = !error;
    return error;
}

struct hs_error *hs_post_look(struct hs_post *post, struct hs_mailbox *ret)
{
    struct hs_error *error = read_mailbox(post, ret);
    if (!error && (ret->magic != HS_MAILBOX_MAGIC || ret->token != post->mailbox.token)) {
        post->placed = false;
        error = hs_error_create(
            HS_ERROR_TARGET, "process %d: another heapdump took over while this one stood still; try again",
            (int)post->process->pid);
    }
    if (!error && hs_clock_ns() - post->beat_ns > BEAT_NS) {
        error = write_word(post, HS_MAILBOX_HEARTBEAT, ++post->beat);
        post->beat_ns = hs_clock_ns();
    }
    return error;
}

struct hs_error *hs_post_cancel(struct hs_post *post, uint32_t *ret_once)
{
    struct hs_mailbox live;
    *ret_once = HS_ONCE_CLOSED;
    struct hs_error *error = write_word(post, HS_MAILBOX_CANCELLED, 1);
    __sync_synchronize(); /* the other half of the handshake stands in the trampoline, around its cmpxchg */
    if (!error)
        error = hs_post_look(post, &live);
    if (!error && live.once != HS_ONCE_WAITING)
        *ret_once = live.once;
    return error;
}

void hs_post_release(struct hs_post *post)
{
    if (post->placed)
        hs_error_destroy(write_word(post, HS_MAILBOX_RELEASED, 1));
    post->placed = false;
}
