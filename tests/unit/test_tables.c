/* The virtual tables objects and refs: rows, plans, order, and agreement with plain lists on random heaps. */
#include "format/session.h"
#include "tests/unit/fixture.h"
#include "tests/unit/sql.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Objects of the random heap: more than one chunk, and not a multiple of one. */
#define RANDOM_OBJECTS (HS_CHUNK_OBJECTS + 3000)

struct state {
    char *directory;
    struct fixture *webapp, *random;
    struct hs_session *webapp_session, *random_session;
    sqlite3 *db, *random_db;
};

static struct hs_session *open_fixture(const char *directory, const char *name, const struct fixture *fixture)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fixture_write(fixture, path);
    const char *paths[] = {path};
    struct hs_session *session = NULL;
    struct hs_error *error = hs_session_open(paths, 1, NULL, &session);
    if (error)
        fail_msg("%s", error->message);
    return session;
}

static int set_up(void **argument)
{
    struct state *state = calloc(1, sizeof(*state));
    assert_non_null(state);
    state->directory = fixture_directory();
    state->webapp = fixture_webapp(3);
    state->random = fixture_random(7, RANDOM_OBJECTS);
    state->webapp_session = open_fixture(state->directory, "webapp.db", state->webapp);
    state->random_session = open_fixture(state->directory, "random.db", state->random);
    state->db = hs_session_db(state->webapp_session);
    state->random_db = hs_session_db(state->random_session);
    *argument = state;
    return 0;
}

static int tear_down(void **argument)
{
    struct state *state = *argument;
    hs_session_close(state->webapp_session);
    hs_session_close(state->random_session);
    fixture_destroy(state->webapp);
    fixture_destroy(state->random);
    fixture_remove(state->directory);
    free(state);
    return 0;
}

static void test_columns(void **argument)
{
    struct state *state = *argument;
    sql_expect(state->db, "SELECT * FROM objects WHERE id = 0",
               "0|139637976727552|4|module|64|1|2|1|0|NULL|NULL|webapp|NULL\n");
    sql_expect(state->db, "SELECT type, generation, tracked, value FROM objects WHERE value = 'db0'",
               "str|NULL|0|db0\n");
    sql_expect(state->db, "SELECT length FROM objects WHERE id = 3", "3\n");
    sql_expect(state->db,
               "SELECT in_refs, external_refs, reachable, distance, parent_id, dominator_id,"
               " retained_bytes, path FROM objects WHERE id = 0",
               "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL\n");
    sql_expect(state->db, "SELECT count(*) FROM pragma_table_info('objects')", "13\n");
    sql_expect(state->db, "SELECT count(*) FROM pragma_table_xinfo('objects')", "21\n");
    sql_expect(state->db, "SELECT kind, name, slot, owning FROM refs WHERE src = 0",
               "member|__dict__|NULL|1\n");
    sql_expect(state->db, "SELECT kind, name FROM refs WHERE src = 1", "global|_open_databases\nglobal|DB\n");
}

/* A value of a plain dict is named by the stored value of its key; the key itself has no name. */
static void test_names_of_values(void **argument)
{
    struct state *state = *argument;
    sql_expect(state->db, "SELECT kind, name, slot FROM refs WHERE src = 3",
               "key|NULL|0\nvalue|db0|0\nkey|NULL|1\nvalue|db1|1\nkey|NULL|2\nvalue|db2|2\n");
    sql_expect(state->db,
               "SELECT r.name FROM refs r JOIN objects o ON o.id = r.dst"
               " WHERE o.type = 'webapp.DB' AND r.kind = 'value' ORDER BY r.dst",
               "db0\ndb1\ndb2\n");
}

