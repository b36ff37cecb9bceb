#include "dump/attach/runtime.h"

#include "dump/attach/remote.h"

/* Offsets in _PyRuntime, or (interpreter) in the main interpreter's state, of release builds. From Include/internal/pycore_runtime.h and
 * pycore_interp.h of each version: ceval.signals_pending, from 3.12 signals.is_tripped; interpreters.main; ceval.pending.lock,
 * from 3.12 ceval.pending_mainthread.lock, which is a PyMutex (its lowest bit) from 3.13 and else a pointer to a sem_t. */
struct facts {
    unsigned minor;
    uint32_t signals;
    uint32_t main_interpreter; /* 0: the lock is in _PyRuntime itself */
    uint32_t lock;
    bool mutex;
};
static const struct facts table[] = {
    {8, 1144, 0, 608, false},  {9, 344, 40, 80, false},    {10, 344, 40, 80, false},
    {11, 352, 48, 112, false}, {12, 1512, 0, 2024, false}, {13, 2128, 0, 2648, true},
};

static const struct facts *find(const struct hs_python *python)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && !python->debug; i++) {
        if (table[i].minor == python->minor)
            return &table[i];
    }
    return NULL;
}

/* The word at an address of the target; false if it cannot be read. */
static bool read_at(const struct hs_python *python, uint64_t address, void *ret, size_t bytes)
{
    struct hs_error *error = hs_remote_read(python->elf.pid, address, ret, bytes);
    hs_error_destroy(error);
    return !error;
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
    if (!facts)
        return false;
    if (facts->main_interpreter && !read_at(python, at + facts->main_interpreter, &at, sizeof(at)))
        return false;
    if (facts->mutex)
        return read_at(python, at + facts->lock, &bits, sizeof(bits)) && (bits & 1);
    /* A sem_t of glibc begins with its value (nptl/sem_init.c); taken is 0. */
    return read_at(python, at + facts->lock, &semaphore, sizeof(semaphore)) && semaphore &&
           read_at(python, semaphore, &value, sizeof(value)) && value == 0;
}
