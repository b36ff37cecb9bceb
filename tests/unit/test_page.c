/* Pages: nothing foreign in them can become markup, and they allow what they bring and nothing else. */
#include "query/asset.h"
#include "query/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const none[] = {NULL};

static void test_policy(void **state)
{
    (void)state;
    static const char *const scripts[] = {"graph.js", NULL};
    struct hs_page page = {.title = "a < b", .styles = none, .scripts = scripts};
    struct hs_text html = {0};
    hs_page_begin(&html, &page);
    hs_page_end(&html, &page);
    assert_null(hs_text_error(&html));
    const char *text = hs_text_string(&html);
    assert_non_null(strstr(text, "default-src 'none'"));
    assert_null(strstr(text, "unsafe"));
    assert_non_null(strstr(text, hs_asset_find("graph.js")->hash));
    assert_non_null(strstr(text, hs_asset_find("page.css")->hash));
    assert_non_null(strstr(text, "<h1>a &lt; b</h1>"));
    assert_null(strstr(text, "Made by a build without"));
    hs_text_deinit(&html);
}

static void test_missing_script(void **state)
{
    (void)state;
    static const char *const scripts[] = {"no-such-library.js", NULL};
    struct hs_page page = {.title = "page", .styles = none, .scripts = scripts};
    struct hs_text html = {0};
    hs_page_begin(&html, &page);
    hs_page_end(&html, &page);
    assert_false(hs_page_is_complete(&page));
    assert_non_null(strstr(hs_text_string(&html), "Made by a build without"));
    hs_text_deinit(&html);
}

static void test_data(void **state)
{
    (void)state;
    static const char json[] = "{\"name\": \"</script><!--\"}";
    struct hs_text html = {0};
    hs_page_data(&html, "data", json, sizeof(json) - 1);
    assert_string_equal(hs_text_string(&html), "<script type=\"application/json\" id=\"data\">"
                                               "{\"name\": \"\\u003c/script>\\u003c!--\"}</script>\n");
    hs_text_deinit(&html);
}

static void test_graph(void **state)
{
    (void)state;
    static const char svg[] =
        "<?xml?><!DOCTYPE svg><svg width=\"1pt\"><g id=\"node1\"><text> id=&quot;x</text></g></svg>";
    struct hs_text html = {0};
    hs_page_graph(&html, "s1", "chain \"of\" <X>", svg, sizeof(svg) - 1);
    const char *text = hs_text_string(&html);
    assert_non_null(strstr(text, "<svg width=\"1pt\"><g id=\"s1-node1\"><text> id=&quot;x</text></g></svg>"));
    assert_non_null(strstr(text, "aria-label=\"chain &quot;of&quot; &lt;X&gt;\""));
    assert_null(strstr(text, "DOCTYPE"));
    hs_text_deinit(&html);
}

static void test_write(void **state)
{
    (void)state;
    char path[] = "/tmp/hs_page_XXXXXX";
    close(mkstemp(path));
    struct hs_text html = {0};
    hs_text_puts(&html, "<!DOCTYPE html>");
    struct hs_error *error = hs_page_write(&html, path, false);
    assert_non_null(error);
    assert_int_equal(error->code, HS_ERROR_EXISTS);
    hs_error_destroy(error);
    assert_null(hs_page_write(&html, path, true));
    unlink(path);
    hs_text_deinit(&html);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policy), cmocka_unit_test(test_missing_script), cmocka_unit_test(test_data),
        cmocka_unit_test(test_graph),  cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