static void test_equality(void **argument)
{
    struct state *state = *argument;
    sql_expect(state->db, "SELECT id FROM objects WHERE rowid = 3", "3\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id = '3'", "3\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id = 3.0", "3\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id = 3.5", "");
    sql_expect(state->db, "SELECT id FROM objects WHERE id = 'three'", "");
    sql_expect(state->db, "SELECT id FROM objects WHERE id = NULL", "");
    sql_expect(state->db, "SELECT id FROM objects WHERE id IN (1, 3, 1, -1, 1000000, 4294967299)", "1\n3\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE address = 0x7f0000000000 + 64 * 5", "5\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE address IN (0x7f0000000001, 0, -1)", "");
    sql_expect(state->db, "SELECT count(*) FROM objects WHERE type = 'webapp.DB'", "3\n");
    sql_expect(state->db, "SELECT count(*) FROM objects WHERE type = 'WEBAPP.DB' COLLATE NOCASE", "3\n");
    sql_expect(state->db, "SELECT count(*) FROM objects WHERE type = 'webapp.D'", "0\n");
    sql_expect(state->db, "SELECT count(*) FROM objects WHERE type = x'00'", "0\n");
    sql_expect(state->db, "SELECT count(*) FROM objects WHERE type = 7", "0\n");
    sql_expect(state->db, "SELECT DISTINCT type FROM objects WHERE type_id = 1", "dict\n");
    sql_expect(state->db, "SELECT count(*) FROM objects WHERE type_id IN (-1, 99, 4294967297, 'x')", "0\n");
    sql_expect(state->db, "SELECT dst, name FROM refs WHERE rowid = (1 << 32) + 1", "2|DB\n");
    sql_expect(state->db, "SELECT dst FROM refs WHERE rowid IN (-1, 2, (1 << 32) + 2, 1 << 62)", "");
}

/* IN is a lookup for each value, OR the union of two lookups by rowid: both mix orders and could give rows
 * twice. */
static void test_in_and_or(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->db;
    sql_expect(db, "SELECT id FROM objects WHERE id IN (3, 1, 2, 3) ORDER BY id DESC", "3\n2\n1\n");
    sql_expect(
        db,
        "SELECT DISTINCT type FROM objects WHERE type IN ('str', 'dict', 'list', 'str') ORDER BY type DESC",
        "str\nlist\ndict\n");
    sql_expect(db, "SELECT type_id, count(*) FROM objects WHERE type_id IN (3, 1) GROUP BY type_id",
               "1|5\n3|6\n");
    sql_expect(db, "SELECT id FROM objects WHERE address = 0x7f0000000000 OR id IN (0, 2) ORDER BY id",
               "0\n2\n");
    static const char either[] = "SELECT count(*) FROM refs WHERE src = 1 OR dst = 3";
    sql_expect_plan(db, either, "MULTI-INDEX OR");
    sql_expect(db, either, "2\n");
}

static void test_ranges(void **argument)
{
    struct state *state = *argument;
    sql_expect(state->db, "SELECT id FROM objects WHERE id > 1 AND id <= 4", "2\n3\n4\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id < 2 ORDER BY id DESC", "1\n0\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id BETWEEN 1.5 AND 3.5", "2\n3\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id < 'text' AND id < 2", "0\n1\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE id > 'text'", "");
    sql_expect(state->db, "SELECT id FROM objects WHERE id > 3 AND id < 3", "");
    sql_expect(state->db,
               "SELECT count(*) = (SELECT max(id) + 1 FROM objects) FROM objects WHERE id > -1e300", "1\n");
    sql_expect(
        state->db,
        "SELECT id FROM objects WHERE address >= 0x7f0000000000 + 63 AND address < 0x7f0000000000 + 200",
        "1\n2\n3\n");
    sql_expect(state->db, "SELECT id FROM objects WHERE address > 9223372036854775806", "");
    sql_expect(state->db, "SELECT id FROM objects WHERE address < 0x7f0000000000 + 65 AND id > 0", "1\n");
    sql_expect(state->db, "SELECT DISTINCT src FROM refs WHERE src >= 1 AND src < 4", "1\n3\n");
}

/* Constraints that the tables take mean what they mean to SQLite: every comparison with every odd value,
 * against the same rows in ordinary tables. */
