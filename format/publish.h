/* Publishing a file: it appears under its name complete and synced, or not at all. Every file that this
 * project writes goes this way.
 *
 * The bytes go to a temporary file in the same directory (".NAME.XXXXXXXX.tmp", 0600 whatever the umask,
 * O_EXCL and O_NOFOLLOW); the commit syncs it, gives it its name and syncs the directory. Without overwrite
 * the name is given by an operation that never replaces anything, so of two programs that race for one name
 * the second fails.
 *
 * A writer that is killed cannot remove its temporary file. It holds a lock on it (flock(2)) while it lives,
 * so that the next writer of the same file knows it for an orphan, and removes it.
 */
#ifndef HS_FORMAT_PUBLISH_H
#define HS_FORMAT_PUBLISH_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct hs_publish;

/* Makes the temporary file. `path` that exists already is refused with HS_ERROR_EXISTS unless `overwrite`;
 * and always, if it is anything but a regular file. Nothing is left behind once the result is destroyed,
 * unless it was committed. */
struct hs_error *hs_publish_create(const char *path, bool overwrite, struct hs_publish **ret) HS_MUST_CHECK;
void hs_publish_destroy(struct hs_publish *publish);

/* The path of the temporary file, for those who open files by name (SQLite). */
const char *hs_publish_temporary(const struct hs_publish *publish);
const char *hs_publish_path(const struct hs_publish *publish);

/* Writes all of `bytes`, at the end, through short writes and EINTR. */
struct hs_error *hs_publish_write(struct hs_publish *publish, const void *data, size_t bytes) HS_MUST_CHECK;

/* Gives the file to another owner; (uid_t)-1 and (gid_t)-1 leave theirs. */
struct hs_error *hs_publish_set_owner(struct hs_publish *publish, uid_t uid, gid_t gid) HS_MUST_CHECK;

/* Syncs, names, syncs the directory. `ret_bytes`: the size of the file, may be NULL. */
struct hs_error *hs_publish_commit(struct hs_publish *publish, uint64_t *ret_bytes) HS_MUST_CHECK;

#endif
