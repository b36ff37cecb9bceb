/* The collector's reading of the agent's stream: what is right is understood, what is wrong is refused. */
#include "dump/index.h"
#include "dump/refs.h"
#include "dump/secret.h"
#include "tests/unit/stream_maker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { DICT = 0x10000, LIST = 0x20000, STR = 0x30008, TYPE = 0x7f0000000000 };

static struct hs_error *read_bytes(const struct stream_maker *maker, size_t bytes, struct hs_index *index)
{
    int fd = maker_open(maker, bytes);
    struct hs_error *error = hs_index_read(index, fd, 1000, NULL);
    close(fd);
    return error;
}

static struct hs_error *read_all(const struct stream_maker *maker, struct hs_index *index)
{
    return read_bytes(maker, maker->buffer.bytes, index);
}

/* Four objects, sent out of order: an instance with an attribute that is NULL and one that is a list, which
 * holds a str and NULL. */
static void make_good(struct stream_maker *maker)
{
    maker_init(maker);
    maker_label(maker, HS_REF_ATTRIBUTE, "rows");
    maker_label(maker, HS_REF_ATTRIBUTE | HS_STREAM_BORROWED, "owner");
    maker_type(maker, TYPE, HS_STREAM_TYPE_HEAP | HS_STREAM_TYPE_GC, "app.Thing");
    maker_type(maker, 0x5000, HS_STREAM_TYPE_GC, "list");
    maker_type(maker, 0x5010, 0, "str");
    maker_shape(maker, 0, HS_TAIL_NONE, (uint64_t[]){1, 2, 0});
    maker_shape(maker, 1, HS_TAIL_ITEM, NULL);
    maker_shape(maker, 2, HS_TAIL_NONE, NULL);
    maker_object(maker, LIST, 1, 1, 72);
    maker_run(maker, 1, true);
    maker_dst(maker, STR);
    maker_run(maker, 1, false);
    maker_dst(maker, 0);
    maker_object(maker, TYPE, 2, 9, 1000);
    maker_object(maker, STR, 2, 1, 52);
    maker_object(maker, DICT, 0, 1, 48);
    maker_dst(maker, LIST);
    maker_dst(maker, 0);
    maker_root(maker, HS_ROOT_MODULE, DICT, "__main__");
    maker_value(maker, STR, "later");
    maker_value(maker, TYPE, "app.Thing");
    maker_value(maker, STR, "latest");
    maker_end(maker);
}

static void test_good_stream(void **state)
{
    (void)state;
    struct stream_maker maker;
    struct hs_index index;
    make_good(&maker);
    assert_null(read_all(&maker, &index));
    assert_int_equal(index.objects, 4);
    assert_int_equal(index.refs, 2);
    assert_int_equal(index.types, 3);
    assert_int_equal(index.labels.count, 2);
    assert_int_equal(hs_index_find(&index, DICT >> 3), 0);
    assert_int_equal(hs_index_find(&index, LIST >> 3), 1);
    assert_int_equal(hs_index_find(&index, STR >> 3), 2);
    assert_int_equal(hs_index_find(&index, (uint64_t)TYPE >> 3), 3);
    assert_int_equal(hs_index_find(&index, 0x40000 >> 3), HS_NO_OBJECT);
    assert_true(index.where[index.order[2]] & HS_INDEX_ODD);
    assert_false(index.where[index.order[1]] & HS_INDEX_ODD);

    const struct hs_variant *thing = &index.variants.variant[index.variant[index.order[0]]];
    assert_int_equal(thing->key.nulls, 1);
    assert_int_equal(index.variants.null[thing->null_at], 1);
    assert_false(thing->key.loose);
    assert_true(index.variants.variant[index.variant[index.order[1]]].key.loose);

    assert_int_equal(index.values, 2);
    assert_int_equal(index.value[0].key, 2);
    struct hs_cursor cursor = hs_index_cursor(&index, index.value[0].text);
    struct hs_span text;
    assert_null(hs_decode_text(&cursor, &text));
    assert_int_equal(text.size, 6);
    assert_memory_equal(text.bytes, "latest", 6);
    hs_index_deinit(&index);
    maker_deinit(&maker);
}

