#include "dump/attach/inject.h"

#include "dump/interrupt.h"

#include "dump/attach/padding.h"
#include "dump/attach/remote.h"
#include "dump/attach/thread.h"

#include <cpuid.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RETRY_MS = 1,        /* after a moment at which the thread could not be borrowed */
    QUEUED_LOOK_MS = 20, /* between looks at a main thread that has the call queued */
    OTHERS_AFTER_MS = 200,
    TRACED_MS = 1000,  /* how long another tool may keep the target traced */
    CANCELLED_MS = 50, /* a call that began just when it was cancelled shows up within this */
    LEAVE_MS = 1000,   /* from the call's return to the trampoline's end */
    THREADS_MAX = 4096,
    STACK_WORDS = 64, /* of a stopped thread looked at for a return into CPython's pending calls */
};

struct state {
    const struct hs_injection *injection;
    struct hs_padding padding;
    struct hs_mailbox mailbox; /* as it is written; the live one is the target's */
    int64_t began_ms;
    bool written;   /* mailbox and trampoline are in place */
    bool queued;    /* Py_AddPendingCall was given the call */
    long main_call; /* the main thread's system call when last seen, -1 if it ran */
    uint64_t pending_start, pending_end, add_start,
        add_end; /* code that holds the lock of the pending calls */
    uint64_t stopped_ns;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void pause_us(long us)
{
    struct timespec pause = {.tv_nsec = us * 1000};
    nanosleep(&pause, NULL);
}

static int64_t elapsed_ms(const struct state *state)
{
    return now_ns() / 1000000 - state->began_ms;
}

static bool time_is_up(const struct state *state)
{
    return elapsed_ms(state) > state->injection->timeout_ms || hs_interrupted();
}

/* ---- before the stop ---- */

static struct hs_error *find_symbol(const struct state *state, const char *name, bool of_python,
                                    uint64_t *ret)
{
    const struct hs_injection *injection = state->injection;
    pid_t pid = injection->process->pid;
    struct hs_error *error = hs_elf_symbol(&injection->python->elf, name, ret, NULL);
    if (error || *ret || of_python)
        goto found;
    for (size_t i = 0; i < injection->maps->count && !*ret; i++) {
        const struct hs_mapping *mapping = &injection->maps->mapping[i];
        struct hs_elf elf;
        if (mapping->offset != 0 || mapping->path[0] != '/')
            continue;
        error = hs_elf_open(pid, mapping, &elf);
        if (!error)
            error = hs_elf_symbol(&elf, name, ret, NULL);
        hs_error_destroy(error);
        error = NULL;
    }
found:
    if (!error && !*ret)
        error = hs_error_create(
            HS_ERROR_TARGET,
            "process %d has no symbol %s, which an attach needs; use: heapdump run -o FILE.db "
            "-- PROGRAM",
            (int)pid, name);
    return error;
}

static struct hs_error *find_symbols(struct state *state)
{
    struct hs_mailbox *mailbox = &state->mailbox;
    const struct {
        const char *name;
        bool of_python;
        uint64_t *address;
    } wanted[] = {
        {"__errno_location", false, &mailbox->errno_location},
        {"Py_AddPendingCall", true, &mailbox->add_pending},
        {"PyGILState_Check", true, &mailbox->gil_check},
        {"PyGILState_Ensure", true, &mailbox->gil_ensure},
        {"PyGILState_Release", true, &mailbox->gil_release},
        {"PyGILState_GetThisThreadState", true, &mailbox->this_thread},
        {"dlopen", false, &mailbox->dlopen},
        {"dlsym", false, &mailbox->dlsym},
        {"dlclose", false, &mailbox->dlclose},
    };
    struct hs_error *error = NULL;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && !error; i++)
        error = find_symbol(state, wanted[i].name, wanted[i].of_python, wanted[i].address);
    return error;
}

static struct hs_error *find_pending(struct state *state)
{
    uint64_t bytes = 0;
    const struct hs_elf *elf = &state->injection->python->elf;
    struct hs_error *error = hs_elf_symbol(elf, "Py_MakePendingCalls", &state->pending_start, &bytes);
    state->pending_end = state->pending_start + bytes;
    if (!error)
        error = hs_elf_symbol(elf, "Py_AddPendingCall", &state->add_start, &bytes);
    state->add_end = state->add_start + bytes;
    return error;
}

/* The size of what XSAVE writes and which components: all that are enabled but AMX's tiles (bits 17 and 18), which no
 * code of the trampoline's callees touches and which would need 8 kB of the stack. Intel SDM vol. 1, 13.4. */
