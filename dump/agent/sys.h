/* The agent's own ground: system calls, memory and byte-string functions, without a libc.
 *
 * Nothing here uses thread-local storage, errno or the target's allocator. System calls return what the
 * kernel returns: a negative errno on failure.
 */
#ifndef HS_DUMP_AGENT_SYS_H
#define HS_DUMP_AGENT_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One system call of Linux on x86-64. The kernel clobbers rcx and r11 (syscall instruction). */
static inline long hs_syscall(long number, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define hs_syscall0(number)             hs_syscall(number, 0, 0, 0, 0, 0, 0)
#define hs_syscall1(number, a)          hs_syscall(number, (long)(a), 0, 0, 0, 0, 0)
#define hs_syscall2(number, a, b)       hs_syscall(number, (long)(a), (long)(b), 0, 0, 0, 0)
#define hs_syscall3(number, a, b, c)    hs_syscall(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define hs_syscall4(number, a, b, c, d) hs_syscall(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* gcc calls these by name for copies and initialisers, freestanding or not. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

size_t hs_text_length(const char *text);
bool hs_text_equal(const char *a, const char *b);
/* Appends to the NUL-terminated text in buffer[size], cutting what does not fit. */
void hs_text_append(char *buffer, size_t size, const char *text);
void hs_text_append_number(char *buffer, size_t size, uint64_t number);

/* Zeroed pages; NULL if there are none. Pages not touched cost nothing. */
void *hs_pages_map(size_t bytes);
void hs_pages_unmap(void *pages, size_t bytes);

/* Reads up to size - 1 bytes of a (proc) file and terminates them. Returns the count, or a negative errno. */
long hs_file_read(const char *path, char *buffer, size_t size);

uint64_t hs_clock_monotonic_ns(void);
uint64_t hs_clock_realtime_s(void);

/* Memory that lives as long as the process: blocks of pages handed out in order, zeroed, never freed. */
struct hs_arena {
    char *next;
    char *end;
};

/* 16-byte aligned zeroed memory, NULL if there is none. */
void *hs_arena_alloc(struct hs_arena *arena, size_t bytes);

#endif
