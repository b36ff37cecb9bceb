/* The reader against files that were damaged, forged or are something else. */
#include "tests/unit/sample.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct place {
    char directory[64];
    char path[128];
    char other[128];
    struct sample *sample; /* what path holds */
    uint8_t *data;         /* and its bytes */
    size_t bytes;
};

static void write_file(const char *path, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, bytes), bytes);
    close(fd);
}

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    strcpy(place->directory, "/tmp/hs_reader_XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof(place->path), "%s/snap.db", place->directory);
    snprintf(place->other, sizeof(place->other), "%s/other.db", place->directory);
    place->sample = sample_create(7, 60);
    struct hs_writer_options options = {.owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    sample_ok(sample_write(place->sample, place->path, &options));
    struct stat status;
    assert_int_equal(stat(place->path, &status), 0);
    place->bytes = (size_t)status.st_size;
    place->data = malloc(place->bytes);
    int fd = open(place->path, O_RDONLY);
    assert_int_equal(read(fd, place->data, place->bytes), place->bytes);
    close(fd);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    unlink(place->other);
    int status = rmdir(place->directory);
    sample_destroy(place->sample);
    free(place->data);
    free(place);
    return status;
}

static const char *const small_tables[] = {
    "SELECT * FROM readme", "SELECT * FROM snapshot", "SELECT * FROM types",
    "SELECT * FROM roots",  "SELECT * FROM modules",  "SELECT * FROM threads",
    "SELECT * FROM frames", "SELECT * FROM memory",   "SELECT * FROM integrity",
};
#define TABLES (sizeof(small_tables) / sizeof(*small_tables))

/* Checksum of all that SQL can see of the small tables. */
static uint32_t tables_crc(struct hs_reader *reader)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < TABLES; i++) {
        sqlite3_stmt *statement;
        assert_int_equal(sqlite3_prepare_v2(hs_reader_db(reader), small_tables[i], -1, &statement, NULL),
                         SQLITE_OK);
        int status;
        while ((status = sqlite3_step(statement)) == SQLITE_ROW)
            crc = hs_schema_row_crc(crc, statement);
        assert_int_equal(status, SQLITE_DONE);
        sqlite3_finalize(statement);
    }
    return crc;
}

/* The same of the file as it was written. */
static uint32_t tables_of(const struct place *place)
{
    struct hs_reader *reader;
    sample_ok(hs_reader_open(place->path, &reader));
    uint32_t crc = tables_crc(reader);
    hs_reader_destroy(reader);
    return crc;
}

/* Opens and verifies; gives the error's code, or 0 after all was found to be as it was. */
static int read_again(const struct place *place, const char *path, uint32_t crc)
{
    struct hs_reader *reader;
    struct hs_error *error = hs_reader_open(path, &reader);
    if (!error) {
        error = hs_reader_verify(reader);
        if (!error) {
            sample_compare(place->sample, reader);
            assert_int_equal(tables_crc(reader), crc);
        }
        hs_reader_destroy(reader);
    }
    if (!error)
        return 0;
    int code = (int)error->code;
    assert_non_null(strstr(error->message, path));
    assert_null(strchr(error->message, '\n'));
    hs_error_destroy(error);
    return code;
}

static void every_flip_is_refused_or_changes_nothing(void **state)
{
    struct place *place = *state;
    uint32_t crc = tables_of(place);
    write_file(place->other, place->data, place->bytes);
    int fd = open(place->other, O_WRONLY);
    size_t refused = 0;
    for (size_t i = 0; i < place->bytes; i++) {
        /* One bit or all of them, by turns; bits in turn. */
        uint8_t flipped = (uint8_t)(place->data[i] ^ (i % 2 ? 0xff : 1 << (i / 2 % 8)));
        assert_int_equal(pwrite(fd, &flipped, 1, (off_t)i), 1);
        int code = read_again(place, place->other, crc);
        assert_int_not_equal(code, HS_ERROR_SYSTEM);
        assert_int_not_equal(code, HS_ERROR_USAGE);
        refused += code != 0;
        assert_int_equal(pwrite(fd, &place->data[i], 1, (off_t)i), 1);
    }
    close(fd);
    /* The pages are full enough for this to have tested something. */
    assert_true(refused > 4000);
}

