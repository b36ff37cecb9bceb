#include "dump/sink.h"

#include "format/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 65536

static const char *const temporary[] = {"/tmp", "/var/tmp", "/dev/shm", "/run"};
/* What lies in the folder at most. */
static const char *const parts[] = {"snapshot.db", "plain.db"};

bool hs_sink_is_stdout(const char *path)
{
    return !strcmp(path, "-");
}

static bool make_folder_in(struct hs_sink *sink, const char *place)
{
    int bytes = snprintf(sink->folder, sizeof(sink->folder), "%s/.heapdump-XXXXXX", place);
    if (bytes > 0 && (size_t)bytes < sizeof(sink->folder) && mkdtemp(sink->folder))
        return true;
    sink->folder[0] = '\0';
    return false;
}

static struct hs_error *make_folder(struct hs_sink *sink)
{
    if (!hs_sink_is_stdout(sink->path)) {
        char copy[PATH_MAX];
        snprintf(copy, sizeof(copy), "%s", sink->path);
        const char *beside = dirname(copy);
        return make_folder_in(sink, beside) ? NULL : hs_error_system(errno, beside, "make a directory in it");
    }
    const char *wanted = getenv("TMPDIR");
    bool made = wanted && *wanted == '/' && make_folder_in(sink, wanted);
    for (size_t i = 0; !made && i < sizeof(temporary) / sizeof(temporary[0]); i++)
        made = make_folder_in(sink, temporary[i]);
    return made ? NULL
                : hs_error_create(HS_ERROR_SYSTEM,
                                  "no place for a temporary file: neither TMPDIR nor /tmp, /var/tmp, "
                                  "/dev/shm or /run can be written; set TMPDIR");
}

struct hs_error *hs_sink_init(struct hs_sink *sink)
{
    struct stat status;
    bool to_stdout = hs_sink_is_stdout(sink->path);
    sink->folder[0] = '\0';
    if (strlen(sink->path) >= PATH_MAX)
        return hs_error_system(ENAMETOOLONG, sink->path, "write it");
    if (to_stdout && isatty(STDOUT_FILENO))
        return hs_error_create(HS_ERROR_USAGE,
                               "a snapshot is no text for a terminal; try: heapdump snap - > before.db");
    if (!to_stdout && !sink->overwrite && lstat(sink->path, &status) == 0)
        return hs_error_create(HS_ERROR_EXISTS, "%s: exists already; give another name, or -f to replace it",
                               sink->path);
    struct hs_error *error = to_stdout || sink->plain ? make_folder(sink) : NULL;
    if (sink->folder[0])
        snprintf(sink->collected, sizeof(sink->collected), "%s/%s", sink->folder, parts[0]);
    else
        snprintf(sink->collected, sizeof(sink->collected), "%s", sink->path);
    return error;
}

static struct hs_error *write_plain(const struct hs_sink *sink, const char *path, uint64_t *bytes)
{
    const char *packed = sink->collected;
    const struct hs_writer_options options = {
        .overwrite = sink->overwrite,
        .owner_uid = sink->owner.by_sudo ? sink->owner.uid : (uid_t)-1,
        .owner_gid = sink->owner.by_sudo ? sink->owner.gid : (gid_t)-1,
    };
    struct hs_session *session;
    struct hs_error *error = hs_session_open(&packed, 1, NULL, &session);
    if (error)
        return error;
    error = hs_plain_write(session, 0, path, &options, bytes);
    hs_session_close(session);
    return error;
}

static struct hs_error *write_all(const char *data, size_t bytes)
{
    while (bytes) {
        ssize_t written = write(STDOUT_FILENO, data, bytes);
        if (written < 0 && errno != EINTR)
            return hs_error_system(errno, "standard output", "write the snapshot there");
        if (written > 0) {
            data += written;
            bytes -= (size_t)written;
        }
    }
    return NULL;
}

static struct hs_error *copy_to_stdout(const char *path)
{
    char data[COPY_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return hs_error_system(errno, path, "read it");
    unlink(path);
    struct hs_error *error = NULL;
    ssize_t got = 1;
    while (!error && got > 0) {
        got = read(fd, data, sizeof(data));
        if (got < 0)
            error = hs_error_system(errno, path, "read it");
        else
            error = write_all(data, (size_t)got);
    }
    close(fd);
    return error;
}

struct hs_error *hs_sink_finish(struct hs_sink *sink, uint64_t *bytes)
{
    bool to_stdout = hs_sink_is_stdout(sink->path);
    char plain[PATH_MAX + 16];
    snprintf(plain, sizeof(plain), "%s/%s", sink->folder, parts[1]);
    struct hs_error *error = NULL;
    if (sink->plain)
        error = write_plain(sink, to_stdout ? plain : sink->path, bytes);
    if (!error && to_stdout)
        error = copy_to_stdout(sink->plain ? plain : sink->collected);
    return error;
}

void hs_sink_deinit(struct hs_sink *sink)
{
    for (size_t i = 0; sink->folder[0] && i < sizeof(parts) / sizeof(parts[0]); i++) {
        char path[PATH_MAX + 16];
        snprintf(path, sizeof(path), "%s/%s", sink->folder, parts[i]);
        unlink(path);
    }
    if (sink->folder[0])
        rmdir(sink->folder);
    sink->folder[0] = '\0';
}
