#include "format/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hs_error hs_error_memory = {
    .code = HS_ERROR_MEMORY,
    .offset = HS_NO_OFFSET,
    .message = (char *)"out of memory",
};

static struct hs_error *create(enum hs_error_code code, int os_errno, uint64_t offset, char *message)
{
    if (!message)
        return &hs_error_memory;
    struct hs_error *error = malloc(sizeof(*error));
    if (!error) {
        free(message);
        return &hs_error_memory;
    }
    *error = (struct hs_error){.code = code, .os_errno = os_errno, .offset = offset, .message = message};
    return error;
}

static char *HS_PRINTF(1, 0) format_message(const char *format, va_list args)
{
    char *message = NULL;
    return vasprintf(&message, format, args) < 0 ? NULL : message;
}

static char *HS_PRINTF(1, 2) join(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = format_message(format, args);
    va_end(args);
    return message;
}

struct hs_error *hs_error_create(enum hs_error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *message = format_message(format, args);
    va_end(args);
    return create(code, 0, HS_NO_OFFSET, message);
}

struct hs_error *hs_error_corrupt(uint64_t offset, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *what = format_message(format, args);
    va_end(args);
    char *message = NULL;
    if (what && offset != HS_NO_OFFSET) {
        message = join("%s (at byte %llu)", what, (unsigned long long)offset);
        free(what);
    } else {
        message = what;
    }
    return create(HS_ERROR_CORRUPT, 0, offset, message);
}

struct hs_error *hs_error_system(int os_errno, const char *path, const char *action)
{
    char *message = path ? join("%s: cannot %s: %s", path, action, strerror(os_errno))
                         : join("cannot %s: %s", action, strerror(os_errno));
    return create(HS_ERROR_SYSTEM, os_errno, HS_NO_OFFSET, message);
}

struct hs_error *hs_error_prefix(struct hs_error *error, const char *format, ...)
{
    if (!error || error == &hs_error_memory)
        return error;
    va_list args;
    va_start(args, format);
    char *prefix = format_message(format, args);
    va_end(args);
    size_t bytes = prefix ? strlen(prefix) : 0;
    if (prefix && !strncmp(error->message, prefix, bytes) && error->message[bytes] == ':') {
        free(prefix);
        return error;
    }
    char *message = prefix ? join("%s: %s", prefix, error->message) : NULL;
    free(prefix);
    if (!message) {
        hs_error_destroy(error);
        return &hs_error_memory;
    }
    free(error->message);
    error->message = message;
    return error;
}

void hs_error_destroy(struct hs_error *error)
{
    if (!error || error == &hs_error_memory)
        return;
    free(error->message);
    free(error);
}
