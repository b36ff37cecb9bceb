#include "query/cmd.h"

#include "format/sqlite.h"
#include "format/text.h"
#include "query/derived.h"
#include "query/object.h"
#include "query/picture.h"

#include <string.h>
#include <unistd.h>

/* Which of two arguments is the snapshot. */
static size_t snapshot_index(const struct hs_options *options)
{
    bool swapped =
        options->arguments > 1 && access(options->argument[0], F_OK) && !access(options->argument[1], F_OK);
    return swapped ? 1 : 0;
}

/* An object or type that is not there: what is there. */
static struct hs_error *add_types_hint(struct hs_error *error, const char *path)
{
    if (error->code != HS_ERROR_USAGE)
        return error;
    struct hs_text word = {0};
    hs_text_shell(&word, path);
    bool named = !strncmp(error->message, path, strlen(path));
    struct hs_error *hinted =
        hs_error_create(HS_ERROR_USAGE, "%s%s%s; try: heapquery types %s", named ? "" : path,
                        named ? "" : ": ", error->message, hs_text_string(&word));
    hs_text_deinit(&word);
    hs_error_destroy(error);
    return hinted;
}

struct hs_error *hs_cmd_open(char *const *paths, size_t count, struct hs_session **ret)
{
    return hs_session_open((const char *const *)paths, count, &hs_graph_derived_ops, ret);
}

struct hs_error *hs_subject_open(const struct hs_options *options, bool find, struct hs_subject *ret)
{
    *ret = (struct hs_subject){.object = HS_NO_OBJECT};
    size_t index = snapshot_index(options);
    char *path = options->argument[index];
    ret->path = path;
    ret->name = options->arguments > 1 ? options->argument[1 - index] : NULL;
    struct hs_error *error = hs_cmd_open(&path, 1, &ret->session);
    if (error)
        return error;
    ret->db = hs_session_db(ret->session);
    ret->reader = hs_session_reader(ret->session, 0);
    ret->schema = hs_session_schema(ret->session, 0);
    if (!find)
        return NULL;
    error = hs_object_find(ret->reader, ret->name, &ret->object);
    if (!error)
        return NULL;
    error = add_types_hint(error, path);
    hs_subject_close(ret);
    return error;
}

struct hs_error *hs_subject_type(const struct hs_subject *subject, const char *name, uint32_t *ret)
{
    struct hs_error *error = hs_type_find(subject->reader, name, ret);
    return error ? add_types_hint(error, subject->path) : NULL;
}

void hs_subject_close(struct hs_subject *subject)
{
    hs_session_close(subject->session);
    subject->session = NULL;
}

struct hs_error *hs_subject_prepare(const struct hs_subject *subject, const char *sql,
                                    struct sqlite3_stmt **ret)
{
    char *text = sqlite3_mprintf(sql, subject->schema, subject->schema, subject->schema);
    if (!text)
        return &hs_error_memory;
    int rc = sqlite3_prepare_v2(subject->db, text, -1, ret, NULL);
    sqlite3_free(text);
    if (rc == SQLITE_NOMEM)
        return &hs_error_memory;
    if (rc != SQLITE_OK)
        return hs_error_create(HS_ERROR_SQL, "%s: %s", subject->path, sqlite3_errmsg(subject->db));
    return NULL;
}

struct hs_error *hs_statement_step(struct sqlite3_stmt *statement, bool *ret)
{
    int rc = sqlite3_step(statement);
    *ret = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return NULL;
    if (rc == SQLITE_NOMEM)
        return &hs_error_memory;
    return hs_error_create(HS_ERROR_CORRUPT, "%s", sqlite3_errmsg(sqlite3_db_handle(statement)));
}

struct hs_error *hs_subject_chain(const struct hs_subject *subject, struct hs_chain *ret)
{
    struct hs_error *error = hs_chain_find(subject->db, subject->schema, subject->reader, subject->object,
                                           HS_TO_MODULE, NULL, ret);
    if (error || ret->count)
        return error;
    hs_chain_deinit(ret);
    return hs_chain_find(subject->db, subject->schema, subject->reader, subject->object, HS_TO_ROOT, NULL,
                         ret);
}

static unsigned find_root_kind(const char *name)
{
    unsigned kind = 0;
    while (kind < HS_ROOT_KINDS && strcmp(hs_root_kind_name(kind), name ? name : ""))
        kind++;
    return kind;
}

struct hs_error *hs_subject_roots(const struct hs_subject *subject, uint32_t object, struct hs_text *text)
{
    enum { MOST = 10 }; /* one object may be held by each of a thousand frames */
    sqlite3_stmt *statement = NULL;
    struct hs_error *error =
        hs_subject_prepare(subject,
                           "SELECT r.kind, r.name, coalesce(t.name, t.native_id) FROM \"%w\".roots AS r"
                           " LEFT JOIN \"%w\".threads AS t ON t.id = r.thread_id"
                           " WHERE r.object_id = ?1 AND r.kind <> 'module' ORDER BY r.rowid",
                           &statement);
    if (!error)
        sqlite3_bind_int64(statement, 1, object);
    bool row = true;
    for (int i = 0; !error && row; i++) {
        error = hs_statement_step(statement, &row);
        if (error || !row)
            break;
        hs_text_puts(text, i ? ", " : "");
        if (i == MOST) {
            hs_text_puts(text, "...");
            break;
        }
        hs_root_format(text, find_root_kind((const char *)sqlite3_column_text(statement, 0)),
                       (const char *)sqlite3_column_text(statement, 1),
                       (const char *)sqlite3_column_text(statement, 2));
    }
    sqlite3_finalize(statement);
    return error ? error : hs_text_error(text);
}

void hs_output_column(struct hs_output *output, struct sqlite3_stmt *statement, int column)
{
    static const char digit[] = "0123456789abcdef";
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        hs_output_null(output);
        break;
    case SQLITE_INTEGER:
        hs_output_int(output, sqlite3_column_int64(statement, column));
        break;
    case SQLITE_FLOAT:
        hs_output_real(output, sqlite3_column_double(statement, column));
        break;
    case SQLITE_BLOB: {
        struct hs_text hex = {0};
        const unsigned char *blob = sqlite3_column_blob(statement, column);
        for (int i = 0, bytes = sqlite3_column_bytes(statement, column); i < bytes; i++)
            hs_text_put(&hex, (char[]){digit[blob[i] >> 4], digit[blob[i] & 15]}, 2);
        hs_output_text(output, hs_text_string(&hex), hex.bytes);
        hs_text_deinit(&hex);
        break;
    }
    default: {
        const char *text = (const char *)sqlite3_column_text(statement, column);
        hs_output_text(output, text, (size_t)sqlite3_column_bytes(statement, column));
    }
    }
}

struct hs_error *hs_options_output(const struct hs_options *options, const struct hs_column *columns,
                                   size_t count, struct hs_output **ret)
{
    struct hs_output_options form = {.format = options->format, .no_header = options->no_header};
    return hs_output_create(stdout, &form, columns, count, ret);
}

bool hs_options_for_people(const struct hs_options *options)
{
    return options->format == HS_OUTPUT_COLUMNS || options->format == HS_OUTPUT_BOX;
}

uint64_t hs_options_limit(const struct hs_options *options, uint64_t usual)
{
    if (options->limit == HS_LIMIT_DEFAULT)
        return hs_options_for_people(options) ? usual : UINT64_MAX;
    return options->limit ? options->limit : UINT64_MAX;
}
