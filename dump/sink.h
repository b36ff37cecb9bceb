/* Where a snapshot goes: a file, a file in the plain form, or standard output.
 *
 * The first is written in place. The others need the finished snapshot, which is made in a folder of its own
 * that only this user can enter: beside the file, or for standard output in the first place for temporary
 * files that takes it. Of that nothing is left.
 */
#ifndef HS_DUMP_SINK_H
#define HS_DUMP_SINK_H

#include "dump/invoker.h"
#include "format/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct hs_sink {
    const char *path; /* "-": standard output */
    bool plain;
    bool overwrite;
    struct hs_invoker owner;
    char folder[PATH_MAX];         /* "": none was needed */
    char collected[PATH_MAX + 16]; /* where the snapshot is to be made */
};

/* Is `path` standard output? */
bool hs_sink_is_stdout(const char *path);

/* Refuses what can be known beforehand: a file that exists (unless ret->overwrite), a terminal. The fields
 * above `folder` are the caller's to fill in. */
struct hs_error *hs_sink_init(struct hs_sink *sink) HS_MUST_CHECK;

/* Brings the snapshot that was made at sink->collected to where it goes. *bytes: its size there; unchanged if
 * it is there already. */
struct hs_error *hs_sink_finish(struct hs_sink *sink, uint64_t *bytes) HS_MUST_CHECK;

/* Removes what is left in the folder. */
void hs_sink_deinit(struct hs_sink *sink);

#endif
