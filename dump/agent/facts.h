/* What a snapshot says about the process: facts and texts of the stream. */
#ifndef HS_DUMP_AGENT_FACTS_H
#define HS_DUMP_AGENT_FACTS_H

#include "dump/agent/walk.h"

/* What has to be read before the fork, by the process itself. */
struct hs_facts {
    int64_t pid;
    int64_t process_start; /* clock ticks after boot: /proc/self/stat, field 22 */
    int64_t vm_size;       /* bytes */
    int64_t rss;           /* bytes */
    int64_t rss_files;     /* of these, what belongs to files or is shared memory */
    int64_t taken_at;      /* seconds since 1970, UTC */
};

void hs_facts_read(struct hs_facts *facts);

/* Writes what is known before the walk. */
void hs_facts_write(struct hs_walk *walk, const struct hs_facts *facts);

/* Writes what the walk itself took: the memory that this process has for itself alone, in bytes. The kernel's
 * count of it includes pages that the target has changed since the fork, whose old contents only this process
 * keeps. */
void hs_facts_write_cost(struct hs_walk *walk);

#endif