static struct hs_error *find_save_area(struct hs_mailbox *mailbox)
{
    unsigned low, bytes, ecx, high;
    if (!__get_cpuid_count(0xd, 0, &low, &bytes, &ecx, &high))
        return hs_error_create(HS_ERROR_TARGET, "this processor has no XSAVE, which an attach needs");
    mailbox->save_bytes = bytes + 64;
    mailbox->save_low = low & ~(3U << 17);
    mailbox->save_high = high;
    return NULL;
}

static struct hs_error *prepare(struct state *state, const struct hs_agent_order *order)
{
    const struct hs_injection *injection = state->injection;
    struct hs_mailbox *mailbox = &state->mailbox;
    mailbox->magic = HS_MAILBOX_MAGIC;
    mailbox->order = *order;
    snprintf(mailbox->entry, sizeof(mailbox->entry), "%s", HS_ORDER_ENTRY);
    if (strlen(injection->agent) >= sizeof(mailbox->path))
        return hs_error_create(HS_ERROR_LIMIT,
                               "%s: the agent's path is too long for the room in the target; install it in a "
                               "place with a path of at most %zu bytes",
                               injection->agent, sizeof(mailbox->path) - 1);
    memcpy(mailbox->path, injection->agent, strlen(injection->agent) + 1);
    struct hs_error *error = find_symbols(state);
    if (!error)
        error = find_pending(state);
    if (!error)
        error = find_save_area(mailbox);
    if (!error)
        error = hs_padding_find(injection->python, injection->maps, &state->padding);
    return error;
}

/* ---- the mailbox ---- */

static struct hs_error *read_mailbox(const struct state *state, struct hs_mailbox *ret)
{
    return hs_remote_read(state->injection->process->pid, state->padding.data, ret, sizeof(*ret));
}

static struct hs_error *write_word(const struct state *state, size_t offset, uint32_t value)
{
    return hs_remote_write(state->injection->process->pid, state->padding.data + offset, &value,
                           sizeof(value));
}

/* First use of the padding, with the thread stopped. A mailbox that an earlier attach still uses is left alone: false. */
static struct hs_error *place(struct state *state, const struct user_regs_struct *registers, bool *ret_placed)
{
    pid_t pid = state->injection->process->pid;
    size_t bytes = (size_t)(hs_trampoline_end - hs_trampoline_start);
    struct hs_error *error = NULL;
    *ret_placed = true;
    if (state->padding.present) {
        struct hs_mailbox live;
        error = read_mailbox(state, &live);
        if (!error)
            *ret_placed = live.magic == HS_MAILBOX_MAGIC && (!live.started || live.left) &&
                          registers->rip - state->padding.code >= bytes;
        if (error || !*ret_placed)
            return error;
    }
    error = hs_remote_write(pid, state->padding.data, &state->mailbox, sizeof(state->mailbox));
    if (!error && !state->padding.present) {
        char *code = malloc(bytes);
        if (!code)
            return &hs_error_memory;
        memcpy(code, hs_trampoline_start, bytes);
        memcpy(code, &state->padding.data, HS_TRAMPOLINE_MAILBOX_BYTES);
        error = hs_remote_patch(pid, state->padding.code, code, bytes);
        free(code);
    }
    state->written = !error;
    return error;
}

/* ---- one stop ---- */

enum attempt {
    ATTEMPT_SENT,  /* the thread is on its way through the trampoline */
    ATTEMPT_LATER, /* not now */
};

/* Between taking and giving back the lock of the pending calls the main thread must not queue another one. */
static bool in_pending_calls(const struct state *state, pid_t tid, const struct user_regs_struct *registers)
{
#define IN_PENDING(at)                                                        \
    ((at)-state->pending_start < state->pending_end - state->pending_start || \
     (at)-state->add_start < state->add_end - state->add_start)
    uint64_t stack[STACK_WORDS];
    if (IN_PENDING(registers->rip))
        return true;
    struct hs_error *error = hs_remote_read(tid, registers->rsp, stack, sizeof(stack));
    bool inside = false;
    for (int i = 0; i < STACK_WORDS && !error; i++)
        inside |= IN_PENDING(stack[i]);
    hs_error_destroy(error);
    return inside;
#undef IN_PENDING
}

static bool in_loader(const struct state *state, uint64_t rip)
{
    const struct hs_mapping *mapping = hs_maps_find(state->injection->maps, rip);
    return mapping && strstr(mapping->path, "/ld-");
}