static void test_truncated_at_every_byte(void **state)
{
    (void)state;
    struct stream_maker maker;
    make_good(&maker);
    for (size_t bytes = 0; bytes < maker.buffer.bytes; bytes++) {
        struct hs_index index;
        struct hs_error *error = read_bytes(&maker, bytes, &index);
        assert_non_null(error);
        assert_int_equal(error->code, HS_ERROR_CORRUPT);
        assert_non_null(strstr(error->message, "died before it was done"));
        hs_error_destroy(error);
        hs_index_deinit(&index);
    }
    maker_deinit(&maker);
}

/* Any change of a byte is refused or gives a stream that can be read to its end; it never crashes. */
static void test_every_byte_changed(void **state)
{
    (void)state;
    struct stream_maker maker;
    make_good(&maker);
    for (size_t at = 0; at < maker.buffer.bytes; at++) {
        for (unsigned change = 1; change < 256; change += 3) {
            struct hs_index index;
            maker.buffer.data[at] ^= (uint8_t)change;
            hs_error_destroy(read_all(&maker, &index));
            hs_index_deinit(&index);
            maker.buffer.data[at] ^= (uint8_t)change;
        }
    }
    maker_deinit(&maker);
}

static void expect_refused(struct stream_maker *maker, const char *part)
{
    struct hs_index index;
    struct hs_error *error = read_all(maker, &index);
    assert_non_null(error);
    if (!strstr(error->message, part))
        fail_msg("'%s' does not say '%s'", error->message, part);
    assert_null(strchr(error->message, '\n'));
    hs_error_destroy(error);
    hs_index_deinit(&index);
    maker_deinit(maker);
}

static void test_refused(void **state)
{
    (void)state;
    struct stream_maker maker;

    maker_init(&maker);
    maker.buffer.data[2] ^= 1;
    expect_refused(&maker, "not a heap stream");

    maker_init(&maker);
    maker_byte(&maker, 200);
    expect_refused(&maker, "there is no record 200 (at byte 9)");

    maker_init(&maker);
    maker_label(&maker, HS_REF_KINDS, "x");
    expect_refused(&maker, "there is no reference kind");

    maker_init(&maker);
    maker_shape(&maker, 0, HS_TAIL_NONE, NULL);
    expect_refused(&maker, "a shape of type 0, of which there are 0");

    maker_init(&maker);
    maker_type(&maker, 0x1000, 0, "int");
    maker_shape(&maker, 0, HS_TAILS, NULL);
    expect_refused(&maker, "there is no tail");

    maker_init(&maker);
    maker_type(&maker, 0x1000, 0, "int");
    maker_shape(&maker, 0, HS_TAIL_NONE, (uint64_t[]){1, 0});
    expect_refused(&maker, "label 1, of which there are 0");

    maker_init(&maker);
    maker_object(&maker, 0x1000, 7, 1, 28);
    expect_refused(&maker, "an object of shape 7, of which there are 0");

    maker_init(&maker);
    maker_byte(&maker, HS_STREAM_OPAQUE);
    maker_varint(&maker, 3);
    expect_refused(&maker, "opaque type 3");

    make_good(&maker);
    maker_byte(&maker, 0);
    expect_refused(&maker, "after its end");

    make_good(&maker);
    maker.buffer.data[maker.buffer.bytes - 1]++;
    expect_refused(&maker, "references came");
}

