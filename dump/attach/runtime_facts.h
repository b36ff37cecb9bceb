/* Places in CPython's runtime, which `make layouts` proves against the headers that are installed.
 *
 *   HS_RUNTIME_FACTS(3.x, is a signal waiting, main interpreter, lock of the pending calls, is it a PyMutex)
 *
 * Offsets in _PyRuntime, or (the lock, where the main interpreter's is not 0) in the main interpreter's state, of release builds; before
 * 3.12 of debug builds as well. Include/internal/pycore_runtime.h, pycore_interp.h, pycore_ceval_state.h (pycore_interp_structs.h since
 * 3.14): ceval.signals_pending, from 3.12 signals.is_tripped; interpreters.main; ceval.pending.lock, from 3.12
 * ceval.pending_mainthread.lock, which is a PyMutex from 3.13 and else a pointer to a sem_t. A version may have several rows, for
 * ranges of its patch releases.
 */
HS_RUNTIME_FACTS(8, 1144, 0, 608, false)
HS_RUNTIME_FACTS(9, 344, 40, 80, false)
HS_RUNTIME_FACTS(10, 344, 40, 80, false)
HS_RUNTIME_FACTS(11, 352, 48, 112, false)
HS_RUNTIME_FACTS(12, 1512, 0, 2024, false)
HS_RUNTIME_FACTS(13, 2128, 0, 2648, true)
HS_RUNTIME_FACTS(13, 2128, 0, 2672, true)
HS_RUNTIME_FACTS(14, 2304, 0, 2856, true)
HS_RUNTIME_FACTS(15, 2432, 0, 2984, true)
