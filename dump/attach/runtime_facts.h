/* Places in CPython's runtime, which `make layouts` proves against the headers that are installed.
 *
 *   HS_RUNTIME_FACTS(3.x, finalizing, main interpreter, is a signal waiting,
 *                    lock of the pending calls, is it in the interpreter, is it a PyMutex, remote debugging)
 *
 * Offsets in _PyRuntime, or in the main interpreter's state where said, of release builds; before 3.12 of
 * debug builds as well. Include/internal/pycore_runtime.h, pycore_interp.h, pycore_ceval_state.h
 * (pycore_interp_structs.h since 3.14): finalizing (_finalizing since 3.9); interpreters.main;
 * ceval.signals_pending, from 3.12 signals.is_tripped; ceval.pending.lock, from 3.12
 * ceval.pending_mainthread.lock, which is a PyMutex from 3.13 and else a pointer to a sem_t. The last is
 * where _Py_DebugOffsets has the offset of config.remote_debug in the interpreter's state, 0 before 3.14. A
 * version may have several rows, for ranges of its patch releases.
 */
HS_RUNTIME_FACTS(8, 16, 40, 1144, 608, false, false, 0)
HS_RUNTIME_FACTS(9, 16, 40, 344, 80, true, false, 0)
HS_RUNTIME_FACTS(10, 16, 40, 344, 80, true, false, 0)
HS_RUNTIME_FACTS(11, 24, 48, 352, 112, true, false, 0)
HS_RUNTIME_FACTS(12, 24, 48, 1512, 2024, false, false, 0)
HS_RUNTIME_FACTS(13, 608, 640, 2128, 2648, false, true, 0)
HS_RUNTIME_FACTS(13, 608, 640, 2128, 2672, false, true, 0)
HS_RUNTIME_FACTS(14, 784, 816, 2304, 2856, false, true, 728)
HS_RUNTIME_FACTS(15, 912, 944, 2432, 2984, false, true, 856)
