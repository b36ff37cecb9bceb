#include "diff/baseline.h"

#include "format/publish.h"
#include "format/text.h"
#include "query/json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASELINE_VERSION 1
/* Of the file; a signature is some hundred bytes. */
#define BASELINE_BYTES_MAX (1 << 20)

static void free_signatures(struct hs_signature *signature, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(signature[i].path);
        free(signature[i].type);
    }
    free(signature);
}

void hs_baseline_deinit(struct hs_baseline *baseline)
{
    free_signatures(baseline->accepted, baseline->count);
    free_signatures(baseline->suspect, baseline->suspects);
    *baseline = (struct hs_baseline){0};
}

/* ---- signatures ---- */

/* From an opening bracket to behind the one that closes it; brackets in quotes do not count. */
static const char *skip_subscript(const char *at)
{
    char quote = 0;
    for (unsigned depth = 0; *at; at++) {
        if (quote && *at == '\\' && at[1])
            at++;
        else if (quote)
            quote = *at == quote ? 0 : quote;
        else if (*at == '\'' || *at == '"')
            quote = *at;
        else if (*at == '[')
            depth++;
        else if (*at == ']' && --depth == 0)
            return at + 1;
    }
    return at;
}

char *hs_baseline_fold(const char *path)
{
    static const char list[] = "list(", values[] = ".values()";
    struct hs_text folded = {0};
    unsigned lists = 0; /* list( that were left out and are still open */
    bool in_word = false;
    for (const char *at = path; *at;) {
        if (!in_word && !strncmp(at, list, sizeof(list) - 1)) {
            lists++;
            at += sizeof(list) - 1;
        } else if (lists && !strncmp(at, values, sizeof(values) - 1)) {
            at += sizeof(values) - 1;
        } else if (lists && *at == ')') {
            lists--;
            at++;
        } else if (*at == '[') {
            hs_text_puts(&folded, "[...]");
            at = skip_subscript(at);
            in_word = false;
        } else if (isdigit((unsigned char)*at)) {
            hs_text_puts(&folded, "#");
            at += strspn(at, "0123456789");
            in_word = true;
        } else {
            in_word = isalnum((unsigned char)*at) || *at == '_' || (unsigned char)*at >= 0x80;
            hs_text_put(&folded, at++, 1);
        }
    }
    return folded.failed || folded.data ? hs_text_take(&folded) : strdup("");
}

static struct hs_error *sign(const struct hs_suspect *suspect, struct hs_signature *ret)
{
    const struct hs_place *place = &suspect->place;
    const char *path = place->pattern ? place->pattern : place->path ? place->path : place->example_path;
    ret->path = hs_baseline_fold(path ? path : "");
    ret->type = strdup(suspect->type);
    return ret->path && ret->type ? NULL : &hs_error_memory;
}

/* Does `text` match, where * stands for anything and all else for itself? */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *resume = NULL;
    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

/* ---- reading ---- */

static struct hs_error *read_all(const char *file, char **ret, size_t *ret_bytes)
{
    struct hs_error *error = NULL;
    size_t bytes = 0;
    ssize_t got = 1;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hs_error_system(errno, file, "open the baseline");
    *ret = malloc(BASELINE_BYTES_MAX + 1);
    if (!*ret)
        error = &hs_error_memory;
    while (!error && got && bytes <= BASELINE_BYTES_MAX) {
        got = read(fd, *ret + bytes, BASELINE_BYTES_MAX + 1 - bytes);
        if (got < 0 && errno != EINTR)
            error = hs_error_system(errno, file, "read the baseline");
        bytes += got > 0 ? (size_t)got : 0;
    }
    if (!error && bytes > BASELINE_BYTES_MAX)
        error = hs_error_create(HS_ERROR_LIMIT, "%s: no baseline: larger than 1 MiB", file);
    close(fd);
    *ret_bytes = bytes;
    return error;
}

static struct hs_error *add_accepted(struct hs_baseline *baseline, const char *path, const char *type)
{
    if (!path || !type)
        return hs_error_create(HS_ERROR_USAGE, "%s: entry %zu of \"accepted\" lacks its \"path\" or \"type\"",
                               baseline->file, baseline->count + 1);
    struct hs_signature *grown =
        reallocarray(baseline->accepted, baseline->count + 1, sizeof(*baseline->accepted));
    if (!grown)
        return &hs_error_memory;
    baseline->accepted = grown;
    grown[baseline->count] = (struct hs_signature){.path = strdup(path), .type = strdup(type)};
    baseline->count++;
    return grown[baseline->count - 1].path && grown[baseline->count - 1].type ? NULL : &hs_error_memory;
}