static void test_comparisons(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->db;
    static const char *const tables[][2] = {
        {"objects", "id"},      {"objects", "rowid"}, {"objects", "address"},
        {"objects", "type_id"}, {"objects", "type"},  {"refs", "src"},
        {"refs", "dst"},        {"refs", "rowid"},    {"refs", "kind"},
    };
    static const char *const operators[] = {"=", "<", "<=", ">", ">=", "IS", "<>"};
    static const char *const values[] = {
        "NULL",
        "0",
        "-1",
        "3",
        "3.0",
        "3.5",
        "-0.5",
        "'3'",
        "' 3 '",
        "'3.5'",
        "'x'",
        "''",
        "x'33'",
        "4294967299",
        "9223372036854775807",
        "-9223372036854775808",
        "9.3e18",
        "-9.3e18",
        "1e300",
        "-1e300",
        "'9223372036854775808'",
        "12884901888",
        "139637976727744",
        "139637976727743.5",
        "'139637976727744'",
        "'dict'",
        "'DICT'",
        "'webapp.DB'",
        "(SELECT 3)",
        "(SELECT '3')",
        "CAST('dict' AS BLOB)",
        "'1e1'",
        "'item'",
        "'ITEM'",
        "'item' COLLATE NOCASE",
        "'value'",
    };
    sql_expect(db,
               "CREATE TEMP TABLE plain_objects(id INTEGER PRIMARY KEY, address INTEGER, type_id INTEGER, "
               "type TEXT)",
               "");
    sql_expect(db, "INSERT INTO plain_objects SELECT id, address, type_id, type FROM objects", "");
    sql_expect(
        db, "CREATE TEMP TABLE plain_refs(number INTEGER PRIMARY KEY, src INTEGER, dst INTEGER, kind TEXT)",
        "");
    sql_expect(db, "INSERT INTO plain_refs SELECT rowid, src, dst, kind FROM refs", "");
    for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
        for (size_t o = 0; o < sizeof(operators) / sizeof(*operators); o++) {
            for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
                static const char format[] = "SELECT rowid FROM temp.plain_%s WHERE %s %s %s ORDER BY rowid";
                char *expected = sql_rowsf(db, format, tables[t][0], tables[t][1], operators[o], values[v]);
                char *rows = sql_rowsf(db, "SELECT rowid FROM main.%s WHERE %s %s %s ORDER BY rowid",
                                       tables[t][0], tables[t][1], operators[o], values[v]);
                if (strcmp(rows, expected))
                    fail_msg("%s.%s %s %s gives\n%sand not\n%s", tables[t][0], tables[t][1], operators[o],
                             values[v], rows, expected);
                free(rows);
                free(expected);
            }
        }
    }
    sql_expect(db, "DROP TABLE plain_objects", "");
    sql_expect(db, "DROP TABLE plain_refs", "");
}

static void test_plans(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->random_db;
    sql_expect_plan(db, "SELECT * FROM objects WHERE id = 3", "VIRTUAL TABLE INDEX 1:");
    sql_expect_plan(db, "SELECT * FROM objects WHERE address = 3", "VIRTUAL TABLE INDEX 2:");
    sql_expect_plan(db, "SELECT * FROM objects WHERE type_id = 3", "VIRTUAL TABLE INDEX 3:");
    sql_expect_plan(db, "SELECT * FROM objects WHERE type = 'dict'", "VIRTUAL TABLE INDEX 4:");
    sql_expect_plan(db, "SELECT * FROM refs WHERE src = 3", "VIRTUAL TABLE INDEX 2:");
    sql_expect_plan(db, "SELECT * FROM refs WHERE dst = 3", "VIRTUAL TABLE INDEX 3:");
    static const char *const sorted[] = {
        "SELECT type, count(*) FROM objects GROUP BY type",
        "SELECT type_id, sum(shallow_bytes) FROM objects GROUP BY type_id",
        "SELECT type_id, type, count(*) FROM objects GROUP BY type_id, type",
        "SELECT id FROM objects ORDER BY type, type_id, id",
        "SELECT id FROM objects ORDER BY type DESC",
        "SELECT id FROM objects ORDER BY type_id DESC, id DESC",
        "SELECT id FROM objects ORDER BY id DESC",
        "SELECT id FROM objects ORDER BY address",
        "SELECT id FROM objects WHERE type_id = 3 ORDER BY address DESC",
        "SELECT src, count(*) FROM refs GROUP BY src",
        "SELECT dst, count(*) FROM refs GROUP BY dst",
        "SELECT dst, src FROM refs ORDER BY dst DESC, src DESC",
        "SELECT src FROM refs WHERE dst = 7 ORDER BY src",
        "SELECT src FROM refs ORDER BY rowid DESC",
        "SELECT kind, count(*) FROM refs GROUP BY kind",
        "SELECT kind, src, count(*) FROM refs GROUP BY kind, src",
        "SELECT src FROM refs WHERE kind = 'item' ORDER BY src",
    };
    for (size_t i = 0; i < sizeof(sorted) / sizeof(*sorted); i++)
        sql_expect_plan(db, sorted[i], "!TEMP B-TREE");
    sql_expect_plan(db, "SELECT id FROM objects ORDER BY type, id DESC", "TEMP B-TREE");
    sql_expect_plan(db, "SELECT id FROM objects ORDER BY shallow_bytes", "TEMP B-TREE");
}

