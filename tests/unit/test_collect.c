/* From a stream to a snapshot file, read back through the reader. */
#include "dump/collect.h"
#include "format/reader.h"
#include "tests/unit/stream_maker.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { DICT_TYPE = 0x5000, LIST_TYPE = 0x5040, STR_TYPE = 0x5080, THING_TYPE = 0x50c0 };
/* Numbers of types and shapes of the common beginning. */
enum { DICT, LIST, STR, THING };
enum { TYPE_SHAPE = 4 };

struct place {
    char folder[64];
    char path[96];
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    if (!place)
        return -1;
    strcpy(place->folder, "/tmp/test_collect.XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    snprintf(place->path, sizeof(place->path), "%s/out.db", place->folder);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    unlink(place->path);
    int failed = rmdir(place->folder);
    free(place);
    return failed;
}

/* Types with their objects, and shapes: a dict of pairs, a list, a str, a Thing with two attributes. */
static void begin(struct stream_maker *maker)
{
    maker_init(maker);
    maker_label(maker, HS_REF_ATTRIBUTE, "password");
    maker_label(maker, HS_REF_ATTRIBUTE, "rows");
    maker_type(maker, DICT_TYPE, HS_STREAM_TYPE_GC, "dict");
    maker_type(maker, LIST_TYPE, HS_STREAM_TYPE_GC, "list");
    maker_type(maker, STR_TYPE, 0, "str");
    maker_type(maker, THING_TYPE, HS_STREAM_TYPE_HEAP | HS_STREAM_TYPE_GC, "app.Thing");
    maker_type(maker, 0x5100, 0, "type");
    maker_shape(maker, DICT, HS_TAIL_PAIR, NULL);
    maker_shape(maker, LIST, HS_TAIL_ITEM, NULL);
    maker_shape(maker, STR, HS_TAIL_NONE, NULL);
    maker_shape(maker, THING, HS_TAIL_NONE, (uint64_t[]){1, 2, 0});
    maker_shape(maker, 4, HS_TAIL_NONE, NULL);
    for (uint64_t address = DICT_TYPE; address <= 0x5100; address += 0x40)
        maker_object(maker, address, TYPE_SHAPE, 5, 400);
}

static struct hs_error *collect(const struct stream_maker *maker, const struct place *place,
                                enum hs_values values, struct hs_collect_result *ret)
{
    struct hs_collect_options options = {
        .output = place->path, .values = values, .label = "rep 1", .stall_ms = 1000};
    int fd = maker_open(maker, maker->buffer.bytes);
    struct hs_error *error = hs_collect(fd, &options, ret);
    close(fd);
    return error;
}

static struct hs_reader *collect_and_open(struct stream_maker *maker, const struct place *place,
                                          enum hs_values values)
{
    struct hs_collect_result result;
    struct hs_reader *reader;
    unlink(place->path);
    struct hs_error *error = collect(maker, place, values, &result);
    if (error)
        fail_msg("%s", error->message);
    assert_int_equal(result.objects, maker->objects);
    assert_int_equal(result.refs, maker->refs);
    assert_null(hs_reader_open(place->path, &reader));
    error = hs_reader_verify(reader);
    if (error)
        fail_msg("%s", error->message);
    maker_deinit(maker);
    return reader;
}

/* The object at `address` refers, at `position`, to the one at `to` by a reference of this kind, name and
 * slot. */
static void check_ref(struct hs_reader *reader, uint64_t address, uint32_t position, uint64_t to,
                      unsigned kind, const char *name, uint32_t slot)
{
    uint32_t object, dst;
    const struct hs_chunk *chunk;
    struct hs_ref ref;
    assert_null(hs_reader_find_address(reader, address, &object));
    assert_null(hs_reader_find_address(reader, to, &dst));
    assert_int_not_equal(object, HS_NO_OBJECT);
    assert_null(hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, HS_PART_REFS, &chunk));
    assert_true(position < hs_chunk_refs(reader, chunk, object - chunk->first));
    hs_chunk_ref(reader, chunk, object - chunk->first, position, &ref);
    assert_int_equal(ref.dst, dst);
    assert_int_equal(ref.kind, kind);
    assert_int_equal(ref.slot, slot);
    if (name) {
        assert_int_equal(ref.name_bytes, strlen(name));
        assert_memory_equal(ref.name, name, ref.name_bytes);
    } else {
        assert_null(ref.name);
    }
    hs_reader_release(reader, chunk);
}

