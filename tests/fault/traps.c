/* Preloaded into the tools: lets one of the calls fail by which files are made.
 *
 *   FAULT_ERROR=E  ENOSPC, EIO, EINTR; SHORT: a write takes half of its bytes; KILL: the process dies instead
 *   FAULT_AT=N     it happens at the Nth call, and from there on too if FAULT_STAYS is set
 *   FAULT_LOG=F    at the end F says how many calls there were
 *
 * Calls count that open a file for writing, or write, sync, cut, rename, link a regular file or a directory;
 * never those to terminals and pipes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The counts belong to one thread: the tools write with one. */
static long calls;

static long number_in(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

/* What the call at hand does: 0 as usual, else the number of the error; -1: half of it. */
static int verdict(void)
{
    long at = number_in("FAULT_AT");
    calls++;
    if (!at || calls < at || (calls > at && !getenv("FAULT_STAYS")))
        return 0;
    const char *error = getenv("FAULT_ERROR");
    if (!strcmp(error, "KILL"))
        kill(getpid(), SIGKILL);
    if (!strcmp(error, "SHORT"))
        return -1;
    return !strcmp(error, "ENOSPC") ? ENOSPC : !strcmp(error, "EIO") ? EIO : EINTR;
}

/* Whether a call that can only succeed or fail is to fail. */
static int refuses(void)
{
    int error = verdict();
    if (error <= 0)
        return 0;
    errno = error;
    return 1;
}

static int counts(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
}

__attribute__((destructor)) static void end(void)
{
    const char *log = getenv("FAULT_LOG");
    FILE *file = log ? fopen(log, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", calls);
    fclose(file);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* How many bytes a write of `bytes` may take; -1 and errno if none. */
static ssize_t allowed(int fd, size_t bytes)
{
    int error = counts(fd) ? verdict() : 0;
    if (error > 0) {
        errno = error;
        return -1;
    }
    return (ssize_t)(error && bytes > 1 ? bytes / 2 : bytes);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    ssize_t some = allowed(fd, bytes);
    return some < 0 ? -1 : REAL(write)(fd, data, (size_t)some);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
    ssize_t some = allowed(fd, bytes);
    return some < 0 ? -1 : REAL(pwrite)(fd, data, (size_t)some, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
    ssize_t some = allowed(fd, bytes);
    return some < 0 ? -1 : REAL(pwrite64)(fd, data, (size_t)some, offset);
}

int fsync(int fd)
{
    return refuses() ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd)
{
    return refuses() ? -1 : REAL(fdatasync)(fd);
}

int ftruncate(int fd, off_t bytes)
{
    return refuses() ? -1 : REAL(ftruncate)(fd, bytes);
}

int ftruncate64(int fd, off64_t bytes)
{
    return refuses() ? -1 : REAL(ftruncate64)(fd, bytes);
}

int fchmod(int fd, mode_t mode)
{
    return refuses() ? -1 : REAL(fchmod)(fd, mode);
}

int rename(const char *from, const char *to)
{
    return refuses() ? -1 : REAL(rename)(from, to);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    return refuses() ? -1 : REAL(renameat)(from_directory, from, to_directory, to);
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags)
{
    return refuses() ? -1 : REAL(renameat2)(from_directory, from, to_directory, to, flags);
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    return refuses() ? -1 : REAL(linkat)(from_directory, from, to_directory, to, flags);
}

/* The mode that follows the flags, if they say that one does. */
#define MODE(flags, mode)                  \
    mode_t mode = 0;                       \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list arguments;                 \
        va_start(arguments, flags);        \
        mode = va_arg(arguments, mode_t);  \
        va_end(arguments);                 \
    }

int open(const char *path, int flags, ...)
{
    MODE(flags, mode)
    return flags & O_CREAT && refuses() ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE(flags, mode)
    return flags & O_CREAT && refuses() ? -1 : REAL(open64)(path, flags, mode);
}

int openat(int directory, const char *path, int flags, ...)
{
    MODE(flags, mode)
    return flags & O_CREAT && refuses() ? -1 : REAL(openat)(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...)
{
    MODE(flags, mode)
    return flags & O_CREAT && refuses() ? -1 : REAL(openat64)(directory, path, flags, mode);
}