/* Joins go from the few to the many by an index, whichever way they are written. */
static void test_joins(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->random_db;
    sql_expect_plan(db, "SELECT o.type FROM refs r JOIN objects o ON o.id = r.src WHERE r.dst = 5",
                    "SCAN r VIRTUAL TABLE INDEX 3:");
    sql_expect_plan(db, "SELECT o.type FROM refs r JOIN objects o ON o.id = r.src WHERE r.dst = 5",
                    "SCAN o VIRTUAL TABLE INDEX 1:");
    sql_expect_plan(db, "SELECT o.type FROM objects o JOIN refs r ON o.id = r.src WHERE o.address = 5",
                    "SCAN r VIRTUAL TABLE INDEX 2:");
    sql_expect_plan(
        db,
        "WITH RECURSIVE up(id) AS (VALUES (9) UNION SELECT r.src FROM up JOIN refs r ON r.dst = up.id)"
        " SELECT o.id FROM up JOIN objects o ON o.id = up.id",
        "SCAN r VIRTUAL TABLE INDEX 3:");
    sql_expect_plan(
        db,
        "WITH RECURSIVE up(id) AS (VALUES (9) UNION SELECT r.src FROM up JOIN refs r ON r.dst = up.id)"
        " SELECT o.id FROM up JOIN objects o ON o.id = up.id WHERE o.type = 'module'",
        "SCAN o VIRTUAL TABLE INDEX 1:");
}

/* What an order without a sorter gives is what SQLite's own sorter gives. */
static void test_order(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->random_db;
    static const char *const keys[][2] = {
        {"objects", "id"},
        {"objects", "id DESC"},
        {"objects", "type, type_id, id"},
        {"objects", "type DESC, type_id DESC, id DESC"},
        {"objects", "type_id, id"},
        {"objects", "type_id DESC, address DESC"},
        {"refs", "src, rowid"},
        {"refs", "src DESC, rowid DESC"},
        {"refs", "kind, src, rowid"},
        {"refs", "kind DESC, src DESC, rowid DESC"},
        {"refs", "dst, src, rowid"},
        {"refs", "dst DESC, src DESC, rowid DESC"},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *table = keys[i][0], *key = keys[i][1];
        /* +column takes the table's order out of the planner's reach. */
        char sorted_key[128] = "+", *to = sorted_key + 1;
        for (const char *from = key; *from; from++) {
            *to++ = *from;
            if (*from == ' ' && from[-1] == ',')
                *to++ = '+';
        }
        *to = '\0';
        char *ours = sql_rowsf(db, "SELECT rowid FROM %s ORDER BY %s", table, key);
        char *sorted = sql_rowsf(db, "SELECT rowid FROM %s ORDER BY %s", table, sorted_key);
        if (strcmp(ours, sorted))
            fail_msg("ORDER BY %s of %s is not sorted", key, table);
        assert_true(strlen(ours) > 100000);
        free(ours);
        free(sorted);
    }
    sql_expect(db,
               "SELECT count(*) FROM (SELECT type, count(*) FROM objects GROUP BY type"
               " EXCEPT SELECT name, sum(objects) FROM types GROUP BY name)",
               "0\n");
    sql_expect(db, "SELECT count(DISTINCT type), count(DISTINCT type_id) FROM objects", "8|9\n");
}

