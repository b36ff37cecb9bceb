/* The evaluator of seccomp filters: what the kernel would do, and what it would not have accepted. */
#include "dump/attach/seccomp.h"

#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/syscall.h>

#include <cmocka.h>

#define NR           offsetof(struct seccomp_data, nr)
#define ARG0         offsetof(struct seccomp_data, args)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ALLOW        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define KILL         BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define LOAD(at)     BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at)

static uint32_t evaluate(const struct sock_filter *filter, size_t count, int number, uint64_t argument)
{
    struct seccomp_data data = {.nr = number, .arch = AUDIT_ARCH_X86_64, .args = {argument}};
    return hs_seccomp_evaluate(filter, count, &data);
}

static void test_jumps(void **state)
{
    (void)state;
    const struct sock_filter filter[] = {
        LOAD(NR),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
        LOAD(ARG0),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x7e020000, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1),
        ALLOW,
    };
    assert_int_equal(evaluate(filter, COUNT(filter), SYS_read, 0), SECCOMP_RET_ALLOW);
    assert_int_equal(evaluate(filter, COUNT(filter), SYS_clone, 17), SECCOMP_RET_ALLOW);
    assert_int_equal(evaluate(filter, COUNT(filter), SYS_clone, 0x10000000), SECCOMP_RET_ERRNO | 1);
    assert_null(hs_seccomp_find_fatal(filter, COUNT(filter)));
}

static void test_arithmetic(void **state)
{
    (void)state;
    const struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_IMM, 7),          BPF_STMT(BPF_ST, 3),
        BPF_STMT(BPF_LDX | BPF_MEM, 3),         BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),
        BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 8), BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 1),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    assert_int_equal(evaluate(filter, COUNT(filter), 0, 0), (49 << 8) ^ 1);
}

static void test_fatal(void **state)
{
    (void)state;
    const struct sock_filter filter[] = {
        LOAD(NR),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
        KILL,
        ALLOW,
    };
    assert_string_equal(hs_seccomp_find_fatal(filter, COUNT(filter)), "close_range");
    const struct sock_filter trap[] = {
        LOAD(NR),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pipe2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        ALLOW,
    };
    assert_string_equal(hs_seccomp_find_fatal(trap, COUNT(trap)), "pipe2");
}

static void test_malformed(void **state)
{
    (void)state;
    const struct sock_filter beyond[] = {BPF_JUMP(BPF_JMP | BPF_JA, UINT32_MAX, 0, 0), ALLOW};
    const struct sock_filter no_end[] = {LOAD(NR)};
    const struct sock_filter outside[] = {LOAD(sizeof(struct seccomp_data)), ALLOW};
    const struct sock_filter crooked[] = {LOAD(2), ALLOW};
    const struct sock_filter memory[] = {BPF_STMT(BPF_ST, BPF_MEMWORDS), ALLOW};
    const struct sock_filter divided[] = {BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ALLOW};
    const struct sock_filter unknown[] = {BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0), ALLOW};
    const struct sock_filter *all[] = {beyond, outside, crooked, memory, divided, unknown};
    for (size_t i = 0; i < COUNT(all); i++)
        assert_int_equal(evaluate(all[i], 2, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(evaluate(no_end, 1, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(evaluate(no_end, 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_arithmetic),
        cmocka_unit_test(test_fatal),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
