/* Sessions: schemas and their names, several snapshots, small tables, derived columns, lock-down, the plain
 * form. */
#include "format/plain.h"
#include "format/session.h"
#include "tests/unit/fixture.h"
#include "tests/unit/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct state {
    char *directory;
    char *before, *after;
};

static char *file(const struct state *state, const char *name)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", state->directory, name) >= 0);
    return path;
}

static char *write_webapp(const struct state *state, const char *name, uint32_t databases)
{
    char *path = file(state, name);
    struct fixture *fixture = fixture_webapp(databases);
    fixture_write(fixture, path);
    fixture_destroy(fixture);
    return path;
}

static int set_up(void **argument)
{
    struct state *state = calloc(1, sizeof(*state));
    assert_non_null(state);
    state->directory = fixture_directory();
    state->before = write_webapp(state, "before.db", 3);
    state->after = write_webapp(state, "after.db", 5);
    *argument = state;
    return 0;
}

static int tear_down(void **argument)
{
    struct state *state = *argument;
    fixture_remove(state->directory);
    free(state->before);
    free(state->after);
    free(state);
    return 0;
}

static struct hs_session *open_many(const char *const *paths, size_t count,
                                    const struct hs_derived_ops *derived)
{
    struct hs_session *session = NULL;
    struct hs_error *error = hs_session_open(paths, count, derived, &session);
    if (error)
        fail_msg("%s", error->message);
    return session;
}

static struct hs_session *open_one(const char *path)
{
    return open_many(&path, 1, NULL);
}

static void test_alone_is_main(void **argument)
{
    struct state *state = *argument;
    struct hs_session *session = open_one(state->after);
    sqlite3 *db = hs_session_db(session);
    assert_int_equal(hs_session_count(session), 1);
    assert_string_equal(hs_session_schema(session, 0), "main");
    sql_expect(db, "SELECT count(*) FROM main.objects WHERE type = 'webapp.DB'", "5\n");
    sql_expect(db, "SELECT name FROM modules", "webapp\n");
    sql_expect(db, "SELECT kind, name FROM roots", "module|webapp\n");
    sql_expect(db, "SELECT objects FROM types WHERE name = 'webapp.DB'", "5\n");
    sql_expect(db, "SELECT (SELECT value FROM snapshot WHERE name = 'objects') = count(*) FROM objects",
               "1\n");
    sql_expect(db, "SELECT (SELECT value FROM snapshot WHERE name = 'refs') = count(*) FROM refs", "1\n");
    sql_expect(db, "SELECT count(*) > 0 FROM readme", "1\n");
    sql_expect(db, "SELECT count(*) > 0 FROM integrity", "1\n");
    hs_session_close(session);
}

static void test_several(void **argument)
{
    struct state *state = *argument;
    const char *paths[] = {state->before, state->after, state->after};
    struct hs_session *session = open_many(paths, 3, NULL);
    sqlite3 *db = hs_session_db(session);
    assert_string_equal(hs_session_schema(session, 0), "before");
    assert_string_equal(hs_session_schema(session, 1), "after");
    assert_string_equal(hs_session_schema(session, 2), "after_2");
    sql_expect(db,
               "SELECT (SELECT count(*) FROM before.objects WHERE type = 'webapp.DB'),"
               " (SELECT count(*) FROM after.objects WHERE type = 'webapp.DB')",
               "3|5\n");
    static const char join[] =
        "SELECT a.type, count(*) FROM after.objects a LEFT JOIN before.objects b USING (address)"
        " WHERE b.id IS NULL GROUP BY a.type";
    sql_expect(db, join, "dict|2\nlist|2\nstr|4\nwebapp.DB|2\n");
    sql_expect_plan(db, join, "SCAN b VIRTUAL TABLE INDEX 2:");
    sql_expect(db, "SELECT count(*) FROM after.refs EXCEPT SELECT count(*) FROM after_2.refs", "");
    assert_ptr_equal(hs_session_reader(session, 1), hs_catalog_reader(hs_session_catalog(session), 1));
    assert_int_equal(hs_catalog_find(hs_session_catalog(session), "AFTER"), 1);
    assert_int_equal(hs_catalog_find(hs_session_catalog(session), "during"), 3);
    hs_session_close(session);
}

