/* Errors as values.
 *
 * A function that can fail returns a `struct hs_error *`: NULL means that it worked. An error carries a
 * code for programs and one line for people, which names the cause and, where there is one, the remedy.
 * Whoever receives an error owns it: hand it on, or hs_error_destroy() it. Running out of memory is a static
 * error, so that reporting it needs none. Only `main` prints errors and exits.
 */
#ifndef HS_FORMAT_ERROR_H
#define HS_FORMAT_ERROR_H

#include <stdint.h>

enum hs_error_code {
    HS_ERROR_MEMORY = 1,   /* malloc failed */
    HS_ERROR_SYSTEM,       /* a system call failed: os_errno says how */
    HS_ERROR_CORRUPT,      /* a snapshot or stream breaks its own rules: offset says where, if known */
    HS_ERROR_VERSION,      /* written by a newer (or unsupported) version */
    HS_ERROR_NOT_SNAPSHOT, /* the file is something else */
    HS_ERROR_EXISTS,       /* would overwrite */
    HS_ERROR_USAGE,        /* the user asked for something that does not exist or does not fit */
    HS_ERROR_SQL,          /* SQLite refused a statement */
    HS_ERROR_LIMIT,        /* larger than a named ceiling */
    HS_ERROR_TARGET,       /* the program to be snapped cannot be */
};

#define HS_NO_OFFSET UINT64_MAX

struct hs_error {
    enum hs_error_code code;
    int os_errno;    /* 0 unless code is HS_ERROR_SYSTEM */
    uint64_t offset; /* byte offset in the file, chunk or stream at fault; HS_NO_OFFSET if none */
    char *message;   /* one line of UTF-8 without the trailing newline; owned by the error */
};

#define HS_MUST_CHECK     __attribute__((warn_unused_result))
#define HS_PRINTF(f, a)   __attribute__((format(printf, f, a)))
#define HS_NONNULL_RESULT __attribute__((returns_nonnull))

/* The one error that needs no memory. */
extern struct hs_error hs_error_memory;

/* Makes an error of `code` with a formatted message. Never returns NULL: falls back on hs_error_memory. */
struct hs_error *hs_error_create(enum hs_error_code code, const char *format, ...)
    HS_PRINTF(2, 3) HS_NONNULL_RESULT;

/* As hs_error_create() with HS_ERROR_CORRUPT and the byte offset at fault, which the message gets appended.
 */
struct hs_error *hs_error_corrupt(uint64_t offset, const char *format, ...) HS_PRINTF(2, 3) HS_NONNULL_RESULT;

/* A failed system call: "PATH: cannot ACTION: strerror". `path` may be NULL. */
struct hs_error *hs_error_system(int os_errno, const char *path, const char *action) HS_NONNULL_RESULT;

/* Puts "PREFIX: " before the message, PREFIX being formatted; returns the same error (or hs_error_memory).
 * For callers that know more than the callee, a file name for instance. NULL stays NULL; a message that
 * starts with the prefix already stays as it is. */
struct hs_error *hs_error_prefix(struct hs_error *error, const char *format, ...) HS_PRINTF(2, 3);

/* Frees an error; NULL and the static error are fine. */
void hs_error_destroy(struct hs_error *error);

static inline void hs_error_cleanup(struct hs_error **error)
{
    hs_error_destroy(*error);
}

#endif
