/* The loadable extension in a connection that knows nothing of us. */
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
    sqlite3 *db;
};

/* The extension of the same build: the programs of the tests are in BUILD/tests, it is in BUILD/lib. */
static char *extension_path(void)
{
    char self[4096];
    ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);
    assert_true(bytes > 0);
    self[bytes] = '\0';
    for (int i = 0; i < 2; i++)
        *strrchr(self, '/') = '\0';
    char *path;
    assert_true(asprintf(&path, "%s/lib/heapsnap.so", self) >= 0);
    return path;
}

static char *write_webapp(const char *directory, const char *name, uint32_t databases)
{
    char *path;
    assert_true(asprintf(&path, "%s/%s", directory, name) >= 0);
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
    state->before = write_webapp(state->directory, "before.db", 3);
    state->after = write_webapp(state->directory, "after.db", 5);
    assert_int_equal(sqlite3_open(":memory:", &state->db), SQLITE_OK);
    sqlite3_db_config(state->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, (int *)NULL);
    char *path = extension_path(), *message = NULL;
    if (sqlite3_load_extension(state->db, path, NULL, &message))
        fail_msg("%s", message);
    free(path);
    *argument = state;
    return 0;
}

static int tear_down(void **argument)
{
    struct state *state = *argument;
    assert_int_equal(sqlite3_close(state->db), SQLITE_OK);
    fixture_remove(state->directory);
    free(state->before);
    free(state->after);
    free(state);
    return 0;
}

static void attach(struct state *state, const char *path, const char *schema, const char *expected)
{
    char *rows = schema ? sql_rowsf(state->db, "SELECT heapsnap_attach('%s', '%s')", path, schema)
                        : sql_rowsf(state->db, "SELECT heapsnap_attach('%s')", path);
    if (!strstr(rows, expected))
        fail_msg("attaching %s gives %s", path, rows);
    free(rows);
}

static void test_attach(void **argument)
{
    struct state *state = *argument;
    attach(state, state->before, NULL, "before\n");
    attach(state, state->after, "second one", "second one\n");
    sql_expect(
        state->db,
        "SELECT a.type, count(*) FROM \"second one\".objects a LEFT JOIN before.objects b USING (address)"
        " WHERE b.id IS NULL GROUP BY a.type",
        "dict|2\nlist|2\nstr|4\nwebapp.DB|2\n");
    sql_expect(state->db, "SELECT name FROM before.modules", "webapp\n");
    sql_expect(state->db,
               "SELECT obj('webapp.DB[0]', 'before') = (SELECT min(id) FROM before.objects"
               " WHERE type = 'webapp.DB')",
               "1\n");
    sql_expect(state->db,
               "SELECT path FROM before.retaining_chain(obj('webapp.DB[-1]')) ORDER BY step DESC LIMIT 1",
               "webapp._open_databases['db2']\n");
}

static void test_names(void **argument)
{
    struct state *state = *argument;
    attach(state, state->after, NULL, "after\n");
    attach(state, state->after, NULL, "after_2\n");
    attach(state, state->after, "after", "already in use");
    attach(state, state->after, "main", "choose another name");
    attach(state, state->after, "temp", "choose another name");
    attach(state, "/nowhere/x.db", NULL, "/nowhere/x.db: ");
    sql_expect_error(state->db, "SELECT heapsnap_attach(NULL)", "takes the file");
    sql_expect(state->db, "SELECT name FROM pragma_database_list WHERE name GLOB 'a*'", "after\nafter_2\n");
}

/* A name that was detached is free, and the tables of the snapshot before it are gone. */
static void test_detach(void **argument)
{
    struct state *state = *argument;
    attach(state, state->before, "x", "x\n");
    sql_expect(state->db, "SELECT count(*) FROM x.objects WHERE type = 'webapp.DB'", "3\n");
    sql_expect(state->db, "DETACH x", "");
    sql_expect_error(state->db, "SELECT * FROM x.objects", "no such table");
    attach(state, state->after, "x", "x\n");
    sql_expect(state->db, "SELECT count(*) FROM x.objects WHERE type = 'webapp.DB'", "5\n");
}

static void test_in_a_transaction(void **argument)
{
    struct state *state = *argument;
    sql_expect(state->db, "CREATE TABLE mine(x)", "");
    sql_expect(state->db, "BEGIN", "");
    sql_expect(state->db, "INSERT INTO mine VALUES (1)", "");
    attach(state, state->after, NULL, "after\n");
    sql_expect(state->db, "SELECT count(*) FROM after.objects WHERE type = 'webapp.DB'", "5\n");
    sql_expect(state->db, "COMMIT", "");
    sql_expect(state->db, "CREATE TABLE copy AS SELECT * FROM after.objects", "");
    sql_expect(state->db, "SELECT (SELECT count(*) FROM copy) = count(*) FROM after.objects", "1\n");
}

/* Ten is what SQLite attaches by default. */
static void test_too_many(void **argument)
{
    struct state *state = *argument;
    for (int i = 0; i < 10; i++)
        attach(state, state->before, NULL, "before");
    attach(state, state->before, NULL, "too many attached databases");
}

/* A stranger's database must not make a user's connection open files. */
static void test_not_from_a_view(void **argument)
{
    struct state *state = *argument;
    sql_expect(state->db, "CREATE VIEW trap AS SELECT heapsnap_attach('/etc/passwd')", "");
    sql_expect_error(state->db, "SELECT * FROM trap", "unsafe use of heapsnap_attach");
    sql_expect_error(state->db, "CREATE VIRTUAL TABLE t USING heapsnap_objects",
                     "no snapshot is attached as main");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_attach, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_detach, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_a_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_not_from_a_view, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
