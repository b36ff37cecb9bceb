#include "format/publish.h"
#include "tests/unit/sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void write_old(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("old", file);
    fclose(file);
}

static void holds(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t bytes = fread(text, 1, sizeof(text) - 1, file);
    text[bytes] = '\0';
    fclose(file);
    assert_string_equal(text, expected);
}

static void fails(struct hs_error *error, enum hs_error_code code, const char *path, const char *message)
{
    char expected[512];
    snprintf(expected, sizeof(expected), "%s: %s", path, message);
    assert_non_null(error);
    assert_string_equal(error->message, expected);
    assert_int_equal(error->code, code);
    hs_error_destroy(error);
}

static void appears_complete_or_not_at_all(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    mode_t mask = umask(0277);
    sample_ok(hs_publish_create(place->path, false, &publish));
    umask(mask);
    sample_ok(hs_publish_write(publish, "new", 3));
    assert_int_equal(access(place->path, F_OK), -1);
    assert_int_equal(access(hs_publish_temporary(publish), F_OK), 0);
    uint64_t bytes;
    sample_ok(hs_publish_commit(publish, &bytes));
    hs_publish_destroy(publish);
    assert_int_equal(bytes, 3);
    holds(place->path, "new");
    struct stat status;
    assert_int_equal(stat(place->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void unfinished_leaves_nothing(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    write_old(place->path);
    sample_ok(hs_publish_create(place->path, true, &publish));
    sample_ok(hs_publish_write(publish, "new", 3));
    hs_publish_destroy(publish);
    holds(place->path, "old");
}

static void existing_is_refused_or_replaced(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    write_old(place->path);
    fails(hs_publish_create(place->path, false, &publish), HS_ERROR_EXISTS, place->path,
          "exists already; give another name, or -f to replace it");
    holds(place->path, "old");
    sample_ok(hs_publish_create(place->path, true, &publish));
    sample_ok(hs_publish_write(publish, "new", 3));
    sample_ok(hs_publish_commit(publish, NULL));
    hs_publish_destroy(publish);
    holds(place->path, "new");
}

static void the_second_of_two_fails(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    sample_ok(hs_publish_create(place->path, false, &publish));
    sample_ok(hs_publish_write(publish, "new", 3));
    write_old(place->path);
    fails(hs_publish_commit(publish, NULL), HS_ERROR_EXISTS, place->path,
          "was created meanwhile; give another name, or -f to replace it");
    hs_publish_destroy(publish);
    holds(place->path, "old");
}

static void only_regular_files_are_replaced(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    assert_int_equal(symlink("/etc/passwd", place->path), 0);
    fails(hs_publish_create(place->path, true, &publish), HS_ERROR_EXISTS, place->path,
          "exists and is not a regular file; choose another name");
    unlink(place->path);
    assert_int_equal(mkfifo(place->path, 0600), 0);
    fails(hs_publish_create(place->path, true, &publish), HS_ERROR_EXISTS, place->path,
          "exists and is not a regular file; choose another name");
    fails(hs_publish_create("/dev/null", true, &publish), HS_ERROR_EXISTS, "/dev/null",
          "exists and is not a regular file; choose another name");
}

static void swapped_temporary_is_noticed(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    sample_ok(hs_publish_create(place->path, false, &publish));
    unlink(hs_publish_temporary(publish));
    write_old(hs_publish_temporary(publish));
    fails(hs_publish_commit(publish, NULL), HS_ERROR_SYSTEM, place->path,
          "somebody replaced the temporary file");
    hs_publish_destroy(publish);
    assert_int_equal(access(place->path, F_OK), -1);
}

static void bad_places_are_named(void **state)
{
    (void)state;
    struct hs_publish *publish;
    fails(hs_publish_create("/nonexistent/file", false, &publish), HS_ERROR_SYSTEM, "/nonexistent/file",
          "cannot open its directory: No such file or directory");
    fails(hs_publish_create("/tmp/", false, &publish), HS_ERROR_USAGE, "/tmp/", "is not the name of a file");
    fails(hs_publish_create("", false, &publish), HS_ERROR_USAGE, "''", "is not the name of a file");
    fails(hs_publish_create("..", false, &publish), HS_ERROR_USAGE, "..", "is not the name of a file");
}

static void a_change_of_directory_does_not_matter(void **state)
{
    struct sample_place *place = *state;
    struct hs_publish *publish;
    char *before = getcwd(NULL, 0);
    assert_int_equal(chdir(place->directory), 0);
    sample_ok(hs_publish_create("file", false, &publish));
    assert_int_equal(chdir("/"), 0);
    sample_ok(hs_publish_write(publish, "new", 3));
    sample_ok(hs_publish_commit(publish, NULL));
    hs_publish_destroy(publish);
    assert_int_equal(chdir(before), 0);
    free(before);
    holds(place->path, "new");
}

/* A snapshot for which there is not enough room, in a process of its own: at each limit the old file
 * stays. */
static int write_limited(const char *path, rlim_t limit)
{
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit size = {limit, limit};
    setrlimit(RLIMIT_FSIZE, &size);
    struct sample *sample = sample_create(3, 20000);
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    struct hs_error *error = sample_write(sample, path, &options);
    sample_destroy(sample);
    if (!error)
        return 0;
    bool good = error->code == HS_ERROR_SYSTEM && strncmp(error->message, path, strlen(path)) == 0 &&
                (error->os_errno == EFBIG || error->os_errno == EIO || error->os_errno == ENOSPC);
    if (!good)
        fprintf(stderr, "%s\n", error->message);
    hs_error_destroy(error);
    return good ? 2 : 3;
}

static void a_full_disk_keeps_the_old_file(void **state)
{
    struct sample_place *place = *state;
    static const rlim_t limits[] = {0, 100, 4096, 50000, 200000, (rlim_t)1 << 30};
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        write_old(place->path);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(write_limited(place->path, limits[i]));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        bool enough = limits[i] == (rlim_t)1 << 30;
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), enough ? 0 : 2);
        if (!enough)
            holds(place->path, "old");
    }
    struct hs_reader *reader;
    sample_ok(hs_reader_open(place->path, &reader));
    hs_reader_destroy(reader);
}