/* Names of files become identifiers that need no quotes. */
static void test_hostile_names(void **argument)
{
    struct state *state = *argument;
    static const char *const names[][2] = {
        {"rep-1.db", "rep_1"},
        {"1.db", "_1"},
        {"order.db", "order_"},
        {"main.db", "main_2"},
        {"temp", "temp_2"},
        {".db", "_db"},
        {"a\"; DROP TABLE x; --.db", "a___DROP_TABLE_x____"},
        {"\xff\xfe\x1b[31m.db", "____31m"},
        {"x.tar.db", "x_tar"},
    };
    size_t count = sizeof(names) / sizeof(*names);
    char *paths[16];
    for (size_t i = 0; i < count; i++)
        paths[i] = write_webapp(state, names[i][0], (uint32_t)i);
    struct hs_session *session = open_many((const char *const *)paths, count, NULL);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(hs_session_schema(session, i), names[i][1]);
        char expected[16];
        snprintf(expected, sizeof(expected), "%zu\n", i);
        char *rows = sql_rowsf(hs_session_db(session),
                               "SELECT count(*) FROM %s.objects WHERE type = 'webapp.DB'", names[i][1]);
        assert_string_equal(rows, expected);
        free(rows);
        free(paths[i]);
    }
    hs_session_close(session);
}

static void expect_refused(const char *const *paths, size_t count, enum hs_error_code code, const char *part)
{
    struct hs_session *session = NULL;
    struct hs_error *error = hs_session_open(paths, count, NULL, &session);
    assert_non_null(error);
    assert_null(session);
    assert_int_equal(error->code, code);
    if (!strstr(error->message, part) || strchr(error->message, '\n'))
        fail_msg("%s", error->message);
    hs_error_destroy(error);
}

static void test_refusals(void **argument)
{
    struct state *state = *argument;
    const char *many[11];
    for (size_t i = 0; i < 11; i++)
        many[i] = state->before;
    expect_refused(many, 11, HS_ERROR_LIMIT, "at most 10");
    hs_session_close(open_many(many, 10, NULL));
    char *missing = file(state, "missing.db");
    const char *paths[] = {state->before, missing};
    expect_refused(paths, 2, HS_ERROR_SYSTEM, "missing.db: ");
    expect_refused(paths + 1, 1, HS_ERROR_SYSTEM, "missing.db: ");
    free(missing);
}