static void every_truncation_is_refused(void **state)
{
    struct place *place = *state;
    write_file(place->other, place->data, place->bytes);
    for (size_t bytes = place->bytes; bytes-- > 0;) {
        assert_int_equal(truncate(place->other, (off_t)bytes), 0);
        int code = read_again(place, place->other, 0);
        if (bytes == 0)
            assert_int_equal(code, HS_ERROR_NOT_SNAPSHOT);
        else
            assert_int_equal(code, HS_ERROR_CORRUPT);
    }
}

/* Opens a file that must be refused, with exactly this message after its name. */
static void refused(const char *path, enum hs_error_code code, const char *message)
{
    struct hs_reader *reader;
    struct hs_error *error = hs_reader_open(path, &reader);
    assert_non_null(error);
    char expected[512];
    snprintf(expected, sizeof(expected), "%s: %s", path, message);
    assert_string_equal(error->message, expected);
    assert_int_equal(error->code, code);
    hs_error_destroy(error);
}

static void other_files_are_refused(void **state)
{
    struct place *place = *state;
    refused("/nonexistent/snap.db", HS_ERROR_SYSTEM, "cannot open the file: No such file or directory");
    refused(place->directory, HS_ERROR_NOT_SNAPSHOT,
            "is not a regular file; try: heapdump run -o FILE.db -- python3 app.py");
    write_file(place->other, "", 0);
    refused(place->other, HS_ERROR_NOT_SNAPSHOT, "is empty; try: heapdump run -o FILE.db -- python3 app.py");
    write_file(place->other, "hello\n", 6);
    refused(place->other, HS_ERROR_NOT_SNAPSHOT,
            "is not a heap snapshot; try: heapdump run -o FILE.db -- python3 app.py");
    write_file(place->other, place->data, 60);
    refused(place->other, HS_ERROR_CORRUPT,
            "is cut short (60 bytes); take the snapshot again, or copy it again");
    unlink(place->other);
    assert_int_equal(mkfifo(place->other, 0600), 0);
    refused(place->other, HS_ERROR_NOT_SNAPSHOT,
            "is not a regular file; try: heapdump run -o FILE.db -- python3 app.py");
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    sqlite3_close(db);
}

static void other_databases_are_refused(void **state)
{
    struct place *place = *state;
    run_sql(place->other, "CREATE TABLE t (x)");
    refused(place->other, HS_ERROR_NOT_SNAPSHOT,
            "is an SQLite database but not a heap snapshot; try: heapdump run -o FILE.db -- "
            "python3 app.py");
    write_file(place->other, place->data, place->bytes);
    run_sql(place->other, "PRAGMA user_version=2");
    refused(place->other, HS_ERROR_VERSION,
            "written by a newer version (format 2); this reads up to 1: update heapdump");
    run_sql(place->other, "PRAGMA user_version=0");
    refused(place->other, HS_ERROR_CORRUPT, "has no format version; take the snapshot again");
    write_file(place->other, place->data, place->bytes);
    run_sql(place->other, "PRAGMA journal_mode=WAL");
    refused(place->other, HS_ERROR_CORRUPT,
            "another program has put it into WAL mode; undo that with: sqlite3 FILE \"PRAGMA "
            "journal_mode=DELETE\"");
    run_sql(place->other, "PRAGMA journal_mode=DELETE");
    assert_int_equal(read_again(place, place->other, tables_of(place)), 0);
    /* A file that is longer than it says. */
    write_file(place->other, place->data, place->bytes);
    FILE *file = fopen(place->other, "a");
    fputs("more", file);
    fclose(file);
    char message[160];
    snprintf(message, sizeof(message),
             "is damaged (%zu bytes instead of %zu); take the snapshot again, or copy it again",
             place->bytes + 4, place->bytes);
    refused(place->other, HS_ERROR_CORRUPT, message);
}

