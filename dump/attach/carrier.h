/* The agent's file, where the target can open it: its own path if the target sees the same file there, else a
 * copy. */
#ifndef HS_DUMP_ATTACH_CARRIER_H
#define HS_DUMP_ATTACH_CARRIER_H

#include "dump/attach/process.h"

#include <limits.h>

struct hs_carrier {
    char path[PATH_MAX];      /* as the target sees it */
    char copy[PATH_MAX + 32]; /* the copy as this process sees it, "" if none was needed */
};

/* `attempt` counts from 0 through the places where a copy may lie: a place may forbid execution, which only
 * the target's dlopen() finds out. NULL with ret->path empty: no more places. A copy is owned by the target's
 * user and removed by hs_carrier_deinit(). */
struct hs_error *hs_carrier_init(const struct hs_process *process, const char *agent, unsigned attempt,
                                 struct hs_carrier *ret) HS_MUST_CHECK;
void hs_carrier_deinit(struct hs_carrier *carrier);

#endif