static void test_two_objects_at_one_address(void **state)
{
    (void)state;
    for (unsigned offset = 0; offset <= 8; offset += 8) {
        struct stream_maker maker;
        maker_init(&maker);
        maker_type(&maker, 0x1000, 0, "int");
        maker_shape(&maker, 0, HS_TAIL_NONE, NULL);
        maker_object(&maker, 0x2000, 0, 1, 28);
        maker_object(&maker, 0x2000 + offset, 0, 1, 28);
        maker_end(&maker);
        expect_refused(&maker, "two objects at address 0x2000");
    }
}

/* Counts that no bytes stand behind are not believed. */
static void test_huge_counts(void **state)
{
    (void)state;
    struct stream_maker maker;

    maker_init(&maker);
    maker_type(&maker, 0x1000, 0, "int");
    maker_byte(&maker, HS_STREAM_SHAPE);
    maker_varint(&maker, 0);
    maker_byte(&maker, HS_TAIL_NONE);
    maker_varint(&maker, UINT32_MAX);
    expect_refused(&maker, "fields of a shape");

    maker_init(&maker);
    maker_type(&maker, 0x1000, 0, "list");
    maker_shape(&maker, 0, HS_TAIL_PAIR, NULL);
    maker_object(&maker, 0x2000, 0, 1, 28);
    maker_run(&maker, UINT64_MAX >> 2, false);
    expect_refused(&maker, "a run of");

    maker_init(&maker);
    maker_byte(&maker, HS_STREAM_LABEL);
    maker_byte(&maker, 0);
    maker_varint(&maker, UINT64_C(1) << 40);
    expect_refused(&maker, "length of a text");
}

/* A pipe that somebody else holds open, too: END is enough, and silence before it is given up. */
static void test_pipe_that_stays_open(void **state)
{
    (void)state;
    struct stream_maker maker;
    struct hs_index index;
    int ends[2];
    make_good(&maker);
    for (int complete = 1; complete >= 0; complete--) {
        size_t bytes = maker.buffer.bytes - !complete;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], maker.buffer.data, bytes), bytes);
        struct hs_error *error = hs_index_read(&index, ends[0], 50, NULL);
        if (complete) {
            assert_null(error);
        } else {
            assert_non_null(error);
            assert_int_equal(error->code, HS_ERROR_TARGET);
            assert_non_null(strstr(error->message, "sent nothing"));
        }
        hs_error_destroy(error);
        hs_index_deinit(&index);
        close(ends[0]);
        close(ends[1]);
    }
    maker_deinit(&maker);
}

/* A record of several megabytes arrives in many pieces. */
static void test_long_record(void **state)
{
    (void)state;
    enum { ITEMS = 3000000 };
    struct stream_maker maker;
    maker_init(&maker);
    maker_type(&maker, 0x1000, 0, "list");
    maker_shape(&maker, 0, HS_TAIL_ITEM, NULL);
    maker_object(&maker, 0x2000, 0, 1, 28);
    maker_run(&maker, ITEMS, false);
    for (int i = 0; i < ITEMS; i++)
        maker_dst(&maker, 0x2000);
    maker_end(&maker);
    struct hs_index index;
    assert_null(read_all(&maker, &index));
    assert_int_equal(index.refs, ITEMS);
    hs_index_deinit(&index);
    maker_deinit(&maker);
}