static struct hs_error *send(struct state *state, pid_t tid, const struct user_regs_struct *registers,
                             const struct hs_waiting *waiting, bool direct)
{
    pid_t pid = state->injection->process->pid;
    uint32_t flags = (direct ? HS_MAY_CALL : 0) | (tid != pid ? HS_OTHER_THREAD : 0);
    uint64_t stack = registers->rsp - HS_TRAMPOLINE_FRAME;
    struct hs_error *error = write_word(state, HS_MAILBOX_FLAGS, flags);
    if (!error)
        error = write_word(state, HS_MAILBOX_LEFT, 0);
    if (!error)
        error = write_word(state, HS_MAILBOX_STARTED, 0);
    if (!error)
        error = hs_remote_write(pid, stack, &waiting->rip, sizeof(waiting->rip));
    struct user_regs_struct changed = *registers;
    changed.rip = state->padding.code + (uint64_t)(hs_trampoline_entry - hs_trampoline_start);
    changed.rsp = stack;
    changed.rax = waiting->rax;
    changed.orig_rax = UINT64_MAX; /* else the kernel would rewind our rip to restart a system call */
    struct hs_error *resumed = hs_thread_resume(tid, error ? NULL : &changed);
    if (error)
        hs_error_destroy(resumed);
    return error ? error : resumed;
}

static struct hs_error *use_stop(struct state *state, pid_t tid, const struct user_regs_struct *registers,
                                 bool *ret_sent, bool *ret_resumed)
{
    const struct hs_injection *injection = state->injection;
    bool main_thread = tid == injection->process->pid;
    *ret_sent = *ret_resumed = false;
    if (registers->cs != 0x33)
        return hs_error_create(HS_ERROR_TARGET, "process %d is a 32-bit program, which is not supported",
                               (int)injection->process->pid);
    if (hs_thread_in_rseq(tid, registers))
        return NULL;
    struct hs_waiting waiting =
        hs_thread_waiting(registers, injection->python->runtime, injection->python->runtime_bytes);
    bool direct = waiting.idle && !in_loader(state, registers->rip);
    if (main_thread)
        state->main_call = waiting.call;
    if (!direct && (!main_thread || state->queued || in_pending_calls(state, tid, registers)))
        return NULL;
    bool placed = true;
    struct hs_error *error = state->written ? NULL : place(state, registers, &placed);
    if (error || !placed)
        return error;
    *ret_resumed = *ret_sent = true;
    state->queued |= !direct;
    return send(state, tid, registers, &waiting, direct);
}

static struct hs_error *stop_error(const struct state *state, enum hs_stop stop)
{
    const struct hs_process *process = state->injection->process;
    int pid = (int)process->pid;
    switch (stop) {
    case HS_STOP_DENIED:
        return hs_process_denied(process);
    case HS_STOP_GONE:
        return hs_error_create(HS_ERROR_TARGET, "process %d ended meanwhile", pid);
    case HS_STOP_GROUP:
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d is stopped and stays so; let it go on first: kill -CONT %d", pid,
                               pid);
    case HS_STOP_BUSY:
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d is in an uninterruptible wait of the kernel (a disk? a vfork?); try "
            "again when it goes on",
            pid);
    default:
        return hs_error_create(HS_ERROR_TARGET, "process %d could not be stopped", pid);
    }
}

/* Another tracer: wait a little for it to let go. */
static bool is_traced(pid_t pid, pid_t *tracer)
{
    struct hs_process now;
    struct hs_error *error = hs_process_open(pid, &now);
    hs_error_destroy(error);
    if (error)
        return false;
    *tracer = now.tracer;
    hs_process_deinit(&now);
    return *tracer != 0;
}

/* Stops `tid` once and, if it can be borrowed, sends it through the trampoline. */
static struct hs_error *attempt(struct state *state, pid_t tid, bool *ret_sent)
{
    struct user_regs_struct registers;
    pid_t pid = state->injection->process->pid, tracer = 0;
    *ret_sent = false;
    int64_t began = now_ns();
    enum hs_stop stop = hs_thread_stop(tid, &registers);
    if (stop == HS_STOP_DENIED && is_traced(pid, &tracer)) {
        if (elapsed_ms(state) < TRACED_MS)
            return NULL;
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d is traced by process %d (a debugger?); end that first", (int)pid,
                               (int)tracer);
    }
    if (stop != HS_STOPPED)
        return tid != pid && stop != HS_STOP_BUSY ? NULL : stop_error(state, stop);
    bool resumed;
    struct hs_error *error = use_stop(state, tid, &registers, ret_sent, &resumed);
    if (!resumed) {
        struct hs_error *failed = hs_thread_resume(tid, NULL);
        if (error)
            hs_error_destroy(failed);
        else
            error = failed;
    }
    uint64_t stopped = (uint64_t)(now_ns() - began);
    if (stopped > state->stopped_ns)
        state->stopped_ns = stopped;
    return error;
}

/* ---- waiting for the call ---- */

/* Watches the mailbox for `ms` milliseconds: done, or not yet. Looks often at first. */
static struct hs_error *watch(const struct state *state, int64_t ms, bool *ret_done)
{
    int64_t began = now_ns();
    struct hs_mailbox live;
    *ret_done = false;
    for (;;) {
        struct hs_error *error = read_mailbox(state, &live);
        if (error) {
            hs_error_destroy(error);
            return stop_error(state, HS_STOP_GONE);
        }
        int64_t waited = now_ns() - began;
        *ret_done = live.once == HS_ONCE_DONE;
        if (*ret_done || waited > ms * 1000000)
            return NULL;
        pause_us(waited < 2000000 ? 50 : 500);
    }
}

