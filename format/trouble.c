#include "format/trouble.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_TROUBLE = 2 };

int hs_trouble_report(const char *program, struct hs_error *error, const char *hint)
{
    struct hs_text line = {0};
    hs_text_terminal(&line, error->message, strlen(error->message));
    if (hint && !strstr(error->message, "; try: ")) {
        hs_text_puts(&line, "; try: ");
        hs_text_terminal(&line, hint, strlen(hint));
    }
    fprintf(stderr, "%s: %s\n", program, line.failed ? "out of memory" : hs_text_string(&line));
    hs_text_deinit(&line);
    hs_error_destroy(error);
    return EXIT_TROUBLE;
}

const char *hs_trouble_remedy(const struct hs_error *error)
{
    bool missing = error->code == HS_ERROR_SYSTEM && error->os_errno == ENOENT;
    bool unusable = error->code == HS_ERROR_NOT_SNAPSHOT || error->code == HS_ERROR_CORRUPT;
    return missing || unusable ? "heapdump run -o FILE.db -- python3 app.py" : NULL;
}

static void put_word(struct hs_text *hint, const char *word, const char *instead, const char *replace)
{
    size_t at = instead ? (uintptr_t)instead - (uintptr_t)word : SIZE_MAX;
    struct hs_text whole = {0};
    hs_text_put(&whole, word, at < strlen(word) ? at : strlen(word));
    hs_text_puts(&whole, at < strlen(word) ? replace : "");
    hs_text_shell(hint, hs_text_string(&whole));
    hs_text_deinit(&whole);
}

void hs_trouble_again(struct hs_text *hint, const struct hs_command_line *line, const char *instead,
                      const char *replace, const char *more)
{
    hs_text_puts(hint, line->program);
    for (int i = 0; i < line->words; i++) {
        hs_text_puts(hint, " ");
        put_word(hint, line->word[i], instead, replace);
    }
    hs_text_puts(hint, more);
}

void hs_trouble_elsewhere(struct hs_text *hint, const struct hs_command_line *line, const char *path)
{
    const char *slash = strrchr(path, '/');
    struct hs_text elsewhere = {0};
    hs_text_printf(&elsewhere, "/tmp/%s", slash ? slash + 1 : path);
    hs_trouble_again(hint, line, path, hs_text_string(&elsewhere), "");
    hs_text_deinit(&elsewhere);
}
