/* References that lie outside the heap: in the writable data of the program and its libraries, and what the
 * interpreter keeps in C structures of its own.
 *
 * No symbol names static data, so it is scanned for addresses of objects that the collector tracks. Whether
 * such a word owns its reference is not known here: roots of kind `static` are offers, which whoever knows
 * all references takes where an object counts more of them than were found.
 */
#ifndef HS_DUMP_AGENT_STATICS_H
#define HS_DUMP_AGENT_STATICS_H

#include "dump/agent/walk.h"

/* Writes roots of kind `atexit`: the callbacks, by the names of their functions. */
void hs_statics_write_atexit(struct hs_walk *walk);

/* Writes roots of kind `signal`, by the signal's name, and of kind `static`: "libfoo.so+0x1a40". The tracked
 * objects must be marked. */
void hs_statics_write(struct hs_walk *walk);

#endif
