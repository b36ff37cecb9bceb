/* Reading one's own memory without faults, through both ways. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <string.h>

#undef EPERM
#undef ENOSYS
#undef EINTR
#include "dump/agent/probe.c"

#define PAGE 4096

/* Two pages, the second one without access. */
static unsigned char *half_mapped(void)
{
    unsigned char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    memset(pages, 7, PAGE);
    assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
    return pages;
}

static void check_reads(struct hs_probe *probe)
{
    unsigned char *pages = half_mapped();
    unsigned char got[PAGE] = {0};
    uint64_t address = (uint64_t)pages;
    for (int round = 0; round < 3; round++) { /* a failed read must leave nothing behind for the next one */
        memset(got, 0, sizeof got);
        assert_true(hs_probe_read(probe, address, PAGE, got));
        assert_memory_equal(got, pages, PAGE);
        assert_true(hs_probe_read(probe, address + PAGE - 3, 3, got));
        assert_false(hs_probe_read(probe, address + PAGE - 3, 4, got));
        assert_false(hs_probe_read(probe, address + PAGE, 8, got));
        assert_false(hs_probe_read(probe, 8, 8, got));
        assert_false(hs_probe_read(probe, UINT64_MAX - 4, 8, got));
        assert_false(hs_probe_read(probe, 1ull << 46, 1, got));
    }
    assert_false(hs_probe_read(probe, address, HS_PROBE_MAX + 1, got));
    assert_int_equal(hs_probe_word(probe, address + 8, -8), 0x0707070707070707);
    assert_int_equal(hs_probe_word(probe, address + PAGE, 0), 0);
    munmap(pages, 2 * PAGE);
}

static void test_system_call(void **state)
{
    (void)state;
    struct hs_probe probe;
    hs_probe_init(&probe);
    check_reads(&probe);
    assert_int_equal(probe.pipe[0], -1);
    hs_probe_deinit(&probe);
}

static void test_pipe(void **state)
{
    (void)state;
    struct hs_probe probe;
    hs_probe_init(&probe);
    unsigned char byte = 5, got = 0;
    assert_true(
        pipe_read(&probe, (uint64_t)&byte, 1, &got)); /* as after EPERM: from here on through the pipe */
    assert_int_equal(got, 5);
    assert_true(probe.pipe[0] >= 0);
    check_reads(&probe);
    int descriptor = probe.pipe[0];
    hs_probe_deinit(&probe);
    assert_int_equal(close(descriptor), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_system_call),
        cmocka_unit_test(test_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