static char *text_or_null(const char *text)
{
    return text ? sqlite3_mprintf("%Q", text) : sqlite3_mprintf("NULL");
}

/* Each reference of the fixture, in order, against the rows of refs. */
static void test_refs_by_src(void **argument)
{
    struct state *state = *argument;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(state->random_db,
                                        "SELECT src, dst, kind, name, slot, owning FROM refs", -1, &statement,
                                        NULL),
                     SQLITE_OK);
    struct fixture_ref *refs = calloc(1000, sizeof(*refs));
    uint64_t total = 0;
    for (uint32_t object = 0; object < fixture_objects(state->random); object++) {
        size_t count = fixture_refs(state->random, object, refs, 1000);
        assert_true(count <= 1000);
        for (size_t i = 0; i < count; i++, total++) {
            const struct fixture_ref *ref = &refs[i];
            assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
            assert_int_equal(sqlite3_column_int64(statement, 0), ref->src);
            assert_int_equal(sqlite3_column_int64(statement, 1), ref->dst);
            assert_string_equal((const char *)sqlite3_column_text(statement, 2), hs_ref_kind_name(ref->kind));
            const char *name = (const char *)sqlite3_column_text(statement, 3);
            if (ref->name)
                assert_string_equal(name, ref->name);
            else if (ref->kind != HS_REF_VALUE)
                assert_null(name);
            if (ref->slot == HS_NO_LABEL)
                assert_int_equal(sqlite3_column_type(statement, 4), SQLITE_NULL);
            else
                assert_int_equal(sqlite3_column_int64(statement, 4), ref->slot);
            assert_int_equal(sqlite3_column_int(statement, 5), ref->owning);
        }
    }
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    assert_int_equal(hs_reader_refs(hs_session_reader(state->random_session, 0)), total);
    free(refs);
}

/* The references to some objects, from the fixture, against dst = ?. */
static void test_refs_by_dst(void **argument)
{
    struct state *state = *argument;
    size_t objects = fixture_objects(state->random);
    struct fixture_ref *refs = calloc(1000, sizeof(*refs));
    uint32_t wanted[] = {0, 1, 5, 100, HS_CHUNK_OBJECTS - 1, HS_CHUNK_OBJECTS, (uint32_t)objects - 1};
    for (size_t w = 0; w < sizeof(wanted) / sizeof(*wanted); w++) {
        sqlite3_str *expected = sqlite3_str_new(NULL);
        for (uint32_t object = 0; object < objects; object++) {
            size_t count = fixture_refs(state->random, object, refs, 1000);
            for (size_t i = 0; i < count; i++) {
                if (refs[i].dst != wanted[w])
                    continue;
                char *name = text_or_null(refs[i].name);
                sqlite3_str_appendf(expected, "%u|%s|%s|%u\n", object, hs_ref_kind_name(refs[i].kind), name,
                                    i);
                sqlite3_free(name);
            }
        }
        char *text = sqlite3_str_finish(expected);
        char *rows = sql_rowsf(state->random_db,
                               "SELECT src, kind, CASE kind WHEN 'value' THEN 'NULL' ELSE quote(name) END,"
                               " rowid & 0xffffffff FROM refs WHERE dst = %u",
                               wanted[w]);
        assert_string_equal(rows, text ? text : "");
        sqlite3_free(text);
        free(rows);
    }
    free(refs);
    sqlite3 *db = state->random_db;
    int64_t all = sql_number(db, "SELECT count(*) FROM refs");
    assert_int_equal(sql_number(db, "SELECT sum(n) FROM (SELECT count(*) AS n FROM refs GROUP BY dst)"), all);
    assert_int_equal(
        sql_number(db, "SELECT sum((SELECT count(*) FROM refs WHERE dst = o.id)) FROM objects o"), all);
}