/* The threads of the target but its main one; 0 if they cannot be listed. */
static size_t list_threads(pid_t pid, pid_t *tid, size_t room)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *directory = opendir(path);
    size_t count = 0;
    for (struct dirent *entry; directory && count < room && (entry = readdir(directory));) {
        pid_t number = (pid_t)strtol(entry->d_name, NULL, 10);
        if (number > 0 && number != pid)
            tid[count++] = number;
    }
    if (directory)
        closedir(directory);
    return count;
}

/* The main thread has been busy in native code for a while: any other thread that waits will do. */
static struct hs_error *try_others(struct state *state, bool *ret_done)
{
    pid_t pid = state->injection->process->pid;
    pid_t *tid = malloc(THREADS_MAX * sizeof(*tid));
    if (!tid)
        return &hs_error_memory;
    size_t count = list_threads(pid, tid, THREADS_MAX);
    struct hs_error *error = NULL;
    for (size_t i = 0; i < count && !error && !*ret_done && !time_is_up(state); i++) {
        bool sent;
        error = attempt(state, tid[i], &sent);
        if (!error)
            error = watch(state, sent ? QUEUED_LOOK_MS : 0, ret_done);
    }
    free(tid);
    return error;
}

static struct hs_error *timed_out(const struct state *state)
{
    int pid = (int)state->injection->process->pid;
    double seconds = (double)state->injection->timeout_ms / 1000;
    if (!state->written)
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d: no answer in %g s: an earlier attach is still on its way; try again", pid, seconds);
    return hs_error_create(
        HS_ERROR_TARGET,
        "process %d: no answer in %g s: its main thread is in native code%s and no other thread waits; "
        "nothing of "
        "ours will run later; try again with --timeout, or: heapdump run -o FILE.db -- PROGRAM",
        pid, seconds, state->main_call < 0 ? " and holds the GIL" : "");
}

/* Takes the call back. One that began in this instant is waited for, since it cannot be stopped any more. */
static struct hs_error *cancel(struct state *state, bool *ret_done)
{
    struct hs_mailbox live;
    struct hs_error *error = state->written ? read_mailbox(state, &live) : NULL;
    if (error || !state->written) {
        hs_error_destroy(error);
        return timed_out(state);
    }
    if (live.once == HS_ONCE_WAITING)
        error = write_word(state, HS_MAILBOX_ONCE, HS_ONCE_CLAIMED);
    if (!error)
        error = watch(state, live.once == HS_ONCE_WAITING ? CANCELLED_MS : LEAVE_MS, ret_done);
    if (!error && !*ret_done)
        error = timed_out(state);
    return error;
}

static struct hs_error *run(struct state *state)
{
    pid_t pid = state->injection->process->pid;
    struct hs_error *error = NULL;
    bool done = false;
    while (!error && !done) {
        if (time_is_up(state)) {
            error = cancel(state, &done);
            break;
        }
        bool sent;
        error = attempt(state, pid, &sent);
        if (!error && state->written)
            error = watch(state, sent ? OTHERS_AFTER_MS : QUEUED_LOOK_MS, &done);
        else if (!error)
            pause_us(RETRY_MS * 1000);
        if (!error && !done && state->queued && elapsed_ms(state) > OTHERS_AFTER_MS)
            error = try_others(state, &done);
    }
    if (error && state->written && !done)
        hs_error_destroy(write_word(state, HS_MAILBOX_ONCE, HS_ONCE_CLAIMED));
    return error;
}

static struct hs_error *fetch(const struct state *state, struct hs_injected *ret)
{
    struct hs_mailbox live;
    struct hs_error *error;
    int64_t began = now_ns();
    do {
        error = read_mailbox(state, &live);
        if (error || !live.started || live.left)
            break;
        pause_us(50);
    } while (now_ns() - began < LEAVE_MS * INT64_C(1000000));
    if (error) {
        hs_error_destroy(error);
        return stop_error(state, HS_STOP_GONE);
    }
    ret->result = live.result;
    ret->order = live.order;
    ret->order.detail[sizeof(ret->order.detail) - 1] = 0;
    ret->stopped_ns = state->stopped_ns;
    return NULL;
}

struct hs_error *hs_inject(const struct hs_injection *injection, const struct hs_agent_order *order,
                           struct hs_injected *ret)
{
    struct state state = {.injection = injection, .began_ms = now_ns() / 1000000, .main_call = -1};
    struct hs_error *error = prepare(&state, order);
    if (!error)
        error = run(&state);
    if (!error)
        error = fetch(&state, ret);
    return error;
}
