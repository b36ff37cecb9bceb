#include "dump/attach/python.h"

#include "dump/attach/remote.h"
#include "dump/attach/runtime.h"

#include <stdlib.h>
#include <string.h>

/* Mapped files looked at: a process has a few hundred at most; the first ones are the executable and its
 * libraries. */
#define MODULES_MAX 2000

enum {
    LAST_MINOR = 15,
    DEBUG_MINOR = 11, /* whose debug builds are laid out as its release builds are */
};

struct first_of {
    const char *symbol;
    unsigned minor;
};
/* Symbols that appear with a version: the last one found tells the version of a build that does not say
 * it (Py_Version came with 3.11). Checked with nm -D on builds of 3.8 to 3.10. */
static const struct first_of by_symbol[] = {
    {"_PyRuntime", 7},
    {"PyCode_NewWithPosOnlyArgs", 8}, /* Include/code.h, 3.8 */
    {"PyObject_GC_IsTracked", 9},     /* Include/objimpl.h, 3.9 */
    {"PyIter_Send", 10},              /* Include/abstract.h, 3.10 */
};

static bool symbol_at(const struct hs_elf *elf, const char *name, uint64_t *ret)
{
    struct hs_error *error = hs_elf_symbol(elf, name, ret, NULL);
    hs_error_destroy(error);
    return !error && *ret;
}

/* Finds the file that defines CPython; files that cannot be read are not it. */
static bool find_module(pid_t pid, const struct hs_maps *maps, struct hs_elf *ret)
{
    size_t seen = 0;
    for (size_t i = 0; i < maps->count && seen < MODULES_MAX; i++) {
        const struct hs_mapping *mapping = &maps->mapping[i];
        if (mapping->offset != 0 || mapping->path[0] != '/' || !mapping->read)
            continue;
        seen++;
        struct hs_error *error = hs_elf_open(pid, mapping, ret);
        hs_error_destroy(error);
        uint64_t address;
        if (!error && symbol_at(ret, "Py_AddPendingCall", &address) &&
            symbol_at(ret, "Py_IsInitialized", &address))
            return true;
    }
    return false;
}

bool hs_python_may_look(pid_t pid, const struct hs_maps *maps)
{
    char byte;
    size_t i = 0;
    while (i < maps->count && !maps->mapping[i].read)
        i++;
    struct hs_error *error = i < maps->count ? hs_remote_read(pid, maps->mapping[i].start, &byte, 1) : NULL;
    hs_error_destroy(error);
    return i < maps->count && !error;
}

bool hs_python_present(pid_t pid, const struct hs_maps *maps)
{
    struct hs_elf elf;
    return find_module(pid, maps, &elf);
}

/* Does a file of the target have this in its name, and is it of this class? (ELFCLASS32, ELFCLASS64) */
static bool has_file(pid_t pid, const struct hs_maps *maps, const char *name, unsigned char class)
{
    for (size_t i = 0; i < maps->count; i++) {
        unsigned char ident[EI_NIDENT];
        const struct hs_mapping *mapping = &maps->mapping[i];
        const char *slash = strrchr(mapping->path, '/');
        if (mapping->offset != 0 || !slash || !mapping->read || strncmp(slash + 1, name, strlen(name)))
            continue;
        struct hs_error *error = hs_remote_read(pid, mapping->start, ident, sizeof(ident));
        hs_error_destroy(error);
        if (!error && memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == class)
            return true;
    }
    return false;
}

static struct hs_error *not_python(pid_t pid, const struct hs_maps *maps)
{
    if (has_file(pid, maps, "", ELFCLASS32))
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d is a 32-bit program, which is not supported; run it with a 64-bit "
                               "Python",
                               (int)pid);
    return hs_error_create(HS_ERROR_TARGET, "process %d is not a Python process; try: heapdump list",
                           (int)pid);
}

static struct hs_error *too_old(pid_t pid, const char *version)
{
    return hs_error_create(
        HS_ERROR_TARGET, "process %d runs Python %s, which is not supported; run it with Python 3.8 or later",
        (int)pid, version);
}

