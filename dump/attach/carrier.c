#include "dump/attach/carrier.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a copy may lie, in the target's view: writable even where the root file system is not. */
static const char *const places[] = {"/tmp", "/var/tmp", "/dev/shm", "/run", "/var/run"};
#define PLACES (sizeof(places) / sizeof(places[0]))

/* Does the target find the very same file under the same path? */
static bool sees(const struct hs_process *process, const char *path)
{
    char inside[PATH_MAX + 32];
    struct stat here, there;
    snprintf(inside, sizeof(inside), "/proc/%d/root%s", (int)process->pid, path);
    if (stat(path, &here) != 0 || stat(inside, &there) != 0 || here.st_dev != there.st_dev ||
        here.st_ino != there.st_ino)
        return false;
    mode_t wanted = process->euid == here.st_uid ? S_IRUSR : process->egid == here.st_gid ? S_IRGRP : S_IROTH;
    if (process->euid != 0 && !(here.st_mode & wanted))
        return false;
    /* Every directory on the way must let the target through; for another user only the world's bits are
     * known. */
    char directory[PATH_MAX];
    snprintf(directory, sizeof(directory), "%s", path);
    for (char *slash; process->euid != 0 && (slash = strrchr(directory, '/')) && slash != directory;) {
        *slash = 0;
        if (stat(directory, &here) != 0 || (here.st_uid != process->euid && !(here.st_mode & S_IXOTH)))
            return false;
    }
    return true;
}

static struct hs_error *fill(int from, int to, const char *path)
{
    for (;;) {
        ssize_t copied = sendfile(to, from, NULL, 1 << 20);
        if (copied == 0)
            return NULL;
        if (copied < 0 && errno != EINTR)
            return hs_error_system(errno, path, "write the agent there");
    }
}

/* A copy in `place` of the target's root, for its user only. False: not possible there. */
static bool copy_to(const struct hs_process *process, int agent, const char *place,
                    struct hs_carrier *carrier)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return false;
    snprintf(carrier->path, sizeof(carrier->path), "%s/.heapdump-%016llx.so", place,
             (unsigned long long)random);
    snprintf(carrier->copy, sizeof(carrier->copy), "/proc/%d/root%s", (int)process->pid, carrier->path);
    int fd = open(carrier->copy, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
    bool made = fd >= 0;
    bool ok = made && lseek(agent, 0, SEEK_SET) == 0;
    if (ok) {
        struct hs_error *error = fill(agent, fd, carrier->copy);
        hs_error_destroy(error);
        ok = !error;
    }
    if (ok && geteuid() == 0)
        ok = fchown(fd, process->euid, process->egid) == 0 && fchmod(fd, 0500) == 0;
    if (made)
        close(fd);
    if (made && !ok)
        unlink(carrier->copy);
    if (!ok)
        carrier->copy[0] = carrier->path[0] = 0;
    return ok;
}

struct hs_error *hs_carrier_init(const struct hs_process *process, const char *agent, unsigned attempt,
                                 struct hs_carrier *ret)
{
    char path[PATH_MAX];
    ret->path[0] = ret->copy[0] = 0;
    if (!realpath(agent, path))
        return hs_error_system(errno, agent, "find the agent; is heapdump installed whole?");
    if (attempt == 0 && sees(process, path)) {
        memcpy(ret->path, path, strlen(path) + 1);
        return NULL;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hs_error_system(errno, path, "read the agent");
    for (unsigned i = attempt ? attempt - 1 : 0; i < PLACES; i++) {
        if (copy_to(process, fd, places[i], ret))
            break;
    }
    close(fd);
    return NULL;
}

void hs_carrier_deinit(struct hs_carrier *carrier)
{
    if (carrier->copy[0])
        unlink(carrier->copy);
    carrier->copy[0] = 0;
}
