/* Facts of CPython's runtime that attaching depends on, read from outside. */
#ifndef HS_DUMP_ATTACH_RUNTIME_H
#define HS_DUMP_ATTACH_RUNTIME_H

#include "dump/attach/python.h"

/* Where an int stands that is not 0 once a signal came which Python's own handlers have not been told of; 0
 * if unknown. */
uint64_t hs_runtime_signals(const struct hs_python *python);

/* Does some thread hold the lock of the pending calls? Asked while the main thread is stopped: if not, that
 * thread does not hold it and may queue a call. Unknown builds: false. */
bool hs_runtime_pending_locked(const struct hs_python *python);

/* Are there interpreters besides the main one, or have there been? Then PyGILState_Check() does not tell who
 * holds the GIL (Python/pystate.c), so no waiting thread can be borrowed. Unknown builds: false. */
bool hs_runtime_had_subinterpreters(const struct hs_python *python);

/* Refuses a runtime that is not initialized, is being finalized, or was told that nobody may attach. Unknown
 * builds pass: the agent looks again. */
struct hs_error *hs_runtime_check(const struct hs_python *python) HS_MUST_CHECK;

#endif
