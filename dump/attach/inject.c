#include "dump/attach/inject.h"

#include "dump/attach/post.h"
#include "dump/attach/remote.h"
#include "dump/attach/runtime.h"
#include "dump/attach/thread.h"
#include "dump/clock.h"
#include "dump/interrupt.h"

#include <cpuid.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    RETRY_MS = 1, /* after a moment at which the thread could not be borrowed */
    LOOK_MS = 20, /* between looks at a target where nothing can be done now */
    OTHERS_AFTER_MS = 200,
    TRACED_MS = 1000, /* how long another tool may keep the target traced */
    DENIALS_MAX = 20, /* refusals in a row, while nobody traces it, before the right is taken to be missing */
    CLAIMED_MS =
        60000,       /* a call that began when it was cancelled: a fork, or a collection that was asked for */
    LEAVE_MS = 1000, /* from the call's return to the trampoline's end */
    THREADS_MAX = 4096,
    STACK_ROOM =
        64 << 10, /* what dlopen() and the agent may need of a borrowed thread's stack, with much to spare */
};

struct state {
    const struct hs_injection *injection;
    struct hs_post post;
    int64_t began_ms;
    bool on_way;          /* a thread of the target is in the trampoline, or about to be */
    uint32_t left_wanted; /* the mailbox's `left` when it is out again */
    bool queued;          /* Py_AddPendingCall was given the call */
    bool owned_by_other;  /* another tool's order stood in the way when last seen */
    bool writes;          /* the main thread was in a write that a stop would cut short */
    bool uninterruptible; /* the main thread was in state D when last seen */
    unsigned denials;
    long main_call; /* the main thread's system call when last seen, -1 if it ran */
    uint64_t stopped_ns;
};

static void pause_us(long us)
{
    struct timespec pause = {.tv_nsec = us * 1000};
    nanosleep(&pause, NULL);
}

static int64_t elapsed_ms(const struct state *state)
{
    return hs_clock_ns() / 1000000 - state->began_ms;
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
    struct hs_mailbox *mailbox = &state->post.mailbox;
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

/* The size of what XSAVE writes and which components: all that are enabled but AMX's tiles (bits 17 and 18),
 * which no code of the trampoline's callees touches and which would need 8 kB of the stack. Intel SDM vol. 1,
 * 13.4. */
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
    struct hs_mailbox *mailbox = &state->post.mailbox;
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
        error = find_save_area(mailbox);
    if (!error)
        error = hs_padding_find(injection->python, injection->maps, &state->post.padding);
    if (!error)
        error = hs_post_init(&state->post);
    mailbox->signals = hs_runtime_signals(injection->python);
    return error;
}

/* ---- one stop ---- */

static bool in_loader(const struct state *state, uint64_t rip)
{
    const struct hs_mapping *mapping = hs_maps_find(state->injection->maps, rip);
    return mapping && strstr(mapping->path, "/ld-");
}

/* Is there room below `rsp`? The main thread's stack grows; of others the mapping is all there is. */
static bool has_stack(const struct hs_maps *maps, uint64_t rsp)
{
    const struct hs_mapping *mapping = hs_maps_find(maps, rsp);
    return mapping && (strcmp(mapping->path, "[stack]") == 0 || rsp - mapping->start >= STACK_ROOM);
}

static struct hs_error *send(struct state *state, pid_t tid, const struct user_regs_struct *registers,
                             const struct hs_waiting *waiting, bool direct)
{
    pid_t pid = state->injection->process->pid;
    bool main_thread = tid == pid;
    const struct hs_trampoline_frame frame = {
        .rip = waiting->rip,
        .flags = (direct ? HS_MAY_CALL : 0) | (main_thread ? 0 : HS_OTHER_THREAD) |
                 (main_thread && waiting->heeds_signals ? HS_RESTARTS : 0),
    };
    uint64_t stack = registers->rsp - HS_TRAMPOLINE_FRAME;
    struct hs_mailbox live;
    struct hs_error *error = hs_post_look(&state->post, &live);
    if (!error)
        error = hs_remote_write(pid, stack, &frame, sizeof(frame));
    struct user_regs_struct changed = *registers;
    changed.rip = state->post.padding.code + (uint64_t)(hs_trampoline_entry - hs_trampoline_start);
    changed.rsp = stack;
    changed.rax = waiting->rax;
    changed.orig_rax = UINT64_MAX; /* else the kernel would rewind our rip to restart a system call */
    struct hs_error *resumed = hs_thread_resume(tid, error ? NULL : &changed);
    if (error)
        hs_error_destroy(resumed);
    else
        error = resumed;
    state->on_way = !error;
    if (!error)
        state->left_wanted = live.left + 1;
    return error;
}