/* Addresses, existing ones and those between, found through the index and by a scan. */
static void test_addresses(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->random_db;
    sql_expect(db, "SELECT count(*), sum(b.id = a.id) FROM objects a JOIN objects b ON b.address = a.address",
               "19384|19384\n");
    sql_expect(db, "SELECT count(*) FROM objects a JOIN objects b ON b.address = a.address + 16", "0\n");
    sql_expect(db,
               "SELECT count(*) FROM (SELECT id FROM objects WHERE address >= 0x7f0000000000 + 64 * 16383"
               " AND address <= 0x7f0000000000 + 64 * 16384)",
               "2\n");
}

/* The kind is looked for together with whatever else is. */
static void test_kinds(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->random_db;
    sql_expect(db, "CREATE TEMP TABLE copy AS SELECT rowid AS number, * FROM refs", "");
    static const char *const kinds[] = {"attribute", "item", "key",    "value",    "local",
                                        "global",    "type", "member", "internal", "cell"};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        static const char *const where[] = {"1", "src = 17", "dst = 5", "src > 16000",
                                            "number IN (0, 1 << 32, 70 << 32)"};
        for (size_t k = 0; k < sizeof(where) / sizeof(*where); k++) {
            char *expected =
                sql_rowsf(db,
                          "SELECT number, src, dst, kind, name, slot FROM copy WHERE %s AND kind = '%s'"
                          " ORDER BY number",
                          where[k], kinds[i]);
            char *rows = sql_rowsf(
                db,
                "SELECT number, src, dst, kind, name, slot FROM (SELECT rowid AS number, * FROM refs)"
                " WHERE %s AND kind = '%s' ORDER BY number",
                where[k], kinds[i]);
            if (strcmp(rows, expected))
                fail_msg("%s of kind %s differ", where[k], kinds[i]);
            free(rows);
            free(expected);
        }
    }
    sql_expect(db,
               "SELECT count(*) FROM (SELECT kind, count(*) FROM refs GROUP BY kind"
               " EXCEPT SELECT kind, count(*) FROM copy GROUP BY kind)",
               "0\n");
    sql_expect(db, "SELECT count(DISTINCT kind) > 7 FROM refs", "1\n");
    sql_expect(db, "DROP TABLE copy", "");
}

/* Two cursors on one table, one inside the other, each with its own chunk. */
static void test_nested_cursors(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->random_db;
    hs_reader_set_cache(hs_session_reader(((struct state *)*argument)->random_session, 0), 1);
    sql_expect(db,
               "SELECT count(*) FROM objects a JOIN objects b ON b.id = 19383 - a.id"
               " WHERE a.shallow_bytes + b.shallow_bytes < 0 OR b.address + a.address <> 2 * 0x7f0000000000 "
               "+ 64 * 19383",
               "0\n");
    sql_expect(db,
               "SELECT count(*) FROM refs r JOIN objects o ON o.id = r.dst WHERE o.address <> 0x7f0000000000 "
               "+ 64 * r.dst",
               "0\n");
}

static void test_read_only(void **argument)
{
    sqlite3 *db = ((struct state *)*argument)->db;
    sql_expect_error(db, "INSERT INTO objects(id) VALUES (1)", "");
    sql_expect_error(db, "DELETE FROM refs", "");
    sql_expect_error(db, "UPDATE objects SET type = 'x'", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),     cmocka_unit_test(test_names_of_values),
        cmocka_unit_test(test_equality),    cmocka_unit_test(test_in_and_or),
        cmocka_unit_test(test_ranges),      cmocka_unit_test(test_comparisons),
        cmocka_unit_test(test_plans),       cmocka_unit_test(test_joins),
        cmocka_unit_test(test_order),       cmocka_unit_test(test_refs_by_src),
        cmocka_unit_test(test_refs_by_dst), cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_kinds),       cmocka_unit_test(test_nested_cursors),
        cmocka_unit_test(test_read_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
