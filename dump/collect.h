/* Makes a snapshot file from the stream of the agent. Runs outside the target. */
#ifndef HS_DUMP_COLLECT_H
#define HS_DUMP_COLLECT_H

#include "dump/index.h"
#include "dump/values.h"

#include <sys/types.h>

struct hs_collect_options {
    const char *output; /* path of the snapshot */
    bool overwrite;
    const char *label; /* NULL: none */
    enum hs_values values;
    bool give_away; /* when root: the file shall belong to these */
    uid_t owner_uid;
    gid_t owner_gid;
    pid_t pid;          /* of the target; 0 if unknown */
    int64_t stopped_ns; /* how long a thread of the target was stopped for the attach; 0: there was none */
    int stall_ms;       /* longest wait for the next byte; 0: HS_STALL_MS */
    struct hs_progress progress;
};

/* The walk writes all the time; a machine that swaps may make it slow. */
#define HS_STALL_MS 120000

struct hs_collect_result {
    uint32_t objects;
    uint64_t refs;     /* without those to types */
    uint64_t dangling; /* references dropped because nothing was known of their object */
    uint64_t file_bytes;
    int64_t pause_ns; /* as the stream says; -1 if it does not */
};

/* Reads the stream from `fd` to its end and writes the snapshot. Nothing is left of it when this fails. */
struct hs_error *hs_collect(int fd, const struct hs_collect_options *options,
                            struct hs_collect_result *ret) HS_MUST_CHECK;

/* Reads to its end a stream that was asked for nothing but the number of objects (HS_AGENT_COUNT): those that
 * the garbage collector tracks. `stall_ms` as above. */
struct hs_error *hs_collect_count(int fd, int stall_ms, uint64_t *ret) HS_MUST_CHECK;

#endif