/* What can be done with a thread that is stopped: nothing now, or it is sent on its way (`ret_resumed`). */
static struct hs_error *use_stop(struct state *state, pid_t tid, const struct hs_maps *maps,
                                 const struct user_regs_struct *registers, bool *ret_resumed)
{
    const struct hs_injection *injection = state->injection;
    bool main_thread = tid == injection->process->pid;
    *ret_resumed = false;
    if (registers->cs != 0x33)
        return hs_error_create(HS_ERROR_TARGET, "process %d is a 32-bit program, which is not supported",
                               (int)injection->process->pid);
    if (!hs_process_same(injection->process))
        return hs_error_create(HS_ERROR_TARGET, "process %d ended meanwhile, or started another program",
                               (int)injection->process->pid);
    if (hs_thread_in_rseq(tid, registers))
        return NULL;
    struct hs_waiting waiting =
        hs_thread_waiting(registers, injection->python->runtime, injection->python->runtime_bytes);
    bool room = has_stack(maps, registers->rsp);
    bool direct = waiting.idle && room && !in_loader(state, registers->rip);
    if (main_thread)
        state->main_call = waiting.call;
    /* Whoever holds the lock of the pending calls must not be made to take it once more. */
    if (!direct && (!main_thread || state->queued || !room || hs_runtime_pending_locked(injection->python)))
        return NULL;
    bool placed = true;
    struct hs_error *error = state->post.placed ? NULL : hs_post_place(&state->post, registers, &placed);
    state->owned_by_other = !placed;
    if (error || !placed)
        return error;
    *ret_resumed = true;
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

/* EPERM: another tracer, which may let go in a moment (then the next try works), or a missing right. */
static struct hs_error *denied(struct state *state)
{
    const struct hs_process *process = state->injection->process;
    pid_t tracer = hs_process_tracer(process);
    pause_us(RETRY_MS * 1000);
    if (tracer && elapsed_ms(state) > TRACED_MS)
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d is traced by process %d (a debugger?); end that first",
                               (int)process->pid, (int)tracer);
    if (!tracer && ++state->denials > DENIALS_MAX)
        return hs_process_denied(process);
    return NULL;
}

/* Stops `tid` once and, if it can be borrowed, sends it through the trampoline: state->on_way. A thread that
 * would not stop stays seized until this program ends, so one in state D is left alone, and one that gets
 * there meanwhile ends the attach. One that waits to write is left alone, too: when the kernel has taken some
 * of the bytes it would return short rather than start again. */
static struct hs_error *attempt(struct state *state, pid_t tid, const struct hs_maps *maps)
{
    struct user_regs_struct registers;
    const struct hs_process *process = state->injection->process;
    bool main_thread = tid == process->pid;
    bool uninterruptible = hs_process_thread_state(process, tid) == 'D';
    bool writes = hs_process_thread_writes(process, tid);
    if (main_thread) {
        state->uninterruptible = uninterruptible;
        state->writes = writes;
    }
    if (uninterruptible || writes)
        return NULL;
    int64_t began = hs_clock_ns();
    enum hs_stop stop = hs_thread_stop(tid, &registers);
    if (stop == HS_STOP_DENIED)
        return denied(state);
    state->denials = 0;
    if (stop != HS_STOPPED)
        return !main_thread && stop != HS_STOP_BUSY ? NULL : stop_error(state, stop);
    bool resumed;
    struct hs_error *error = use_stop(state, tid, maps, &registers, &resumed);
    if (!resumed) {
        struct hs_error *failed = hs_thread_resume(tid, NULL);
        if (error)
            hs_error_destroy(failed);
        else
            error = failed;
    }
    uint64_t stopped = (uint64_t)(hs_clock_ns() - began);
    if (stopped > state->stopped_ns)
        state->stopped_ns = stopped;
    return error;
}

/* ---- waiting for the call ---- */

/* Watches the mailbox for `ms` milliseconds: done, or not yet. Looks often at first. Ends early when the
 * thread came back with nothing. */
