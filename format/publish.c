#include "format/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Random names tried before giving up: one is enough unless somebody makes them collide. */
#define TEMPORARY_ATTEMPTS 16
/* Of a long name only the beginning, so that any name that the file system takes can be published. */
#define TEMPORARY_PREFIX 200

struct hs_publish {
    char *path;
    char *temporary;
    const char *name;           /* the last component of path */
    const char *temporary_name; /* and of temporary */
    int directory;              /* descriptor: a change of the working directory does not matter */
    int fd;
    bool overwrite;
    bool exists; /* the temporary file is still there */
};

static struct hs_error *refuse_existing(int directory, const char *name, const char *path, bool overwrite)
{
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? NULL : hs_error_system(errno, path, "look at the file");
    if (!S_ISREG(status.st_mode))
        return hs_error_create(HS_ERROR_EXISTS, "%s: exists and is not a regular file; choose another name",
                               path);
    if (overwrite)
        return NULL;
    return hs_error_create(HS_ERROR_EXISTS, "%s: exists already; give another name, or -f to replace it",
                           path);
}

static struct hs_error *open_directory(struct hs_publish *publish)
{
    size_t bytes = (size_t)(publish->name - publish->path);
    char *directory = bytes ? strndup(publish->path, bytes) : strdup(".");
    if (!directory)
        return &hs_error_memory;
    publish->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct hs_error *error = NULL;
    if (publish->directory < 0)
        error = hs_error_system(errno, publish->path, "open its directory");
    free(directory);
    return error;
}

/* Is `name` one that create_temporary() gives? */
static bool is_temporary(const struct hs_publish *publish, const char *name)
{
    size_t bytes = strnlen(publish->name, TEMPORARY_PREFIX);
    if (name[0] != '.' || strncmp(name + 1, publish->name, bytes) != 0)
        return false;
    const char *end = name + 1 + bytes;
    return end[0] == '.' && strspn(end + 1, "0123456789abcdef") == 8 && strcmp(end + 9, ".tmp") == 0;
}

/* Removes a temporary file whose writer has ended: its lock has gone with it. Nobody else's files are
 * touched. */
static void remove_if_orphan(int directory, const char *name)
{
    struct stat opened, named;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &opened) == 0 && S_ISREG(opened.st_mode) && opened.st_uid == geteuid() &&
        flock(fd, LOCK_EX | LOCK_NB) == 0 && fstatat(directory, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_dev == opened.st_dev && named.st_ino == opened.st_ino)
        unlinkat(directory, name, 0);
    close(fd);
}

/* What writers of the same file that were killed have left behind. */
static void remove_orphans(const struct hs_publish *publish)
{
    int fd = openat(publish->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    if (!directory) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (is_temporary(publish, entry->d_name))
            remove_if_orphan(publish->directory, entry->d_name);
    }
    closedir(directory);
}

/* Locks a temporary file for as long as it is open. False if somebody took it for an orphan before. */
static bool claim(int fd)
{
    struct stat status;
    while (flock(fd, LOCK_EX) != 0) {
        if (errno != EINTR)
            return true; /* a file system without locks: there, orphans are locked for nobody either */
    }
    return fstat(fd, &status) == 0 && status.st_nlink > 0;
}