static void foreign_schemas_are_refused(void **state)
{
    struct place *place = *state;
    static const char *const changes[] = {
        "CREATE VIEW v AS SELECT * FROM readme",
        "CREATE TRIGGER t AFTER INSERT ON readme BEGIN SELECT 1; END",
        "CREATE TABLE more (x)",
        "CREATE INDEX more ON types (name)",
        "DROP TABLE frames",
        "ALTER TABLE roots ADD COLUMN more",
        "DROP TABLE readme; CREATE VIEW readme AS SELECT 'what' AS name, 'x' AS value",
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        unlink(place->other);
        write_file(place->other, place->data, place->bytes);
        run_sql(place->other, changes[i]);
        refused(place->other, HS_ERROR_NOT_SNAPSHOT,
                "its tables are not those of a heap snapshot of format 1");
    }
}

/* Changes a table and forges its checksum, so that only what the rows say can be wrong. Without a table, the
 * checksums stay. */
static void forge(const struct place *place, const char *change, const char *table)
{
    write_file(place->other, place->data, place->bytes);
    run_sql(place->other, change);
    if (!*table)
        return;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(place->other, &db), SQLITE_OK);
    char sql[256];
    snprintf(sql, sizeof(sql), "SELECT rowid, %s FROM %s ORDER BY rowid",
             strcmp(table, "blobs") ? "*" : "id, kind, raw_bytes, crc32", table);
    uint64_t rows;
    uint32_t crc;
    int64_t first = strcmp(table, "types") && strcmp(table, "chunks") ? 1 : 0;
    sample_ok(hs_schema_table_crc(db, sql, first, &rows, &crc));
    snprintf(sql, sizeof(sql), "UPDATE integrity SET rows=%llu, crc32=%u WHERE name='%s'",
             (unsigned long long)rows, crc, table);
    sqlite3_close(db);
    run_sql(place->other, sql);
}

static void forged_rows_are_refused(void **state)
{
    struct place *place = *state;
    static const struct {
        const char *change;
        const char *table;
        const char *message;
    } forgeries[] = {
        {"UPDATE snapshot SET value=4294967296 WHERE name='objects'", "snapshot",
         "the table snapshot has no good value of objects"},
        {"UPDATE snapshot SET value='many' WHERE name='refs'", "snapshot",
         "the table snapshot has no good value of refs"},
        {"UPDATE snapshot SET value=1000000 WHERE name='objects'", "snapshot",
         "1 chunks for 1000000 objects"},
        {"UPDATE types SET name=CAST(x'ff' AS TEXT) WHERE id=1", "",
         "the table types: row 1 holds text that is not UTF-8"},
        {"UPDATE roots SET rowid=rowid+1000", "", "the table roots: row 1001 stands where row 1 is expected"},
        {"UPDATE memory SET bytes=1", "", "the table memory is damaged: its checksum is wrong"},
        {"DELETE FROM integrity WHERE name='roots'", "", "the table integrity does not mention roots"},
        {"INSERT INTO integrity VALUES ('more', 0, 0)", "", "the table integrity has rows too many"},
        {"UPDATE types SET object_id=60 WHERE id=1", "types", "type 1 is object 60 of 60"},
        {"UPDATE roots SET object_id=60", "roots", "the table roots names an object that does not exist"},
        {"UPDATE frames SET code_id=4294967296", "frames",
         "the table frames names an object that does not exist"},
        {"UPDATE chunks SET objects=61", "chunks", "row 0 of the table chunks does not fit"},
        {"UPDATE chunks SET refs=4294967295", "chunks", "row 0 of the table chunks does not fit"},
        {"UPDATE chunks SET first_address=-1", "chunks", "row 0 of the table chunks does not fit"},
        {"UPDATE blobs SET kind='labels' WHERE kind='refs'", "blobs", "2 blobs hold the labels"},
        {"DELETE FROM blobs WHERE kind='shapes'", "blobs", "0 blobs hold the shapes"},
        {"UPDATE blobs SET raw_bytes=1000000000 WHERE kind='shapes'", "blobs", NULL},
        {"UPDATE blobs SET raw_bytes=-1 WHERE kind='shapes'", "blobs", NULL},
        {"UPDATE blobs SET crc32=crc32+1 WHERE kind='labels'", "blobs", "labels: its checksum is wrong"},
        {"UPDATE blobs SET data='text' WHERE kind='labels'", "blobs", NULL},
        {"UPDATE blobs SET data=zeroblob(0) WHERE kind='labels'", "blobs", NULL},
    };
    for (size_t i = 0; i < sizeof(forgeries) / sizeof(*forgeries); i++) {
        forge(place, forgeries[i].change, forgeries[i].table);
        if (forgeries[i].message)
            refused(place->other, HS_ERROR_CORRUPT, forgeries[i].message);
        else
            assert_int_equal(read_again(place, place->other, 0), HS_ERROR_CORRUPT);
    }
}

