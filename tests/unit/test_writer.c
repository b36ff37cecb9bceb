#include "tests/unit/sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct place {
    char directory[64];
    char path[128];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    assert_non_null(place);
    strcpy(place->directory, "/tmp/hs_writer_XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof(place->path), "%s/snap.db", place->directory);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    int status = rmdir(place->directory); /* fails if anything else was left behind */
    free(place);
    return status;
}

static void round_trip(void **state)
{
    struct place *place = *state;
    static const uint32_t sizes[] = {
        0, 1, 2, 100, HS_CHUNK_OBJECTS, HS_CHUNK_OBJECTS + 1, 3 * HS_CHUNK_OBJECTS + 77};
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        struct sample *sample = sample_create(i + 1, sizes[i]);
        sample_ok(sample_write(sample, place->path, &options));
        struct hs_reader *reader;
        sample_ok(hs_reader_open(place->path, &reader));
        sample_compare(sample, reader);
        sample_ok(hs_reader_verify(reader));
        assert_string_equal(hs_reader_fact(reader, "label"), "after \xef\xbf\xbd");
        assert_string_equal(hs_reader_fact(reader, "pid"), "4711");
        assert_null(hs_reader_fact(reader, "no such fact"));
        hs_reader_destroy(reader);
        sample_destroy(sample);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trip, make_place, remove_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