static void test_lockdown(void **argument)
{
    struct state *state = *argument;
    struct hs_session *session = open_one(state->after);
    sqlite3 *db = hs_session_db(session);
    static const char *const refused[] = {
        "CREATE TABLE x(a)",
        "CREATE TABLE main.x AS SELECT 1",
        "CREATE INDEX i ON types(name)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON types BEGIN SELECT 1; END",
        "INSERT INTO types SELECT * FROM types",
        "UPDATE types SET name = 'x'",
        "DELETE FROM snapshot",
        "DROP TABLE types",
        "DROP TABLE objects",
        "ALTER TABLE types RENAME TO x",
        "INSERT INTO sqlite_schema(type) VALUES ('table')",
        "UPDATE sqlite_schema SET sql = 'x'",
        "ATTACH ':memory:' AS x",
        "ATTACH '/tmp/x.db' AS x",
        "DETACH main",
        "VACUUM",
        "VACUUM INTO '/tmp/heapdump-must-not-exist.db'",
        "PRAGMA writable_schema = ON",
        "PRAGMA journal_mode = WAL",
        "PRAGMA user_version = 7",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA trusted_schema = ON",
        "SELECT load_extension('x')",
        "CREATE VIRTUAL TABLE temp.v USING heapsnap_objects",
        "CREATE VIRTUAL TABLE v USING heapsnap_objects",
        "ANALYZE",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        sql_expect_error(db, refused[i], "");
    assert_int_equal(access("/tmp/heapdump-must-not-exist.db", F_OK), -1);
    sql_expect_error(db, "SELECT * FROM heapsnap_objects", "no such table");
    static const char *const allowed[] = {
        "CREATE TEMP TABLE seen(id INTEGER PRIMARY KEY, parent)",
        "INSERT INTO seen SELECT id, NULL FROM objects WHERE type = 'webapp.DB'",
        "CREATE INDEX temp.by_parent ON seen(parent)",
        "UPDATE seen SET parent = 1",
        "CREATE TEMP VIEW v AS SELECT * FROM objects",
        "CREATE TEMP TRIGGER t AFTER DELETE ON seen BEGIN INSERT INTO seen VALUES (1000, 0); END",
        "DELETE FROM seen WHERE id > 20",
        "ALTER TABLE temp.seen RENAME COLUMN parent TO holder",
        "BEGIN",
        "DROP TRIGGER t",
        "ROLLBACK", /* makes SQLite read the schema anew, and connect the tables again */
        "SAVEPOINT s",
        "RELEASE s",
    };
    for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
        sql_expect(db, allowed[i], "");
    sql_expect(db, "SELECT count(*) FROM objects WHERE type = 'webapp.DB'", "5\n");
    sql_expect(db, "SELECT count(*) FROM v WHERE type = 'webapp.DB'", "5\n");
    sql_expect(db, "SELECT count(*) > 2 FROM seen", "1\n");
    sql_expect(db, "PRAGMA user_version", "0\n");
    sql_expect(db, "SELECT name FROM pragma_table_info('refs') LIMIT 1", "src\n");
    sql_expect(
        db, "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 3) SELECT sum(i) FROM n",
        "6\n");
    hs_session_close(session);
}

/* Derived columns come from whoever has registered, one context for each snapshot. */
struct context {
    char schema[16];
    struct hs_reader *reader;
};
static int contexts, installed, declared;

static struct hs_error *derived_create(struct hs_reader *reader, const char *schema, void **ret)
{
    struct context *context = calloc(1, sizeof(*context));
    assert_non_null(context);
    snprintf(context->schema, sizeof(context->schema), "%s", schema);
    context->reader = reader;
    contexts++;
    *ret = context;
    return NULL;
}

static void derived_destroy(void *context)
{
    contexts--;
    free(context);
}

static struct hs_error *derived_get(void *argument, sqlite3 *db, struct hs_reader *reader, uint32_t object,
                                    enum hs_derived column, struct hs_derived_value *ret)
{
    const struct context *context = argument;
    assert_non_null(db);
    assert_ptr_equal(reader, context->reader);
    if (column == HS_DERIVED_REACHABLE)
        return hs_error_create(HS_ERROR_USAGE, "cannot say whether %u is reachable", object);
    *ret = (struct hs_derived_value){
        .null = column == HS_DERIVED_PARENT_ID, .number = 10 * object + column, .text = context->schema};
    return NULL;
}

static struct hs_error *derived_install(sqlite3 *db, struct hs_catalog *catalog)
{
    assert_non_null(db);
    assert_int_equal(hs_catalog_count(catalog), 0);
    installed++;
    return NULL;
}

static struct hs_error *derived_declare(sqlite3 *db, const struct hs_catalog *catalog, size_t index)
{
    char *rows = sql_rowsf(db, "SELECT count(*) FROM \"%s\".objects", hs_catalog_schema(catalog, index));
    assert_true(strncmp(rows, "ERROR", 5));
    free(rows);
    declared++;
    return NULL;
}

static const struct hs_derived_ops derived_ops = {
    .get = derived_get,
    .create = derived_create,
    .destroy = derived_destroy,
    .install = derived_install,
    .declare = derived_declare,
};

static void test_derived(void **argument)
{
    struct state *state = *argument;
    const char *paths[] = {state->before, state->after};
    struct hs_session *session = open_many(paths, 2, &derived_ops);
    sqlite3 *db = hs_session_db(session);
    assert_int_equal(contexts, 2);
    assert_int_equal(installed, 1);
    assert_int_equal(declared, 2);
    assert_string_equal(((struct context *)hs_session_derived(session, 1))->schema, "after");
    sql_expect(
        db, "SELECT in_refs, external_refs, parent_id, retained_bytes, path FROM after.objects WHERE id = 3",
        "30|31|NULL|36|after\n");
    sql_expect(db, "SELECT path FROM before.objects LIMIT 1", "before\n");
    sql_expect_error(db, "SELECT reachable FROM before.objects WHERE id = 7",
                     "cannot say whether 7 is reachable");
    hs_session_close(session);
    assert_int_equal(contexts, 0);
}

/* A statement that is still open keeps the snapshot. */
static void test_close_with_open_statement(void **argument)
{
    struct state *state = *argument;
    struct hs_session *session = open_one(state->after);
    sqlite3_stmt *statement;
    assert_int_equal(
        sqlite3_prepare_v2(hs_session_db(session), "SELECT address FROM objects", -1, &statement, NULL), 0);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    hs_session_close(session);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    sqlite3_finalize(statement);
}

/* The plain form through the tables of both kinds of file, and as SQLite sees it without us. */
static void test_plain(void **argument)
{
    struct state *state = *argument;
    char *packed = file(state, "random.db"), *plain = file(state, "random-plain.db");
    struct fixture *fixture = fixture_random(11, HS_CHUNK_OBJECTS + 500);
    fixture_write(fixture, packed);
    fixture_destroy(fixture);
    struct hs_session *from = open_one(packed);
    struct hs_writer_options options = {.owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    uint64_t bytes = 0;
    struct hs_error *error = hs_plain_write(from, 0, plain, &options, &bytes);
    if (error)
        fail_msg("%s", error->message);
    assert_true(bytes > 100000);
    error = hs_plain_write(from, 0, plain, &options, NULL);
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_EXISTS);
    hs_error_destroy(error);

    struct hs_session *to = open_one(plain);
    assert_true(hs_reader_is_plain(hs_session_reader(to, 0)));
    sqlite3 *stock;
    assert_int_equal(sqlite3_open_v2(plain, &stock, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    static const char *const questions[] = {
        "SELECT id, address, type_id, type, shallow_bytes, refcount, generation, tracked, interpreter, "
        "length, ident,"
        " value FROM objects ORDER BY id",
        "SELECT * FROM refs ORDER BY src, dst, kind, name, slot",
        "SELECT id, value FROM objects WHERE type = 'app.Node' ORDER BY address LIMIT 50",
        "SELECT src, kind, name, slot, owning FROM refs WHERE dst = 17 ORDER BY 1, 2, 3, 4",
        "SELECT type, count(*), sum(shallow_bytes) FROM objects GROUP BY type",
        "SELECT type, kind, count(*) FROM refs JOIN objects ON id = dst GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT * FROM types ORDER BY id",
        "SELECT * FROM roots ORDER BY object_id",
        "SELECT * FROM modules ORDER BY object_id",
        "SELECT * FROM snapshot ORDER BY name",
    };
    for (size_t i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
        char *expected = sql_rows(hs_session_db(from), questions[i]);
        assert_true(strncmp(expected, "ERROR", 5) && *expected);
        sql_expect(hs_session_db(to), questions[i], expected);
        sql_expect(stock, questions[i], expected);
        free(expected);
    }
    sql_expect(stock, "PRAGMA integrity_check", "ok\n");
    sql_expect_plan(stock, "SELECT * FROM refs WHERE dst = 1", "USING INDEX");
    error = hs_reader_verify(hs_session_reader(to, 0));
    if (error)
        fail_msg("%s", error->message);
    sqlite3_close(stock);
    hs_session_close(from);
    hs_session_close(to);
    free(packed);
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone_is_main),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_lockdown),
        cmocka_unit_test(test_derived),
        cmocka_unit_test(test_close_with_open_statement),
        cmocka_unit_test(test_plain),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