static uint32_t count_refs(struct hs_reader *reader, uint64_t address)
{
    uint32_t object;
    const struct hs_chunk *chunk;
    assert_null(hs_reader_find_address(reader, address, &object));
    assert_null(hs_reader_chunk(reader, object / HS_CHUNK_OBJECTS, HS_PART_REFS, &chunk));
    uint32_t count = hs_chunk_refs(reader, chunk, object - chunk->first);
    hs_reader_release(reader, chunk);
    return count;
}

static void check_value(struct hs_reader *reader, uint64_t address, const char *expected)
{
    uint32_t object;
    const char *value;
    size_t bytes;
    assert_null(hs_reader_find_address(reader, address, &object));
    assert_null(hs_reader_value(reader, object, &value, &bytes));
    if (expected) {
        assert_non_null(value);
        assert_int_equal(bytes, strlen(expected));
        assert_memory_equal(value, expected, bytes);
    } else {
        assert_null(value);
    }
}

static void test_references_by_name(void **state)
{
    struct stream_maker maker;
    begin(&maker);
    maker_object(&maker, 0x20000, THING, 1, 48);
    maker_dst(&maker, 0x20108);
    maker_dst(&maker, 0x20040);
    maker_object(&maker, 0x20040, LIST, 1, 72);
    maker_run(&maker, 2, false);
    maker_dst(&maker, 0x20108);
    maker_dst(&maker, 0x20000);
    maker_object(&maker, 0x20108, STR, 2, 55);
    maker_object(&maker, 0x20080, DICT, 1, 64);
    maker_run(&maker, 1, false);
    maker_dst(&maker, 0x20108);
    maker_dst(&maker, 0x20040);
    maker_root(&maker, HS_ROOT_MODULE, 0x20080, "app");
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    check_ref(reader, 0x20000, 0, 0x20108, HS_REF_ATTRIBUTE, "password", HS_NO_LABEL);
    check_ref(reader, 0x20000, 1, 0x20040, HS_REF_ATTRIBUTE, "rows", HS_NO_LABEL);
    check_ref(reader, 0x20000, 2, THING_TYPE, HS_REF_TYPE, NULL, HS_NO_LABEL);
    check_ref(reader, 0x20040, 1, 0x20000, HS_REF_ITEM, NULL, 1);
    check_ref(reader, 0x20080, 0, 0x20108, HS_REF_KEY, NULL, 0);
    check_ref(reader, 0x20080, 1, 0x20040, HS_REF_VALUE, NULL, 0);
    assert_string_equal(hs_reader_fact(reader, "label"), "rep 1");
    assert_string_equal(hs_reader_fact(reader, "dangling_refs"), "0");
    hs_reader_destroy(reader);
}

static void test_dangling_references_are_dropped_and_counted(void **state)
{
    struct stream_maker maker;
    begin(&maker);
    maker_object(&maker, 0x20000, THING, 1, 48);
    maker_dst(&maker, 0x990000);
    maker_dst(&maker, 0x20040);
    maker_object(&maker, 0x20040, LIST, 1, 72);
    maker_run(&maker, 3, false);
    maker_dst(&maker, 0x20000);
    maker_dst(&maker, 0x990010);
    maker_dst(&maker, 0x20040);
    maker_root(&maker, HS_ROOT_FRAME, 0x990020, "gone");
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    assert_string_equal(hs_reader_fact(reader, "dangling_refs"), "3");
    assert_int_equal(count_refs(reader, 0x20000), 2);
    check_ref(reader, 0x20000, 0, 0x20040, HS_REF_ATTRIBUTE, "rows", HS_NO_LABEL);
    check_ref(reader, 0x20000, 1, THING_TYPE, HS_REF_TYPE, NULL, HS_NO_LABEL);
    assert_int_equal(count_refs(reader, 0x20040), 2);
    check_ref(reader, 0x20040, 1, 0x20040, HS_REF_ITEM, NULL, 1);
    hs_reader_destroy(reader);
}

