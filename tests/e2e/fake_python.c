/* Looks like a CPython from outside: the symbols that an attach looks for, and nothing behind them that may
 * be called.
 *
 *   -DVERSION=0x030e02f0 [-DFREE_THREADED=1] [-DDEBUG_BUILD]
 *
 * The argument, if any, is a file to be mapped.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef FREE_THREADED
#define FREE_THREADED 0
#endif

/* The start of struct _Py_DebugOffsets (Include/internal/pycore_debug_offsets.h). */
struct {
    char cookie[8];
    uint64_t version, free_threaded, rest[1 << 12];
} _PyRuntime = {"xdebugpy", VERSION, FREE_THREADED, {0}};
const unsigned long Py_Version = VERSION;

int Py_AddPendingCall(int (*function)(void *), void *argument)
{
    (void)function, (void)argument;
    abort();
}

int Py_IsInitialized(void)
{
    abort();
}

#ifdef DEBUG_BUILD
void _Py_NegativeRefcount(void)
{
}
#endif

int main(int argc, char **argv)
{
    if (argc > 1 && mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open(argv[1], O_RDONLY), 0) == MAP_FAILED)
        return 2;
    puts("ready");
    fflush(stdout);
    for (;;)
        pause();
}