static void test_label_inside_a_tail(void **state)
{
    (void)state;
    struct stream_maker maker;
    maker_init(&maker);
    maker_label(&maker, HS_REF_GLOBAL, "a");
    maker_type(&maker, 0x1000, 0, "dict");
    maker_shape(&maker, 0, HS_TAIL_LABELLED, NULL);
    maker_object(&maker, 0x2000, 0, 1, 64);
    maker_run(&maker, 2, false);
    maker_varint(&maker, 1);
    maker_dst(&maker, 0x2000);
    maker_varint(&maker, 0);
    maker_byte(&maker, HS_REF_GLOBAL);
    maker_text(&maker, "b");
    maker_dst(&maker, 0x2000);
    maker_end(&maker);
    struct hs_index index;
    assert_null(read_all(&maker, &index));
    assert_int_equal(index.labels.count, 2);

    struct hs_cursor cursor = hs_index_cursor(&index, index.where[0] & HS_INDEX_OFFSET);
    struct hs_object_record object;
    assert_null(hs_decode_object(&cursor, 0, &object));
    struct hs_refs refs = hs_refs(&index, &index.shape[0], cursor, 0x200);
    struct hs_stream_ref ref;
    bool any;
    for (uint32_t i = 0; i < 2; i++) {
        assert_null(hs_refs_next(&refs, &ref, &any));
        assert_true(any);
        assert_true(ref.in_tail);
        assert_int_equal(ref.label, i);
        assert_int_equal(ref.granule, 0x200);
    }
    assert_null(hs_refs_next(&refs, &ref, &any));
    assert_false(any);
    hs_index_deinit(&index);
    maker_deinit(&maker);
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void test_rank_against_sorting(void **state)
{
    (void)state;
    enum { N = 20000 };
    static uint64_t granules[N];
    struct hs_rank rank;
    hs_rank_init(&rank);
    uint64_t random = 88172645463325252u;
    uint32_t count = 0;
    for (uint32_t i = 0; i < N; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        /* crowded at the bottom, sparse above */
        uint64_t granule = i & 1 ? random >> 48 : random >> 20;
        bool added;
        assert_null(hs_rank_add(&rank, granule, &added));
        if (added)
            granules[count++] = granule;
    }
    assert_null(hs_rank_finish(&rank));
    assert_int_equal(rank.objects, count);
    qsort(granules, count, sizeof(granules[0]), compare_u64);
    struct hs_rank_walk walk = hs_rank_walk_from(&rank, 0);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(hs_rank_find(&rank, granules[i]), i);
        assert_int_equal(hs_rank_walk_next(&walk), granules[i]);
        if (i % 1000 == 0) {
            struct hs_rank_walk from = hs_rank_walk_from(&rank, i);
            assert_int_equal(hs_rank_walk_next(&from), granules[i]);
        }
        if (i + 1 < count && granules[i + 1] != granules[i] + 1)
            assert_int_equal(hs_rank_find(&rank, granules[i] + 1), HS_NO_OBJECT);
    }
    hs_rank_deinit(&rank);
}

static void test_empty_rank(void **state)
{
    (void)state;
    struct hs_rank rank;
    hs_rank_init(&rank);
    assert_null(hs_rank_finish(&rank));
    assert_int_equal(hs_rank_find(&rank, 1), HS_NO_OBJECT);
    hs_rank_deinit(&rank);
}

static void test_names_of_secrets(void **state)
{
    (void)state;
    static const char *const secret[] = {
        "password",  "DB_PASSWD", "apiKey",           "auth_token", "AUTH",   "secret_key", "key",
        "sessionid", "dbAuth",    "user-credentials", "x_api_key",  "Cookie", "privateKey"};
    static const char *const harmless[] = {"name", "monkey",    "author", "keyboard",
                                           "rows", "passenger", "",       "a b"};
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        struct hs_span text = {(const uint8_t *)secret[i], (uint32_t)strlen(secret[i])};
        if (!hs_name_is_secret(text))
            fail_msg("%s is taken for harmless", secret[i]);
    }
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        struct hs_span text = {(const uint8_t *)harmless[i], (uint32_t)strlen(harmless[i])};
        if (hs_name_is_secret(text))
            fail_msg("%s is taken for a secret", harmless[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_stream),
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_two_objects_at_one_address),
        cmocka_unit_test(test_huge_counts),
        cmocka_unit_test(test_pipe_that_stays_open),
        cmocka_unit_test(test_long_record),
        cmocka_unit_test(test_label_inside_a_tail),
        cmocka_unit_test(test_rank_against_sorting),
        cmocka_unit_test(test_empty_rank),
        cmocka_unit_test(test_names_of_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