static void test_null_fields_do_not_exist(void **state)
{
    struct stream_maker maker;
    begin(&maker);
    for (uint64_t i = 0; i < 10; i++) {
        maker_object(&maker, 0x20000 + i * 0x40, THING, 1, 48);
        maker_dst(&maker, i & 1 ? 0 : 0x20000);
        maker_dst(&maker, 0x20040);
    }
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    assert_int_equal(count_refs(reader, 0x20000), 3);
    assert_int_equal(count_refs(reader, 0x20040), 2);
    check_ref(reader, 0x20040, 0, 0x20040, HS_REF_ATTRIBUTE, "rows", HS_NO_LABEL);
    hs_reader_destroy(reader);
}

/* An OrderedDict holds its keys a second time: pairs without a value. Each value keeps its place. */
static void test_pairs_without_values(void **state)
{
    struct stream_maker maker;
    begin(&maker);
    maker_object(&maker, 0x20000, DICT, 1, 64);
    maker_run(&maker, 4, false);
    for (uint64_t half = 0; half < 2; half++) {
        for (uint64_t i = 0; i < 2; i++) {
            maker_dst(&maker, 0x20100 + i * 0x40);
            maker_dst(&maker, half ? 0 : 0x20200 + i * 0x40);
        }
    }
    for (uint64_t address = 0x20100; address < 0x20280; address += 0x40)
        maker_object(&maker, address, STR, 1, 50);
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    assert_int_equal(count_refs(reader, 0x20000), 6);
    check_ref(reader, 0x20000, 0, 0x20200, HS_REF_VALUE, NULL, 0);
    check_ref(reader, 0x20000, 1, 0x20240, HS_REF_VALUE, NULL, 1);
    check_ref(reader, 0x20000, 2, 0x20100, HS_REF_KEY, NULL, 2);
    check_ref(reader, 0x20000, 5, 0x20140, HS_REF_KEY, NULL, 5);
    hs_reader_destroy(reader);
}

static void test_rare_names_share_a_shape(void **state)
{
    struct stream_maker maker;
    begin(&maker);
    uint64_t labels[31] = {0};
    for (uint64_t i = 0; i < 30; i++) {
        char name[8];
        snprintf(name, sizeof(name), "n%u", (unsigned)i);
        maker_label(&maker, HS_REF_GLOBAL, name);
        labels[i] = 3 + i;
    }
    for (uint64_t k = 0; k < 3; k++) {
        maker_shape(&maker, DICT, HS_TAIL_NONE, labels + k);
        maker_object(&maker, 0x20000 + k * 0x100, TYPE_SHAPE + 1 + k, 1, 64);
        for (uint64_t i = k; i < 30; i++)
            maker_dst(&maker, i == k ? 0 : 0x20000 + k * 0x100);
    }
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    check_ref(reader, 0x20100, 0, 0x20100, HS_REF_GLOBAL, "n2", HS_NO_LABEL);
    check_ref(reader, 0x20100, 27, 0x20100, HS_REF_GLOBAL, "n29", HS_NO_LABEL);
    uint32_t first, second;
    assert_null(hs_reader_find_address(reader, 0x20000, &first));
    assert_null(hs_reader_find_address(reader, 0x20100, &second));
    const struct hs_chunk *chunk;
    assert_null(hs_reader_chunk(reader, 0, HS_PART_OBJECTS, &chunk));
    assert_int_equal(chunk->shape[first], chunk->shape[second]);
    hs_reader_release(reader, chunk);
    hs_reader_destroy(reader);
}

static void test_list_of_many_chunks(void **state)
{
    enum { N = 3 * HS_CHUNK_OBJECTS + 17 };
    struct stream_maker maker;
    begin(&maker);
    for (uint64_t i = N; i--;) { /* sent from the end */
        maker_object(&maker, 0x100000 + i * 0x50, LIST, 1, 64);
        maker_run(&maker, 1 + i % 3, false);
        for (uint64_t k = 0; k <= i % 3; k++)
            maker_dst(&maker, 0x100000 + (i + k * 1000) % N * 0x50);
    }
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    assert_int_equal(hs_reader_chunks(reader), 4);
    for (uint64_t i = 0; i < N; i += 997) {
        for (uint32_t k = 0; k <= i % 3; k++)
            check_ref(reader, 0x100000 + i * 0x50, k, 0x100000 + (i + k * 1000) % N * 0x50, HS_REF_ITEM, NULL,
                      k);
    }
    hs_reader_destroy(reader);
}

