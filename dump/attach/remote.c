#include "dump/attach/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static struct hs_error *failed(int os_errno, const char *what, uint64_t address, size_t bytes)
{
    struct hs_error *error =
        hs_error_create(HS_ERROR_TARGET, "cannot %s %zu bytes of its memory at %#llx: %s", what, bytes,
                        (unsigned long long)address, strerror(os_errno));
    if (error != &hs_error_memory)
        error->os_errno = os_errno;
    return error;
}

struct hs_error *hs_remote_read(pid_t pid, uint64_t address, void *ret, size_t bytes)
{
    struct iovec here = {.iov_base = ret, .iov_len = bytes};
    struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = bytes};
    ssize_t done = process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (done == (ssize_t)bytes)
        return NULL;
    return failed(done < 0 ? errno : EFAULT, "read", address, bytes);
}

struct hs_error *hs_remote_write(pid_t pid, uint64_t address, const void *data, size_t bytes)
{
    struct iovec here = {.iov_base = (void *)(uintptr_t)data, .iov_len = bytes};
    struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = bytes};
    ssize_t done = process_vm_writev(pid, &here, 1, &there, 1, 0);
    if (done == (ssize_t)bytes)
        return NULL;
    return failed(done < 0 ? errno : EFAULT, "write", address, bytes);
}

struct hs_error *hs_remote_patch(pid_t pid, uint64_t address, const void *data, size_t bytes)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return failed(errno, "write", address, bytes);
    ssize_t done = pwrite(fd, data, bytes, (off_t)address);
    int os_errno = done < 0 ? errno : EFAULT;
    close(fd);
    return done == (ssize_t)bytes ? NULL : failed(os_errno, "write", address, bytes);
}
