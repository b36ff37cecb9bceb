/* Linked into the tools in place of the allocation functions (ld --wrap): lets one allocation fail.
 *
 *   FAULT_AT=N    the Nth allocation of the program fails, and no other
 *   FAULT_FROM=N  so do all that follow: memory stays short
 *   FAULT_LOG=F   nothing fails; at the end F says where the allocations were made: for each place (the
 *                 nearest callers) the number of its first one, and a number for the place that is the same
 *                 in other runs where addresses are
 *
 * Allocations are those of the tools and of SQLite, which gets its memory through sqlite3_config(), and
 * zlib's streams. What libc needs for itself (stdio, opening a directory) counts where the tools call it.
 */
#include <dirent.h>
#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void *__real_reallocarray(void *block, size_t count, size_t bytes);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t bytes);
int __real_vasprintf(char **ret, const char *format, va_list arguments);
char *__real_realpath(const char *path, char *resolved);
FILE *__real_open_memstream(char **text, size_t *bytes);
FILE *__real_fopen(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
int __real_deflateInit2_(z_streamp stream, int level, int method, int bits, int memory, int strategy,
                         const char *version, int size);
int __real_inflateInit_(z_streamp stream, const char *version, int size);

enum {
    OWN_FRAMES = 3, /* learn(), fails() and the function that is wrapped */
    CALLERS = 4,    /* that tell two places apart */
    PLACES_MAX = 1 << 16,
};

/* Set before main() and by it alone, in one thread. */
static struct {
    long count;
    long at;
    long from;
    const char *log;
    uint64_t seen[PLACES_MAX]; /* hashes of callers, open addressing; 0 is free */
    long first[PLACES_MAX];    /* [places]: the number of its first allocation, and its hash */
    uint64_t where[PLACES_MAX];
    long places;
    sqlite3_mem_methods sqlite;
} fault;

__attribute__((noinline)) static void learn(void)
{
    void *stack[OWN_FRAMES + CALLERS];
    int depth = backtrace(stack, OWN_FRAMES + CALLERS);
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = OWN_FRAMES; i < depth; i++)
        hash = (hash ^ (uintptr_t)stack[i]) * 0x100000001b3u;
    hash |= 1;
    uint64_t at = (hash >> 20) % PLACES_MAX;
    while (fault.seen[at] && fault.seen[at] != hash)
        at = (at + 1) % PLACES_MAX;
    if (fault.seen[at] || fault.places == PLACES_MAX / 2)
        return;
    fault.seen[at] = hash;
    fault.where[fault.places] = hash;
    fault.first[fault.places++] = fault.count;
}

__attribute__((noinline)) static int fails(void)
{
    fault.count++;
    if (fault.log)
        learn();
    if (fault.count != fault.at && (!fault.from || fault.count < fault.from))
        return 0;
    errno = ENOMEM;
    return 1;
}

void *__wrap_malloc(size_t bytes)
{
    return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *block, size_t bytes)
{
    return fails() ? NULL : __real_realloc(block, bytes);
}

void *__wrap_reallocarray(void *block, size_t count, size_t bytes)
{
    return fails() ? NULL : __real_reallocarray(block, count, bytes);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t bytes)
{
    return fails() ? NULL : __real_strndup(text, bytes);
}

char *__wrap_realpath(const char *path, char *resolved)
{
    return fails() ? NULL : __real_realpath(path, resolved);
}

int __wrap_vasprintf(char **ret, const char *format, va_list arguments)
{
    return fails() ? -1 : __real_vasprintf(ret, format, arguments);
}

int __wrap_asprintf(char **ret, const char *format, ...)
{
    if (fails())
        return -1;
    va_list arguments;
    va_start(arguments, format);
    int bytes = __real_vasprintf(ret, format, arguments);
    va_end(arguments);
    return bytes;
}

FILE *__wrap_open_memstream(char **text, size_t *bytes)
{
    return fails() ? NULL : __real_open_memstream(text, bytes);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    return fails() ? NULL : __real_fopen(path, mode);
}

DIR *__wrap_opendir(const char *path)
{
    return fails() ? NULL : __real_opendir(path);
}

int __wrap_deflateInit2_(z_streamp stream, int level, int method, int bits, int memory, int strategy,
                         const char *version, int size)
{
    return fails() ? Z_MEM_ERROR
                   : __real_deflateInit2_(stream, level, method, bits, memory, strategy, version, size);
}

int __wrap_inflateInit_(z_streamp stream, const char *version, int size)
{
    return fails() ? Z_MEM_ERROR : __real_inflateInit_(stream, version, size);
}

static void *sqlite_malloc(int bytes)
{
    return fails() ? NULL : fault.sqlite.xMalloc(bytes);
}

static void *sqlite_realloc(void *block, int bytes)
{
    return fails() ? NULL : fault.sqlite.xRealloc(block, bytes);
}

static long number_in(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void begin(void)
{
    void *warm[1];
    backtrace(warm, 1); /* loads what it needs */
    fault.log = getenv("FAULT_LOG");
    sqlite3_mem_methods methods;
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &fault.sqlite) != SQLITE_OK)
        abort();
    methods = fault.sqlite;
    methods.xMalloc = sqlite_malloc;
    methods.xRealloc = sqlite_realloc;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK)
        abort();
    fault.count = 0;
    fault.at = number_in("FAULT_AT");
    fault.from = number_in("FAULT_FROM");
}

__attribute__((destructor)) static void end(void)
{
    if (!fault.log)
        return;
    FILE *file = __real_fopen(fault.log, "w");
    if (!file)
        abort();
    for (long i = 0; i < fault.places; i++)
        fprintf(file, "%ld %016" PRIx64 "\n", fault.first[i], fault.where[i]);
    if (fclose(file))
        abort();
}