static struct hs_error *create_temporary(struct hs_publish *publish)
{
    int prefix = (int)(publish->name - publish->path);
    for (int attempt = 0; attempt < TEMPORARY_ATTEMPTS; attempt++) {
        uint32_t random;
        if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
            return hs_error_system(errno, publish->path, "get random bytes for a temporary name");
        char *temporary;
        if (asprintf(&temporary, "%.*s.%.*s.%08x.tmp", prefix, publish->path, TEMPORARY_PREFIX, publish->name,
                     random) < 0)
            return &hs_error_memory;
        publish->temporary = temporary;
        publish->temporary_name = temporary + prefix;
        publish->fd = openat(publish->directory, publish->temporary_name,
                             O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (publish->fd >= 0 && !claim(publish->fd)) {
            close(publish->fd);
            publish->fd = -1;
            errno = EEXIST;
        }
        if (publish->fd >= 0) {
            publish->exists = true;
            /* The umask may have taken bits of the owner. */
            if (fchmod(publish->fd, 0600) != 0)
                return hs_error_system(errno, publish->path, "set the mode of the file");
            return NULL;
        }
        if (errno != EEXIST)
            return hs_error_system(errno, publish->path, "create the file");
        free(temporary);
        publish->temporary = NULL;
    }
    return hs_error_create(HS_ERROR_EXISTS, "%s: no free temporary name beside it", publish->path);
}

static struct hs_error *publish_init(struct hs_publish *publish, const char *path, bool overwrite)
{
    publish->path = strdup(path);
    if (!publish->path)
        return &hs_error_memory;
    const char *slash = strrchr(publish->path, '/');
    publish->name = slash ? slash + 1 : publish->path;
    if (!*publish->name || strcmp(publish->name, ".") == 0 || strcmp(publish->name, "..") == 0)
        return hs_error_create(HS_ERROR_USAGE, "%s: is not the name of a file", *path ? path : "''");
    publish->overwrite = overwrite;
    struct hs_error *error = open_directory(publish);
    if (!error)
        error = refuse_existing(publish->directory, publish->name, path, overwrite);
    if (!error) {
        remove_orphans(publish);
        error = create_temporary(publish);
    }
    return error;
}

struct hs_error *hs_publish_create(const char *path, bool overwrite, struct hs_publish **ret)
{
    struct hs_publish *publish = calloc(1, sizeof(*publish));
    if (!publish)
        return &hs_error_memory;
    publish->directory = publish->fd = -1;
    struct hs_error *error = publish_init(publish, path, overwrite);
    if (error) {
        hs_publish_destroy(publish);
        return error;
    }
    *ret = publish;
    return NULL;
}

void hs_publish_destroy(struct hs_publish *publish)
{
    if (!publish)
        return;
    if (publish->exists)
        unlinkat(publish->directory, publish->temporary_name, 0);
    if (publish->fd >= 0)
        close(publish->fd);
    if (publish->directory >= 0)
        close(publish->directory);
    free(publish->temporary);
    free(publish->path);
    free(publish);
}

const char *hs_publish_temporary(const struct hs_publish *publish)
{
    return publish->temporary;
}

const char *hs_publish_path(const struct hs_publish *publish)
{
    return publish->path;
}

struct hs_error *hs_publish_write(struct hs_publish *publish, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes > 0) {
        ssize_t written = write(publish->fd, at, bytes);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return hs_error_system(errno, publish->path, "write the file");
        at += written;
        bytes -= (size_t)written;
    }
    return NULL;
}

struct hs_error *hs_publish_set_owner(struct hs_publish *publish, uid_t uid, gid_t gid)
{
    if (fchown(publish->fd, uid, gid) != 0)
        return hs_error_system(errno, publish->path, "give the file to its owner");
    return NULL;
}

/* The temporary file must still be the one that was created: whoever opens it by name (SQLite) could have
 * been given another. */
static struct hs_error *check_same_file(const struct hs_publish *publish, uint64_t *ret_bytes)
{
    struct stat opened;
    struct stat named;
    if (fstat(publish->fd, &opened) != 0 ||
        fstatat(publish->directory, publish->temporary_name, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return hs_error_system(errno, publish->path, "look at the temporary file");
    if (opened.st_dev != named.st_dev || opened.st_ino != named.st_ino)
        return hs_error_create(HS_ERROR_SYSTEM, "%s: somebody replaced the temporary file", publish->path);
    *ret_bytes = (uint64_t)opened.st_size;
    return NULL;
}

static struct hs_error *sync_file(int fd, const char *path)
{
    while (fsync(fd) != 0) {
        /* Some file systems cannot sync a directory. */
        if (errno == EINVAL || errno == EROFS)
            return NULL;
        if (errno != EINTR)
            return hs_error_system(errno, path, "write the file to disk");
    }
    return NULL;
}

static struct hs_error *give_name(struct hs_publish *publish)
{
    int directory = publish->directory;
    if (publish->overwrite) {
        if (renameat(directory, publish->temporary_name, directory, publish->name) != 0)
            return hs_error_system(errno, publish->path, "rename the finished file");
        publish->exists = false;
        return NULL;
    }
    if (renameat2(directory, publish->temporary_name, directory, publish->name, RENAME_NOREPLACE) == 0) {
        publish->exists = false;
        return NULL;
    }
    /* File systems that do not know the flag; link() does not replace either, and hs_publish_destroy()
     * unlinks the other name. */
    if ((errno == EINVAL || errno == ENOSYS) &&
        linkat(directory, publish->temporary_name, directory, publish->name, 0) == 0)
        return NULL;
    if (errno == EEXIST)
        return hs_error_create(HS_ERROR_EXISTS,
                               "%s: was created meanwhile; give another name, or -f to replace it",
                               publish->path);
    return hs_error_system(errno, publish->path, "rename the finished file");
}

struct hs_error *hs_publish_commit(struct hs_publish *publish, uint64_t *ret_bytes)
{
    uint64_t bytes = 0;
    struct hs_error *error = sync_file(publish->fd, publish->path);
    if (!error)
        error = check_same_file(publish, &bytes);
    if (!error && publish->overwrite)
        error = refuse_existing(publish->directory, publish->name, publish->path, true);
    if (!error)
        error = give_name(publish);
    if (!error)
        error = sync_file(publish->directory, publish->path);
    if (!error && ret_bytes)
        *ret_bytes = bytes;
    return error;
}
