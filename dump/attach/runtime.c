#include "dump/attach/runtime.h"

#include "dump/attach/remote.h"

struct facts {
    unsigned minor;
    uint32_t finalizing;
    uint32_t main_interpreter;
    uint32_t signals;
    uint32_t lock;
    bool in_interpreter;
    bool mutex;
    uint32_t remote_debugging; /* 0: there is no such thing */
};
static const struct facts table[] = {
#define HS_RUNTIME_FACTS(...) {__VA_ARGS__},
#include "dump/attach/runtime_facts.h"
#undef HS_RUNTIME_FACTS
};

/* struct _pending_calls since 3.13: what follows its mutex, of which only one byte is used. */
struct pending_calls {
    uint8_t mutex;
    int32_t waiting;
    int32_t most;    /* MAXPENDINGCALLS_MAIN */
    int32_t at_once; /* MAXPENDINGCALLSLOOP_MAIN: no limit */
};
enum { MAXPENDINGCALLS_MAIN = 32, DEBUG_DIFFERS_FROM = 12 };

/* The word at an address of the target; false if it cannot be read. */
static bool read_at(const struct hs_python *python, uint64_t address, void *ret, size_t bytes)
{
    struct hs_error *error = hs_remote_read(python->elf.pid, address, ret, bytes);
    hs_error_destroy(error);
    return !error;
}

/* Are the limits of the main thread's queue where they would be? Pycore_runtime_init.h has them. */
static bool fits(const struct hs_python *python, const struct facts *facts)
{
    struct pending_calls calls;
    return !facts->mutex || (read_at(python, python->runtime + facts->lock, &calls, sizeof(calls)) &&
                             calls.most == MAXPENDINGCALLS_MAIN && calls.at_once == 0);
}

static const struct facts *find(const struct hs_python *python)
{
    bool known = !python->debug || python->minor < DEBUG_DIFFERS_FROM;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && known; i++) {
        if (table[i].minor == python->minor && fits(python, &table[i]))
            return &table[i];
    }
    return NULL;
}

uint64_t hs_runtime_signals(const struct hs_python *python)
{
    const struct facts *facts = find(python);
    uint32_t now;
    /* 0 or 1 in every build that the table fits. */
    if (!facts || !read_at(python, python->runtime + facts->signals, &now, sizeof(now)) || now > 1)
        return 0;
    return python->runtime + facts->signals;
}

bool hs_runtime_pending_locked(const struct hs_python *python)
{
    const struct facts *facts = find(python);
    uint64_t at = python->runtime, semaphore;
    uint32_t value;
    uint8_t bits;
    if (!facts || (facts->in_interpreter && !read_at(python, at + facts->main_interpreter, &at, sizeof(at))))
        return false;
    if (facts->mutex)
        return read_at(python, at + facts->lock, &bits, sizeof(bits)) && (bits & 1);
    /* A sem_t of glibc begins with its value (nptl/sem_init.c); taken is 0. */
    return read_at(python, at + facts->lock, &semaphore, sizeof(semaphore)) && semaphore &&
           read_at(python, semaphore, &value, sizeof(value)) && value == 0;
}

bool hs_runtime_had_subinterpreters(const struct hs_python *python)
{
    const struct facts *facts = find(python);
    int64_t next; /* struct pyinterpreters: head, main, next_id */
    return facts &&
           read_at(python, python->runtime + facts->main_interpreter + sizeof(uint64_t), &next,
                   sizeof(next)) &&
           next > 1;
}

/* Did whoever started it say that nobody may attach (-X disable-remote-debug)? PyConfig.remote_debug,
 * 3.14. */
static bool is_forbidden(const struct hs_python *python, const struct facts *facts, uint64_t interpreter)
{
    uint64_t offset;
    int32_t allowed;
    return facts->remote_debugging &&
           read_at(python, python->runtime + facts->remote_debugging, &offset, sizeof(offset)) &&
           read_at(python, interpreter + offset, &allowed, sizeof(allowed)) && allowed == 0;
}

struct hs_error *hs_runtime_check(const struct hs_python *python)
{
    const struct facts *facts = find(python);
    int pid = (int)python->elf.pid;
    uint64_t interpreter, finalizing;
    if (!facts ||
        !read_at(python, python->runtime + facts->main_interpreter, &interpreter, sizeof(interpreter)) ||
        !read_at(python, python->runtime + facts->finalizing, &finalizing, sizeof(finalizing)))
        return NULL;
    if (!interpreter)
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d has loaded Python but does not run it, or no longer; try again when it does", pid);
    if (finalizing)
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d is ending: its interpreter is being finalized; snap it earlier, or: "
            "heapdump run --at-exit -o FILE.db -- PROGRAM",
            pid);
    if (is_forbidden(python, facts, interpreter))
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d was started with -X disable-remote-debug or "
                               "PYTHON_DISABLE_REMOTE_DEBUG, so nothing attaches to it; use: heapdump run -o "
                               "FILE.db -- PROGRAM",
                               pid);
    return NULL;
}
