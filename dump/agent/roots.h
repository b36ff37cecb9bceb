/* Where the program itself holds objects: its modules, its interpreter's state, its threads and what they
 * run. */
#ifndef HS_DUMP_AGENT_ROOTS_H
#define HS_DUMP_AGENT_ROOTS_H

#include "dump/agent/walk.h"

/* Writes MODULE, THREAD, FRAME and ROOT records, and queues what they refer to. A fault ends the part it
 * happens in. */
void hs_roots_write(struct hs_walk *walk);

#endif