/* A str under the name "password", one inside a list there, one as an entry of a dict under a key of such a
 * name. */
static void make_secrets(struct stream_maker *maker)
{
    begin(maker);
    maker_object(maker, 0x20000, THING, 1, 48);
    maker_dst(maker, 0x20040);
    maker_dst(maker, 0x20100);
    maker_object(maker, 0x20040, LIST, 1, 64);
    maker_run(maker, 1, false);
    maker_dst(maker, 0x20140);
    maker_object(maker, 0x20080, DICT, 1, 64);
    maker_run(maker, 2, false);
    maker_dst(maker, 0x20180);
    maker_dst(maker, 0x201c0);
    maker_dst(maker, 0x20100);
    maker_dst(maker, 0x20200);
    static const char *const texts[] = {"harmless", "in a list", "api_key", "in a dict", "shown"};
    for (uint64_t i = 0; i < 5; i++) {
        maker_object(maker, 0x20100 + i * 0x40, STR, 1, 50);
        maker_value(maker, 0x20100 + i * 0x40, texts[i]);
    }
    maker_value(maker, THING_TYPE, "app.Thing");
    maker_value(maker, 0x990000, "of no object");
    maker_end(maker);
}

static void test_values(void **state)
{
    struct stream_maker maker;
    make_secrets(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_NAMES);
    check_value(reader, THING_TYPE, "app.Thing");
    for (uint64_t address = 0x20100; address <= 0x20200; address += 0x40)
        check_value(reader, address, NULL);
    assert_string_equal(hs_reader_fact(reader, "values_policy"), "names");
    hs_reader_destroy(reader);

    make_secrets(&maker);
    reader = collect_and_open(&maker, *state, HS_VALUES_SHORT);
    check_value(reader, THING_TYPE, "app.Thing");
    check_value(reader, 0x20100, "harmless");
    check_value(reader, 0x20140, NULL);
    check_value(reader, 0x20180, "api_key");
    check_value(reader, 0x201c0, NULL);
    check_value(reader, 0x20200, "shown");
    hs_reader_destroy(reader);

    make_secrets(&maker);
    reader = collect_and_open(&maker, *state, HS_VALUES_FULL);
    check_value(reader, 0x20140, "in a list");
    check_value(reader, 0x201c0, "in a dict");
    hs_reader_destroy(reader);
}

static int count_files(const char *folder)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(dir);
    return count;
}

static void test_a_stream_cut_short_leaves_nothing(void **state)
{
    const struct place *place = *state;
    struct stream_maker maker;
    struct hs_collect_result result;
    make_secrets(&maker);
    for (size_t cut = 0; cut < maker.buffer.bytes; cut += 7) {
        struct hs_collect_options options = {.output = place->path, .stall_ms = 1000};
        int fd = maker_open(&maker, cut);
        struct hs_error *error = hs_collect(fd, &options, &result);
        close(fd);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_CORRUPT);
        assert_non_null(strstr(error->message, place->path));
        hs_error_destroy(error);
        assert_int_equal(count_files(place->folder), 0);
    }
    maker_deinit(&maker);
}

static void test_existing_file_stays(void **state)
{
    const struct place *place = *state;
    struct stream_maker maker;
    struct hs_collect_result result;
    char content[16] = "";
    int fd = open(place->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "precious", 8), 8);
    make_secrets(&maker);
    struct hs_error *error = collect(&maker, place, HS_VALUES_NAMES, &result);
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_EXISTS);
    hs_error_destroy(error);
    assert_int_equal(pread(fd, content, sizeof(content), 0), 8);
    assert_string_equal(content, "precious");
    assert_int_equal(count_files(place->folder), 1);
    close(fd);
    maker_deinit(&maker);
}

static void test_empty_heap(void **state)
{
    struct stream_maker maker;
    maker_init(&maker);
    maker_end(&maker);
    struct hs_reader *reader = collect_and_open(&maker, *state, HS_VALUES_SHORT);
    assert_int_equal(hs_reader_objects(reader), 0);
    hs_reader_destroy(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_references_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_dangling_references_are_dropped_and_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_null_fields_do_not_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pairs_without_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_rare_names_share_a_shape, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_list_of_many_chunks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_stream_cut_short_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_existing_file_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_empty_heap, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
