/* What is read of processes: stat lines, arguments, the table of sockets; and names with places to fill
 * in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dump/candidates.h"
#include "dump/escape.h"
#include "dump/filename.h"
#include "dump/listener.h"
#include "dump/procstat.h"
#include "dump/pss.h"
#include "dump/record.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void test_stat(void **state)
{
    struct hs_procstat stat;
    (void)state;
    assert_true(hs_procstat_parse(
        "12 (a) b) (c)) S 7 1 1 0 -1 4194560 1 0 0 0 2 3 0 0 20 0 5 0 900 8192 3 18 1 2", &stat));
    assert_int_equal(stat.state, 'S');
    assert_int_equal(stat.parent, 7);
    assert_int_equal(stat.threads, 5);
    assert_int_equal(stat.start_ticks, 900);
    assert_int_equal(stat.vm_bytes, 8192);
    assert_int_equal(stat.rss_bytes, 3 * sysconf(_SC_PAGESIZE));
}

static void test_bad_stat(void **state)
{
    static const char *const bad[] = {"",
                                      "12",
                                      "12 (a",
                                      "12 (a)",
                                      "12 (a) ",
                                      "12 (a) S",
                                      "12 (a) S 7 1 1",
                                      "12 (a) S x",
                                      "12 (a) S 7 1 1 0 -1 4194560 1 0 0 0 2 3 0 0 20 0 5 0 900 8192"};
    struct hs_procstat stat;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(hs_procstat_parse(bad[i], &stat));
    assert_true(hs_procstat_read(getpid(), &stat));
    assert_int_equal(stat.parent, getppid());
    assert_false(hs_procstat_read(1 << 23, &stat));
}

#define COMMAND(text, expected)                                          \
    do {                                                                 \
        char *command = hs_candidate_command("" text, sizeof(text) - 1); \
        assert_string_equal(command, expected);                          \
        free(command);                                                   \
    } while (0)

static void test_command(void **state)
{
    (void)state;
    COMMAND("python3\0app.py\0--password\0x\0", "python3 app.py");
    COMMAND("python3\0-u\0-m\0app\0secret\0", "python3 -u -m app");
    COMMAND("python3\0-c\0secret\0", "python3 -c");
    COMMAND("python3\0", "python3");
    COMMAND("python3", "python3");
    COMMAND("gunicorn: master [app]\0\0\0\0", "gunicorn: master [app] ");
    COMMAND("", "");
    COMMAND("/lib64/ld-linux-x86-64.so.2\0python3\0app.py\0", "python3 app.py");
    COMMAND("/lib64/ld-linux-x86-64.so.2\0--library-path\0/opt/lib\0--argv0\0py\0/opt/"
            "python3\0-u\0app.py\0secret\0",
            "py -u app.py");
    COMMAND("ld.so\0--inhibit-cache\0python3\0", "python3");
    COMMAND("ld.so\0--argv0", "ld.so --argv0");
    COMMAND("ld.so", "ld.so");
}

static void test_listeners(void **state)
{
    static const char table[] =
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0: 00000002 00000000 00010000 0001 01 1 @heapdump-listen.1.ab\n"
        "0: 00000002 00000000 00010000 0001 01 2 /tmp/@heapdump-listen.9\n"
        "0: 00000002 00000000 00010000 0001 01 3 @heapdump-listen.a name that is too long to be one of ours\n"
        "0: 00000002 00000000 00010000 0001 01 4 @heapdump-listen.2.cd";
    const char *at = table;
    char name[32];
    (void)state;
    assert_true(hs_listener_next_name(&at, name, sizeof(name)));
    assert_string_equal(name, "heapdump-listen.1.ab");
    assert_true(hs_listener_next_name(&at, name, sizeof(name)));
    assert_string_equal(name, "heapdump-listen.2.cd");
    assert_false(hs_listener_next_name(&at, name, sizeof(name)));
}

static void check_name(const char *name, const char *expected)
{
    char *path;
    assert_null(hs_filename_expand(name, 12, &path));
    assert_string_equal(path, expected);
    free(path);
}

static void test_filename(void **state)
{
    char folder[] = "/tmp/heapdump-test-XXXXXX", previous[100];
    (void)state;
    assert_false(hs_filename_is_pattern("a{pi}d.db"));
    assert_true(hs_filename_is_pattern("{pid}"));
    assert_true(hs_filename_is_pattern("a.{n}.db"));
    check_name("a.db", "a.db");
    check_name("{pid}/{pid}.{{pid}}", "12/12.{12}");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(getcwd(previous, sizeof(previous)) == NULL, 0);
    assert_int_equal(chdir(folder), 0);
    check_name("{pid}.{n}", "12.1");
    close(open("12.1", O_CREAT | O_WRONLY, 0600));
    check_name("{pid}.{n}", "12.2");
    assert_int_equal(unlink("12.1") | chdir(previous) | rmdir(folder), 0);
}

static void check_escaped(bool json, const char *text, const char *expected)
{
    char *written;
    size_t bytes;
    FILE *file = open_memstream(&written, &bytes);
    if (json)
        hs_escape_json(file, text);
    else
        hs_escape_terminal(file, text, 8);
    fclose(file);
    assert_string_equal(written, expected);
    free(written);
}

static void test_escape(void **state)
{
    (void)state;
    check_escaped(true, NULL, "null");
    check_escaped(true, "a\"\\\n\x7f\xff\xc3\xa4\xe2\x82",
                  "\"a\\\"\\\\\\u000a\\u007f\\ufffd\xc3\xa4\\ufffd\\ufffd\"");
    check_escaped(false, "a\033[1m\xc3\xa4 and more", "a?[1m?? ");
}

static void check_label(const char *label, const char *expected)
{
    char field[2 * HS_RECORD_LABEL + 8];
    hs_record_format_label(label, field, sizeof(field));
    assert_string_equal(field, expected);
}

static void test_label(void **state)
{
    char longest[1000], field[2 * HS_RECORD_LABEL + 8];
    (void)state;
    check_label("", "");
    check_label("repetition 1", "repetition 1");
    check_label("a,\"b\"\n", "\"a,\"\"b\"\" \"");
    check_label("=1", "\"'=1\"");
    memset(longest, '"', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    hs_record_format_label(longest, field, sizeof(field));
    assert_int_equal(strlen(field), 2 * HS_RECORD_LABEL + 2);
}

static void test_pss(void **state)
{
    (void)state;
    assert_int_equal(hs_pss_parse("1-2 ---p [rollup]\nRss:   8 kB\nPss:     12 kB\nPss_Dirty: 1 kB\n"),
                     12288);
    assert_int_equal(hs_pss_parse("Rss: 8 kB\n"), -1);
    assert_int_equal(hs_pss_parse("x\nPss: 12"), -1);
    assert_int_equal(hs_pss_parse("x\nPss: 9999999999999999999 kB\n"), -1);
    assert_int_equal(hs_pss_parse(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stat),      cmocka_unit_test(test_bad_stat), cmocka_unit_test(test_command),
        cmocka_unit_test(test_listeners), cmocka_unit_test(test_filename), cmocka_unit_test(test_escape),
        cmocka_unit_test(test_label),     cmocka_unit_test(test_pss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