/* What opening does not look at, verify finds. */
static void verify_finds(void **state)
{
    struct place *place = *state;
    static const char *const changes[][2] = {
        {"UPDATE snapshot SET value=value+1 WHERE name='refs'", "snapshot"},
        {"UPDATE snapshot SET value=value+1 WHERE name='tracked_objects'", "snapshot"},
        {"UPDATE snapshot SET value=value+1 WHERE name='shallow_bytes'", "snapshot"},
        {"UPDATE types SET objects=objects+1 WHERE id=3", "types"},
        {"UPDATE chunks SET refs=refs-1", "chunks"},
        {"UPDATE chunks SET last_address=last_address+8", "chunks"},
        {"UPDATE chunks SET refs_blob=NULL", "chunks"},
        {"UPDATE chunks SET values_blob=NULL", "chunks"},
        {"UPDATE chunks SET values_blob=objects_blob", "chunks"},
        {"UPDATE chunks SET objects_blob=1000", "chunks"},
        {"INSERT INTO blobs VALUES (100, 'x', 1, 1, x'00')", NULL},
        {"UPDATE blobs SET crc32=crc32+1 WHERE kind='values'", "blobs"},
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        if (changes[i][1])
            forge(place, changes[i][0], changes[i][1]);
        else
            run_sql(place->other, changes[i][0]);
        assert_int_equal(read_again(place, place->other, 0), HS_ERROR_CORRUPT);
    }
}

static void addresses_are_found(void **state)
{
    struct place *place = *state;
    struct hs_reader *reader;
    sample_ok(hs_reader_open(place->path, &reader));
    const struct hs_chunk *chunk = &place->sample->chunk[0];
    for (uint32_t i = 0; i < chunk->count; i++) {
        uint32_t found;
        sample_ok(hs_reader_find_address(reader, chunk->address[i], &found));
        assert_int_equal(found, i);
        sample_ok(hs_reader_find_address(reader, chunk->address[i] + 1, &found));
        assert_int_equal(found, HS_NO_OBJECT);
    }
    uint32_t found;
    sample_ok(hs_reader_find_address(reader, 0, &found));
    assert_int_equal(found, HS_NO_OBJECT);
    sample_ok(hs_reader_find_address(reader, UINT64_MAX, &found));
    assert_int_equal(found, HS_NO_OBJECT);
    hs_reader_destroy(reader);
}

static void cache_keeps_what_is_pinned(void **state)
{
    struct place *place = *state;
    struct sample *sample = sample_create(9, 3 * HS_CHUNK_OBJECTS);
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    sample_ok(sample_write(sample, place->other, &options));
    struct hs_reader *reader;
    sample_ok(hs_reader_open(place->other, &reader));
    hs_reader_set_cache(reader, 0);
    const struct hs_chunk *objects;
    const struct hs_chunk *refs;
    sample_ok(hs_reader_chunk(reader, 0, HS_PART_OBJECTS, &objects));
    assert_null(objects->dst);
    sample_compare(sample, reader);
    assert_int_equal(objects->address[0], sample->chunk[0].address[0]);
    sample_ok(hs_reader_chunk(reader, 0, HS_PART_REFS, &refs));
    assert_ptr_equal(refs, objects);
    assert_memory_equal(refs->dst, sample->chunk[0].dst, 100);
    hs_reader_release(reader, refs);
    hs_reader_release(reader, objects);
    hs_reader_destroy(reader);
    sample_destroy(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(other_files_are_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(other_databases_are_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(foreign_schemas_are_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(forged_rows_are_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(verify_finds, make_place, remove_place),
        cmocka_unit_test_setup_teardown(addresses_are_found, make_place, remove_place),
        cmocka_unit_test_setup_teardown(cache_keeps_what_is_pinned, make_place, remove_place),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, make_place, remove_place),
        cmocka_unit_test_setup_teardown(every_flip_is_refused_or_changes_nothing, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
