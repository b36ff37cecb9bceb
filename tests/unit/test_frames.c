/* Lines of frames: the location table of CPython 3.11 and later, made by hand and cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "dump/agent/frames.c"
#include "dump/agent/layout.c"
#include "dump/agent/lines.c"

enum { FIRST_LINE = 100, CODE_BYTES = 512 };

/* A frame of a code object with one location table, executing code unit `at`. */
struct made {
    _Alignas(16) unsigned char code[CODE_BYTES];
    _Alignas(16) unsigned char table[CODE_BYTES];
    _Alignas(16) unsigned char frame[CODE_BYTES];
    struct hs_agent_symbols symbols;
};

static void put(void *object, int32_t offset, uint64_t value, size_t bytes)
{
    memcpy((char *)object + offset, &value, bytes);
}

static uint32_t line_of(const struct hs_layout *l, const void *table, size_t bytes, int at)
{
    static struct made m;
    memset(&m, 0, sizeof m);
    m.symbols.bytes_type = (uint64_t)&m.symbols;
    put(m.table, l->ob_type, m.symbols.bytes_type, 8);
    put(m.table, l->ob_size, bytes, 8);
    memcpy(m.table + l->bytes_data, table, bytes);
    put(m.code, l->co_firstlineno, FIRST_LINE, 4);
    put(m.code, l->co_linetable, (uint64_t)m.table, 8);
    uint64_t start = (uint64_t)m.code + (uint64_t)l->co_code_adaptive;
    put(m.frame, l->frame_instruction, start + (uint64_t)(int64_t)(at * l->code_unit_bytes), 8);
    struct hs_frame frame = {
        .layout = l, .symbols = &m.symbols, .address = (uint64_t)m.frame, .code = (uint64_t)m.code};
    return hs_frame_line(&frame);
}

#define ENTRY(code, units) (unsigned char)(0x80 | (code) << 3 | ((units)-1))

/* Objects/locations.md: each entry form once. */
static const unsigned char every_form[] = {
    ENTRY(0, 2),  0x12,                /* units 0, 1: short form, same line */
    ENTRY(10, 1), 1,    2,             /* 2: line + 0 */
    ENTRY(11, 3), 1,    2,             /* 3, 4, 5: line + 1 */
    ENTRY(12, 1), 1,    2,             /* 6: line + 2 */
    ENTRY(13, 1), 7,                   /* 7: no columns, line - 3 (signed varint 3 << 1 | 1) */
    ENTRY(14, 8), 0x48, 0x09, 1, 1, 1, /* 8 .. 15: long form, line + 292 (8 + 9 * 64 = 584) */
    ENTRY(15, 1),                      /* 16: no line */
    ENTRY(9, 1),  0x12,                /* 17: the line before that */
};

static void test_every_form(void **state)
{
    (void)state;
    static const struct {
        int at;
        uint32_t line;
    } expected[] = {{-1, 100}, {0, 100}, {1, 100},  {2, 100},  {3, 101},  {5, 101},  {6, 103},
                    {7, 100},  {8, 392}, {15, 392}, {16, 100}, {17, 392}, {18, 100}, {1000, 100}};
    for (uint32_t minor = 11; minor <= 13; minor++) {
        const struct hs_layout *layout = hs_layout_find(0x03000000 | minor << 16, false, 0);
        for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
            assert_int_equal(line_of(layout, every_form, sizeof every_form, expected[i].at),
                             expected[i].line);
    }
}

static void test_cut_short(void **state)
{
    (void)state;
    const struct hs_layout *layout = hs_layout_find(0x030c0000, false, 0);
    for (size_t bytes = 0; bytes < sizeof every_form; bytes++) {
        unsigned char copy[CODE_BYTES];
        memset(copy, 0x7f, sizeof copy); /* what follows looks like more of a varint */
        memcpy(copy, every_form, bytes);
        assert_in_range(line_of(layout, copy, bytes, 14), 1, 100000);
    }
}

static void test_line_below_zero(void **state)
{
    (void)state;
    const struct hs_layout *layout = hs_layout_find(0x030d0000, false, 0);
    const unsigned char table[] = {ENTRY(13, 1), 0x7f, 0x3f};
    assert_int_equal(line_of(layout, table, sizeof table, 0), FIRST_LINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_line_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