/* SQLite's own functions take the JSON apart. */
static struct hs_error *parse(sqlite3 *db, const char *json, size_t bytes, struct hs_baseline *baseline)
{
    static const char sql[] = "SELECT json_extract(j, '$.heapdiff_baseline'), e.type = 'object',"
                              " CASE e.type WHEN 'object' THEN json_extract(e.value, '$.path') END,"
                              " CASE e.type WHEN 'object' THEN json_extract(e.value, '$.type') END"
                              " FROM (SELECT ?1 AS j) LEFT JOIN json_each(j, '$.accepted') AS e";
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = NULL;
    int status = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (status == SQLITE_OK)
        status = sqlite3_bind_text64(statement, 1, json, bytes, SQLITE_STATIC, SQLITE_UTF8);
    while (!error && status == SQLITE_OK && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        status = SQLITE_OK;
        if (sqlite3_column_int(statement, 0) != BASELINE_VERSION)
            error = hs_error_create(HS_ERROR_VERSION,
                                    "%s: no baseline of this version: \"heapdiff_baseline\" is not %d",
                                    baseline->file, BASELINE_VERSION);
        else if (sqlite3_column_type(statement, 1) != SQLITE_NULL)
            error = add_accepted(baseline, (const char *)sqlite3_column_text(statement, 2),
                                 (const char *)sqlite3_column_text(statement, 3));
    }
    if (!error && status != SQLITE_DONE)
        error = status == SQLITE_NOMEM ? &hs_error_memory
                                       : hs_error_create(HS_ERROR_USAGE, "%s: no baseline: %s",
                                                         baseline->file, sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return error;
}

struct hs_error *hs_baseline_read(const char *file, struct hs_baseline *ret)
{
    *ret = (struct hs_baseline){.file = file};
    char *json = NULL;
    size_t bytes = 0;
    sqlite3 *db = NULL;
    struct hs_error *error = read_all(file, &json, &bytes);
    if (!error && sqlite3_open(":memory:", &db) != SQLITE_OK)
        error = &hs_error_memory;
    if (!error)
        error = parse(db, json, bytes, ret);
    sqlite3_close(db);
    free(json);
    return error;
}

/* ---- comparing ---- */

/* Those that are listed, then the rest. */
static const struct hs_suspect *suspect_at(const struct hs_suspects *suspects, size_t i)
{
    return i < suspects->count ? &suspects->suspect[i] : &suspects->rest[i - suspects->count];
}

struct hs_error *hs_baseline_compare(struct hs_baseline *baseline, const struct hs_suspects *suspects)
{
    baseline->suspects = suspects->count + suspects->rest_count;
    baseline->suspect = calloc(baseline->suspects + 1, sizeof(*baseline->suspect));
    if (!baseline->suspect)
        return &hs_error_memory;
    for (size_t i = 0; i < baseline->suspects; i++) {
        struct hs_signature *suspect = &baseline->suspect[i];
        struct hs_error *error = sign(suspect_at(suspects, i), suspect);
        if (error)
            return error;
        for (size_t a = 0; a < baseline->count; a++) {
            struct hs_signature *accepted = &baseline->accepted[a];
            if (matches(accepted->path, suspect->path) && matches(accepted->type, suspect->type))
                accepted->seen = suspect->seen = true;
        }
    }
    return NULL;
}

static size_t count_unseen(const struct hs_signature *signature, size_t count)
{
    size_t unseen = 0;
    for (size_t i = 0; i < count; i++)
        unseen += !signature[i].seen;
    return unseen;
}

size_t hs_baseline_new(const struct hs_baseline *baseline)
{
    return count_unseen(baseline->suspect, baseline->suspects);
}

static void put_unseen(struct hs_text *text, const char *what, const struct hs_signature *signature,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (signature[i].seen)
            continue;
        hs_text_puts(text, what);
        hs_text_terminal(text, signature[i].path, strlen(signature[i].path));
        hs_text_puts(text, "  (");
        hs_text_terminal(text, signature[i].type, strlen(signature[i].type));
        hs_text_puts(text, ")\n");
    }
}

void hs_baseline_text(const struct hs_baseline *baseline, FILE *file)
{
    struct hs_text text = {0};
    size_t fresh = hs_baseline_new(baseline), gone = count_unseen(baseline->accepted, baseline->count);
    hs_text_terminal(&text, baseline->file, strlen(baseline->file));
    hs_text_printf(&text, ": %zu accepted, %zu new, %zu gone\n", baseline->suspects - fresh, fresh, gone);
    put_unseen(&text, "  new   ", baseline->suspect, baseline->suspects);
    put_unseen(&text, "  gone  ", baseline->accepted, baseline->count);
    fputs(text.failed ? "out of memory\n" : hs_text_string(&text), file);
    hs_text_deinit(&text);
}

/* ---- writing ---- */

static struct hs_error *put_accepted(struct hs_json *json, const struct hs_suspect *suspect)
{
    struct hs_signature signature = {0};
    struct hs_error *error = sign(suspect, &signature);
    if (!error) {
        hs_json_object_inline(json);
        hs_json_key_string(json, "path", signature.path);
        hs_json_key_string(json, "type", signature.type);
        hs_json_object_end(json);
    }
    free(signature.path);
    free(signature.type);
    return error;
}

static struct hs_error *put_baseline(FILE *stream, const struct hs_suspects *suspects)
{
    struct hs_json json = {.file = stream};
    struct hs_error *error = NULL;
    hs_json_object(&json);
    hs_json_key_int(&json, "heapdiff_baseline", BASELINE_VERSION);
    hs_json_key(&json, "accepted");
    hs_json_array(&json);
    for (size_t i = 0; !error && i < suspects->count + suspects->rest_count; i++)
        error = put_accepted(&json, suspect_at(suspects, i));
    hs_json_array_end(&json);
    hs_json_object_end(&json);
    return error ? error : hs_json_finish(&json);
}

struct hs_error *hs_baseline_write(const char *file, bool overwrite, const struct hs_suspects *suspects)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    if (!stream)
        return &hs_error_memory;
    struct hs_error *error = put_baseline(stream, suspects);
    if (fclose(stream) && !error)
        error = &hs_error_memory;
    struct hs_publish *publish = NULL;
    if (!error)
        error = hs_publish_create(file, overwrite, &publish);
    if (!error)
        error = hs_publish_write(publish, text, bytes);
    if (!error)
        error = hs_publish_commit(publish, NULL);
    hs_publish_destroy(publish);
    free(text);
    return error;
}