static struct hs_error *read_version(pid_t pid, struct hs_python *python)
{
    uint64_t address;
    if (symbol_at(&python->elf, "Py_Version", &address)) {
        uint64_t version; /* const unsigned long Py_Version, Python/getversion.c, 3.11 */
        struct hs_error *error = hs_remote_read(pid, address, &version, sizeof(version));
        if (error)
            return error;
        python->hex = (uint32_t)version;
        python->minor = version >> 16 & 0xff;
        return version >> 24 == 3
                   ? NULL
                   : hs_error_create(HS_ERROR_TARGET, "process %d runs Python %u, which is not supported",
                                     (int)pid, (unsigned)(version >> 24));
    }
    for (size_t i = 0; i < sizeof(by_symbol) / sizeof(by_symbol[0]); i++) {
        if (symbol_at(&python->elf, by_symbol[i].symbol, &address))
            python->minor = by_symbol[i].minor;
    }
    if (python->minor < by_symbol[1].minor)
        return too_old(pid, "3.7");
    python->hex = 3U << 24 | python->minor << 16; /* the agent asks the interpreter for the rest */
    return NULL;
}

/* What is refused by name, before anything is touched, although its interface looks the same. */
static struct hs_error *check_release(pid_t pid, const struct hs_python *python)
{
    if (python->minor > LAST_MINOR)
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d runs Python 3.%u, which this heapdump does not know; get a newer one", (int)pid,
            python->minor);
    /* From 3.14.0 on its collector was an incremental one, with other lists; 3.14.5 went back
     * (Include/internal/pycore_interp_structs.h). */
    if (python->minor == 14 && (python->hex >> 8 & 0xff) < 5)
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d runs Python 3.14.%u, whose collector is not supported; run it with "
            "Python 3.14.5 or later",
            (int)pid, python->hex >> 8 & 0xff);
    if (python->debug && python->minor != DEBUG_MINOR)
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d runs a debug build of Python 3.%u, which is not supported; run it "
                               "with a release build",
                               (int)pid, python->minor);
    return NULL;
}

static struct hs_error *check_threading(pid_t pid, const struct hs_python *python)
{
    uint64_t cookie[3]; /* struct _Py_DebugOffsets, Include/internal/pycore_debug_offsets.h, 3.13 */
    struct hs_error *error = hs_remote_read(pid, python->runtime, cookie, sizeof(cookie));
    if (error)
        return error;
    if (memcmp(&cookie[0], "xdebugpy", 8) == 0 && cookie[2] != 0)
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d runs a free-threaded build of Python 3.%u, which is not supported; "
            "use the build with the GIL",
            (int)pid, python->minor);
    return NULL;
}

struct hs_error *hs_python_find(pid_t pid, const struct hs_maps *maps, struct hs_python *ret)
{
    *ret = (struct hs_python){0};
    if (!find_module(pid, maps, &ret->elf))
        return not_python(pid, maps);
    /* Its waits, its locks and its loader are others than those that borrowing a thread knows. */
    if (has_file(pid, maps, "ld-musl-", ELFCLASS64))
        return hs_error_create(
            HS_ERROR_TARGET,
            "process %d runs on the musl C library, to which nothing attaches yet; run it on "
            "glibc",
            (int)pid);
    struct hs_error *error = hs_elf_symbol(&ret->elf, "_PyRuntime", &ret->runtime, &ret->runtime_bytes);
    if (!error && !ret->runtime)
        return too_old(pid, "3.6 or older");
    if (!error)
        error = read_version(pid, ret);
    uint64_t address;
    /* Include/object.h: only builds with Py_REF_DEBUG export it. */
    ret->debug = symbol_at(&ret->elf, "_Py_NegativeRefcount", &address);
    if (!error)
        error = check_threading(pid, ret);
    if (!error)
        error = check_release(pid, ret);
    return error ? error : hs_runtime_check(ret);
}
