/* Reading and writing another process's memory. What is read there is a stranger's: sizes are the caller's,
 * never the target's, and every failure is an error with the address.
 */
#ifndef HS_DUMP_ATTACH_REMOTE_H
#define HS_DUMP_ATTACH_REMOTE_H

#include "format/error.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Copies `bytes` bytes at `address` of process `pid` to `ret`; all of them or an error. Needs the right to
 * trace it. */
struct hs_error *hs_remote_read(pid_t pid, uint64_t address, void *ret, size_t bytes) HS_MUST_CHECK;

/* Copies `bytes` bytes to `address` of process `pid`, where the target itself could write. */
struct hs_error *hs_remote_write(pid_t pid, uint64_t address, const void *data, size_t bytes) HS_MUST_CHECK;

/* The same through /proc/PID/mem, which writes to read-only private pages (code) as a debugger does. */
struct hs_error *hs_remote_patch(pid_t pid, uint64_t address, const void *data, size_t bytes) HS_MUST_CHECK;

#endif
