/* heapquery show: everything about one object. */
#include "query/cmd.h"

#include "format/sqlite.h"
#include "format/text.h"
#include "query/inspect.h"
#include "query/json.h"
#include "query/quantity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More of a value is for --json. */
#define FIELD_COLUMNS 1000

/* How many references there are of each kind, from or to the object. */
struct kinds {
    uint64_t count[HS_REF_KINDS];
    uint64_t all;
};

struct shown {
    struct hs_inspected object;
    struct kinds refs, backrefs;
    int64_t retained; /* bytes that would be freed with it; -1 if nothing reaches it */
    int64_t external; /* references that the snapshot does not explain; 0 if it cannot tell */
    char *path;       /* NULL if nothing holds it */
    char *site;       /* FILE:LINE that allocated it; NULL if that is not known */
};

static struct hs_error *count_kinds(const struct hs_subject *subject, const char *sql, struct kinds *ret)
{
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_subject_prepare(subject, sql, &statement);
    if (!error)
        sqlite3_bind_int64(statement, 1, subject->object);
    bool row = true;
    while (!error && row) {
        error = hs_statement_step(statement, &row);
        if (error || !row)
            break;
        const char *kind = (const char *)sqlite3_column_text(statement, 0);
        for (unsigned i = 0; i < HS_REF_KINDS; i++)
            if (kind && !strcmp(kind, hs_ref_kind_name(i)))
                ret->count[i]++;
        ret->all++;
    }
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *read_derived(const struct hs_subject *subject, struct shown *ret)
{
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = hs_subject_prepare(
        subject, "SELECT retained_bytes, external_refs FROM \"%w\".objects WHERE id = ?1", &statement);
    bool row = false;
    if (!error) {
        sqlite3_bind_int64(statement, 1, subject->object);
        error = hs_statement_step(statement, &row);
    }
    ret->retained = -1;
    if (row && sqlite3_column_type(statement, 0) != SQLITE_NULL)
        ret->retained = sqlite3_column_int64(statement, 0);
    if (row)
        ret->external = sqlite3_column_int64(statement, 1);
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *find_path(const struct hs_subject *subject, char **ret)
{
    struct hs_chain chain = {0};
    struct hs_error *error = hs_subject_chain(subject, &chain);
    if (!error && chain.count)
        error = hs_path_format(&chain, ret);
    hs_chain_deinit(&chain);
    return error;
}

static struct hs_error *collect(const struct hs_subject *subject, struct shown *ret)
{
    struct hs_error *error = hs_inspect(subject->reader, subject->object, &ret->object);
    if (!error)
        error = count_kinds(subject, "SELECT kind FROM \"%w\".refs WHERE src = ?1", &ret->refs);
    if (!error)
        error = count_kinds(subject, "SELECT kind FROM \"%w\".refs WHERE dst = ?1", &ret->backrefs);
    if (!error)
        error = read_derived(subject, ret);
    const char *site = NULL;
    if (!error)
        error = find_path(subject, &ret->path);
    if (!error)
        error = hs_reader_allocated_at(subject->reader, subject->object, &site);
    if (!error && site && !(ret->site = strdup(site)))
        error = &hs_error_memory;
    return error;
}

static void put_field(struct hs_text *out, const char *name, const char *data, size_t bytes)
{
    hs_text_printf(out, "  %-12s", name);
    hs_text_clip(out, data, bytes, FIELD_COLUMNS);
    hs_text_puts(out, "\n");
}

static void put_string(struct hs_text *out, const char *name, const char *string)
{
    put_field(out, name, string, strlen(string));
}

static void put_kinds(struct hs_text *out, const char *name, const struct kinds *kinds,
                      const struct hs_subject *subject, const char *command)
{
    struct hs_text text = {0};
    char count[HS_QUANTITY_MAX];
    hs_text_puts(&text, hs_count_format(count, kinds->all));
    const char *separator = " (";
    for (unsigned i = 0; i < HS_REF_KINDS; i++) {
        if (!kinds->count[i])
            continue;
        hs_text_printf(&text, "%s%s %s", separator, hs_count_format(count, kinds->count[i]),
                       hs_ref_kind_name(i));
        separator = ", ";
    }
    if (kinds->all) {
        hs_text_printf(&text, "): heapquery %s ", command);
        hs_text_shell(&text, subject->path);
        hs_text_printf(&text, " '#%" PRIu32 "'", subject->object);
    }
    put_string(out, name, hs_text_string(&text));
    out->failed |= text.failed;
    hs_text_deinit(&text);
}

static void put_refcount(struct hs_text *out, const struct shown *shown)
{
    char all[HS_QUANTITY_MAX], external[HS_QUANTITY_MAX], line[2 * HS_QUANTITY_MAX + 64];
    hs_count_format(all, shown->object.refcount);
    if (shown->external > 0)
        snprintf(line, sizeof(line), "%s (%s of them not explained by references in the snapshot)", all,
                 hs_count_format(external, (uint64_t)shown->external));
    else
        snprintf(line, sizeof(line), "%s", all);
    put_string(out, "refcount", line);
}

static void put_size(struct hs_text *out, const struct hs_inspected *object)
{
    char size[HS_QUANTITY_MAX], exact[HS_QUANTITY_MAX], line[2 * HS_QUANTITY_MAX + 16];
    hs_bytes_format(size, object->size);
    if (object->size < 1000)
        snprintf(line, sizeof(line), "%s", size);
    else
        snprintf(line, sizeof(line), "%s (%s bytes)", size, hs_count_format(exact, object->size));
    put_string(out, "size", line);
}

static const char *generation_name(uint8_t generation)
{
    static const char *const name[] = {"0", "1", "2", "permanent (gc.freeze)"};
    return generation < 4 ? name[generation] : "not tracked by the collector";
}

static struct hs_error *print_for_people(const struct hs_subject *subject, const struct shown *shown)
{
    const struct hs_inspected *object = &shown->object;
    char number[HS_QUANTITY_MAX];
    struct hs_text out = {0};
    hs_text_terminal(&out, object->type_name, strlen(object->type_name));
    hs_text_printf(&out, " #%" PRIu32 "\n", object->object);
    hs_text_printf(&out, "  %-12s0x%" PRIx64 "\n", "address", object->address);
    if (object->value)
        put_field(&out, "value", object->value, object->value_bytes);
    put_size(&out, object);
    if (object->length != HS_NO_LENGTH)
        put_string(&out, "length", hs_count_format(number, object->length));
    if (shown->retained >= 0)
        put_string(&out, "keeps alive", hs_bytes_format(number, (uint64_t)shown->retained));
    put_refcount(&out, shown);
    if (shown->site)
        put_string(&out, "allocated", shown->site);
    put_string(&out, "generation", generation_name(object->generation));
    put_kinds(&out, "refers to", &shown->refs, subject, "refs");
    put_kinds(&out, "referred by", &shown->backrefs, subject, "backrefs");
    put_string(&out, "held by",
               shown->path ? shown->path : "nothing that starts at a root: garbage, or held by C code");
    return hs_text_print(&out, stdout);
}

static void put_json_kinds(struct hs_json *json, const char *key, const struct kinds *kinds)
{
    hs_json_key(json, key);
    hs_json_object_inline(json);
    for (unsigned i = 0; i < HS_REF_KINDS; i++)
        if (kinds->count[i])
            hs_json_key_uint(json, hs_ref_kind_name(i), kinds->count[i]);
    hs_json_object_end(json);
}

static struct hs_error *print_json(const struct shown *shown)
{
    const struct hs_inspected *object = &shown->object;
    struct hs_json json = {.file = stdout};
    hs_json_object(&json);
    hs_json_key_uint(&json, "id", object->object);
    hs_json_key(&json, "address");
    hs_json_address(&json, object->address);
    hs_json_key_string(&json, "type", object->type_name);
    hs_json_key(&json, "value");
    if (object->value)
        hs_json_text(&json, object->value, object->value_bytes);
    else
        hs_json_null(&json);
    hs_json_key_uint(&json, "bytes", object->size);
    hs_json_key(&json, "length");
    if (object->length == HS_NO_LENGTH)
        hs_json_null(&json);
    else
        hs_json_uint(&json, object->length);
    hs_json_key_uint(&json, "refcount", object->refcount);
    hs_json_key(&json, "generation");
    if (object->generation == HS_GENERATION_UNTRACKED)
        hs_json_null(&json);
    else
        hs_json_uint(&json, object->generation);
    hs_json_key(&json, "retained_bytes");
    if (shown->retained < 0)
        hs_json_null(&json);
    else
        hs_json_int(&json, shown->retained);
    hs_json_key_int(&json, "external_refs", shown->external);
    put_json_kinds(&json, "refs", &shown->refs);
    put_json_kinds(&json, "backrefs", &shown->backrefs);
    hs_json_key_string(&json, "path", shown->path);
    hs_json_key_string(&json, "allocated_at", shown->site);
    hs_json_object_end(&json);
    return hs_json_finish(&json);
}

static struct hs_error *run_show(const struct hs_options *options)
{
    struct hs_subject subject;
    struct hs_error *error = hs_subject_open(options, true, &subject);
    if (error)
        return error;
    struct shown shown = {0};
    error = collect(&subject, &shown);
    if (!error && options->format == HS_OUTPUT_JSON)
        error = print_json(&shown);
    else if (!error)
        error = print_for_people(&subject, &shown);
    free(shown.path);
    free(shown.site);
    hs_inspected_deinit(&shown.object);
    hs_subject_close(&subject);
    return error;
}

const struct hs_command hs_command_show = {
    .name = "show",
    .aliases = (const char *const[]){"at", NULL},
    .arguments = "SNAPSHOT.db OBJECT",
    .summary = "everything about one object",
    .details =
        "Shows one object: type, value, size, what it alone keeps alive (itself included), refcount, how\n"
        "many references come and go, and in one line what holds it, as a Python expression where\n"
        "there is one.",
    .examples = "  heapquery show after.db 'webapp.DB[-1]'\n"
                "  heapquery show after.db 0x7f0123456780 --json\n",
    .takes = HS_TAKES_JSON,
    .least = 2,
    .most = 2,
    .run = run_show,
};
