/* The proportional set size of a process: its memory, of what it shares only its share. */
#ifndef HS_DUMP_PSS_H
#define HS_DUMP_PSS_H

#include <stdint.h>
#include <sys/types.h>

/* Bytes, from /proc/PID/smaps_rollup; -1 where that may not be read, or the process has ended. */
int64_t hs_pss_read(pid_t pid);

/* The bytes of the line "Pss:" in the text of such a file; -1 if there is none. */
int64_t hs_pss_parse(const char *text);

#endif