/* How many temporary files there are. */
static int count_temporaries(const char *directory)
{
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(entries)))
        count += strncmp(entry->d_name, ".file.", 6) == 0;
    closedir(entries);
    return count;
}

static void orphans_are_removed(void **state)
{
    struct sample_place *place = *state;
    static const char *const kept[] = {".file.0123456.tmp", ".file.0123456g.tmp", ".file.01234567.tmpx",
                                       ".other.01234567.tmp"};
    char name[160];
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        snprintf(name, sizeof(name), "%s/%s", place->directory, kept[i]);
        write_old(name);
    }
    snprintf(name, sizeof(name), "%s/.file.89abcdef.tmp", place->directory);
    write_old(name);
    struct hs_publish *living, *publish;
    sample_ok(hs_publish_create(place->path, false, &living));
    assert_int_equal(access(name, F_OK), -1);
    assert_int_equal(symlink("/dev/null", name), 0);
    sample_ok(hs_publish_create(place->path, false, &publish));
    hs_publish_destroy(publish);
    assert_int_equal(access(hs_publish_temporary(living), F_OK), 0);
    sample_ok(hs_publish_write(living, "new", 3));
    sample_ok(hs_publish_commit(living, NULL));
    hs_publish_destroy(living);
    holds(place->path, "new");
    assert_int_equal(unlink(name), 0);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        snprintf(name, sizeof(name), "%s/%s", place->directory, kept[i]);
        assert_int_equal(unlink(name), 0);
    }
}

static void killed_at_any_instant(void **state)
{
    struct sample_place *place = *state;
    struct sample *sample = sample_create(5, 2 * HS_CHUNK_OBJECTS);
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    int cut_short = 0;
    for (int i = 0; i < 60; i++) {
        write_old(place->path);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            hs_error_destroy(sample_write(sample, place->path, &options));
            _exit(0);
        }
        usleep((useconds_t)(i * 1000));
        kill(child, SIGKILL);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        int left = count_temporaries(place->directory);
        assert_in_range(left, 0, 1); /* that of the writer before is gone */
        cut_short += left;
        struct stat file;
        assert_int_equal(stat(place->path, &file), 0);
        if (file.st_size == 3) {
            holds(place->path, "old");
        } else {
            struct hs_reader *reader;
            sample_ok(hs_reader_open(place->path, &reader));
            sample_compare(sample, reader);
            hs_reader_destroy(reader);
        }
    }
    assert_true(cut_short > 0);
    sample_ok(sample_write(sample, place->path, &options));
    assert_int_equal(count_temporaries(place->directory), 0);
    sample_destroy(sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(appears_complete_or_not_at_all, sample_place_create,
                                        sample_place_destroy),
        cmocka_unit_test_setup_teardown(unfinished_leaves_nothing, sample_place_create, sample_place_destroy),
        cmocka_unit_test_setup_teardown(existing_is_refused_or_replaced, sample_place_create,
                                        sample_place_destroy),
        cmocka_unit_test_setup_teardown(the_second_of_two_fails, sample_place_create, sample_place_destroy),
        cmocka_unit_test_setup_teardown(only_regular_files_are_replaced, sample_place_create,
                                        sample_place_destroy),
        cmocka_unit_test_setup_teardown(swapped_temporary_is_noticed, sample_place_create,
                                        sample_place_destroy),
        cmocka_unit_test(bad_places_are_named),
        cmocka_unit_test_setup_teardown(a_change_of_directory_does_not_matter, sample_place_create,
                                        sample_place_destroy),
        cmocka_unit_test_setup_teardown(a_full_disk_keeps_the_old_file, sample_place_create,
                                        sample_place_destroy),
        cmocka_unit_test_setup_teardown(orphans_are_removed, sample_place_create, sample_place_destroy),
        cmocka_unit_test_setup_teardown(killed_at_any_instant, sample_place_create, sample_place_destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
