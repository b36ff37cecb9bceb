#include "dump/agent/sys.h"

#include <asm/unistd.h>

enum {
    SYS_READ_ONLY_CLOEXEC = 02000000,   /* O_RDONLY | O_CLOEXEC */
    SYS_PROT_READ_WRITE = 3,            /* PROT_READ | PROT_WRITE */
    SYS_MAP_PRIVATE_ANONYMOUS = 0x4022, /* MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE */
    SYS_CLOCK_REALTIME = 0,
    SYS_CLOCK_MONOTONIC = 1,
    SYS_ERROR_LAST = 4095, /* the kernel returns -1 .. -4095 for errors */
    SYS_EINTR = 4,
    ARENA_BLOCK = 1 << 20,
};

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        return memcpy(to, from, bytes);
    unsigned char *t = to;
    const unsigned char *f = from;
    while (bytes--)
        t[bytes] = f[bytes];
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(byte) : "memory");
    return result;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const unsigned char *p = a, *q = b;
    for (size_t i = 0; i < bytes; i++)
        if (p[i] != q[i])
            return p[i] < q[i] ? -1 : 1;
    return 0;
}

size_t hs_text_length(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

bool hs_text_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

void hs_text_append(char *buffer, size_t size, const char *text)
{
    size_t at = hs_text_length(buffer);
    while (*text && at + 1 < size)
        buffer[at++] = *text++;
    buffer[at] = 0;
}

void hs_text_append_number(char *buffer, size_t size, uint64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    digits[--at] = 0;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    hs_text_append(buffer, size, digits + at);
}

void *hs_pages_map(size_t bytes)
{
    long result =
        hs_syscall(__NR_mmap, 0, (long)bytes, SYS_PROT_READ_WRITE, SYS_MAP_PRIVATE_ANONYMOUS, -1, 0);
    return result < 0 && result >= -SYS_ERROR_LAST ? NULL : (void *)result;
}

void hs_pages_unmap(void *pages, size_t bytes)
{
    hs_syscall2(__NR_munmap, pages, bytes);
}

long hs_file_read(const char *path, char *buffer, size_t size)
{
    long fd = hs_syscall3(__NR_open, path, SYS_READ_ONLY_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    size_t used = 0;
    long got = 0;
    while (used + 1 < size) {
        got = hs_syscall3(__NR_read, fd, buffer + used, size - 1 - used);
        if (got == -SYS_EINTR)
            continue;
        if (got <= 0)
            break;
        used += (size_t)got;
    }
    hs_syscall1(__NR_close, fd);
    buffer[used] = 0;
    return got < 0 ? got : (long)used;
}

static uint64_t clock_read(int clock, uint64_t *ret_ns)
{
    struct {
        int64_t seconds;
        int64_t nanoseconds;
    } time = {0, 0};
    hs_syscall2(__NR_clock_gettime, clock, &time);
    *ret_ns = (uint64_t)time.nanoseconds;
    return (uint64_t)time.seconds;
}

uint64_t hs_clock_monotonic_ns(void)
{
    uint64_t ns;
    uint64_t seconds = clock_read(SYS_CLOCK_MONOTONIC, &ns);
    return seconds * 1000000000u + ns;
}

uint64_t hs_clock_realtime_s(void)
{
    uint64_t ns;
    return clock_read(SYS_CLOCK_REALTIME, &ns);
}

void *hs_arena_alloc(struct hs_arena *arena, size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > ARENA_BLOCK / 4)
        return hs_pages_map(bytes);
    if ((size_t)(arena->end - arena->next) < bytes) {
        char *block = hs_pages_map(ARENA_BLOCK);
        if (!block)
            return NULL;
        arena->next = block;
        arena->end = block + ARENA_BLOCK;
    }
    void *result = arena->next;
    arena->next += bytes;
    return result;
}
