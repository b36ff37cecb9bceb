#include "dump/filename.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool hs_filename_is_pattern(const char *name)
{
    return strstr(name, "{pid}") || strstr(name, "{n}");
}

/* `name` with every `place` replaced by the number; malloc'ed, NULL if memory is short. */
static char *replace(const char *name, const char *place, long number)
{
    char *result = NULL;
    size_t bytes;
    FILE *out = open_memstream(&result, &bytes);
    if (!out)
        return NULL;
    for (const char *at; (at = strstr(name, place)); name = at + strlen(place))
        fprintf(out, "%.*s%ld", (int)(at - name), name, number);
    fputs(name, out);
    if (fclose(out) == 0)
        return result;
    free(result);
    return NULL;
}

struct hs_error *hs_filename_expand(const char *name, pid_t pid, char **ret)
{
    if (strlen(name) >= PATH_MAX)
        return hs_error_create(HS_ERROR_USAGE, "%.40s...: a name of more than %d bytes; use a shorter one",
                               name, PATH_MAX);
    char *with_pid = replace(name, "{pid}", pid);
    *ret = NULL;
    if (!with_pid)
        return &hs_error_memory;
    if (!strstr(with_pid, "{n}")) {
        *ret = with_pid;
        return NULL;
    }
    struct stat status;
    for (long n = 1; n < INT_MAX; n++) {
        free(*ret);
        *ret = replace(with_pid, "{n}", n);
        if (!*ret || lstat(*ret, &status) != 0)
            break;
    }
    free(with_pid);
    return *ret ? NULL : &hs_error_memory;
}