static struct hs_error *watch(struct state *state, int64_t ms, bool *ret_done)
{
    int64_t began = hs_clock_ns();
    struct hs_mailbox live;
    *ret_done = false;
    for (;;) {
        struct hs_error *error = hs_post_look(&state->post, &live);
        if (error)
            return error;
        state->on_way = state->on_way && (int32_t)(live.left - state->left_wanted) < 0;
        *ret_done = live.once == HS_ONCE_DONE;
        bool nothing = !state->on_way && (live.way == HS_WAY_FOREIGN || live.way == HS_WAY_FULL);
        if (nothing && live.way == HS_WAY_FULL)
            state->queued = false;
        int64_t waited = hs_clock_ns() - began;
        if (*ret_done || nothing || waited > ms * 1000000 || time_is_up(state))
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
    struct hs_maps maps; /* threads, and so stacks, come and go */
    struct hs_error *error = hs_maps_read(pid, &maps);
    size_t count = error ? 0 : list_threads(pid, tid, THREADS_MAX);
    for (size_t i = 0; i < count && !error && !*ret_done && !state->on_way && !time_is_up(state); i++) {
        error = attempt(state, tid[i], &maps);
        if (!error && state->on_way)
            error = watch(state, LOOK_MS, ret_done);
    }
    hs_maps_deinit(&maps);
    free(tid);
    return error;
}

/* Why it took so long, in words. */
static const char *reason(const struct state *state)
{
    if (hs_process_thread_state(state->injection->process, state->injection->process->pid) == 'T')
        return "it was stopped meanwhile (let it go on: kill -CONT)";
    if (state->writes)
        return "its main thread is writing, and would write less if it were stopped";
    if (state->owned_by_other || !state->post.placed)
        return state->uninterruptible ? "its main thread is in an uninterruptible wait of the kernel"
                                      : "another heapdump is at work in it";
    if (state->on_way)
        return "another of its threads holds the GIL in native code";
    if (hs_runtime_had_subinterpreters(state->injection->python))
        return "it has made subinterpreters, so its main thread must run Python code to answer, and it waits";
    if (state->main_call < 0)
        return "its main thread is in native code, and perhaps holds the GIL, and no other thread waits";
    return "its main thread waits in native code, and no other thread waits where it could be borrowed";
}

static struct hs_error *timed_out(const struct state *state)
{
    int pid = (int)state->injection->process->pid;
    if (hs_interrupted())
        return hs_error_create(HS_ERROR_TARGET, "interrupted; process %d goes on as if nothing had been",
                               pid);
    return hs_error_create(HS_ERROR_TARGET,
                           "process %d: no answer in %g s: %s; nothing of ours will run later; try again, "
                           "with --timeout, or: heapdump run -o FILE.db -- PROGRAM",
                           pid, (double)state->injection->timeout_ms / 1000, reason(state));
}

/* Takes the call back. One that runs already is waited for, since it cannot be stopped any more. */
static struct hs_error *cancel(struct state *state, bool *ret_done)
{
    uint32_t once = HS_ONCE_CLOSED;
    struct hs_error *timed = timed_out(state);
    struct hs_error *error = state->post.placed ? hs_post_cancel(&state->post, &once) : NULL;
    int64_t began = hs_clock_ns();
    while (!error && once == HS_ONCE_CLAIMED && hs_clock_ns() - began < CLAIMED_MS * INT64_C(1000000)) {
        struct hs_mailbox live;
        error = hs_post_look(&state->post, &live);
        if (!error)
            once = live.once;
        pause_us(500);
    }
    *ret_done = !error && once == HS_ONCE_DONE;
    if (!error && !*ret_done)
        return timed;
    hs_error_destroy(timed);
    return error;
}

/* One turn: whatever can be done now is done, and then the mailbox is watched for a while. */
static struct hs_error *turn(struct state *state, bool *ret_done)
{
    if (state->on_way)
        return watch(state, LOOK_MS, ret_done);
    bool busy = false;
    struct hs_error *error = state->post.placed ? NULL : hs_post_busy(&state->post, &busy);
    state->owned_by_other = busy;
    if (error || busy) {
        pause_us(LOOK_MS * 1000);
        return error;
    }
    error = attempt(state, state->injection->process->pid, state->injection->maps);
    if (!error && state->post.placed)
        error = watch(state, state->on_way ? OTHERS_AFTER_MS : LOOK_MS, ret_done);
    else if (!error)
        pause_us(RETRY_MS * 1000);
    if (!error && !*ret_done && state->queued && !state->on_way && elapsed_ms(state) > OTHERS_AFTER_MS)
        error = try_others(state, ret_done);
    return error;
}

static struct hs_error *run(struct state *state)
{
    struct hs_error *error = NULL;
    bool done = false;
    while (!error && !done)
        error = time_is_up(state) ? cancel(state, &done) : turn(state, &done);
    if (error && state->post.placed) {
        uint32_t once;
        hs_error_destroy(hs_post_cancel(&state->post, &once));
    }
    return error;
}

/* The results, once the thread is out of the trampoline or nearly so. */
static struct hs_error *fetch(struct state *state, struct hs_injected *ret)
{
    struct hs_mailbox live;
    struct hs_error *error;
    int64_t began = hs_clock_ns();
    for (;;) {
        error = hs_post_look(&state->post, &live);
        if (error || live.entered == live.left || hs_clock_ns() - began > LEAVE_MS * INT64_C(1000000))
            break;
        pause_us(50);
    }
    if (error)
        return error;
    ret->result = live.result;
    ret->order = live.order;
    ret->order.detail[sizeof(ret->order.detail) - 1] = 0;
    ret->stopped_ns = state->stopped_ns;
    return NULL;
}

struct hs_error *hs_inject(const struct hs_injection *injection, const struct hs_agent_order *order,
                           struct hs_injected *ret)
{
    struct state state = {
        .injection = injection,
        .post.process = injection->process,
        .began_ms = hs_clock_ns() / 1000000,
        .main_call = -1,
    };
    struct hs_error *error = prepare(&state, order);
    if (!error)
        error = run(&state);
    if (!error)
        error = fetch(&state, ret);
    hs_post_release(&state.post);
    return error;
}
