/* Text in the making, and the escaping that each output needs.
 *
 * Names and values come out of a stranger's heap: they may hold terminal escapes, bidi overrides, formulas,
 * bytes that are no UTF-8. Whatever prints them goes through here.
 */
#ifndef HS_FORMAT_TEXT_H
#define HS_FORMAT_TEXT_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Grows as it is written to. Running out of memory is sticky: later appends do nothing, and hs_text_error()
 * says so once at the end. `data` is NUL-terminated, or NULL as long as nothing was written. Start from zero;
 * hs_text_deinit() frees. */
struct hs_text {
    char *data;
    size_t bytes; /* without the NUL */
    size_t capacity;
    bool failed;
};
void hs_text_deinit(struct hs_text *text);
/* Empties it and keeps the memory. */
void hs_text_clear(struct hs_text *text);
/* NULL, or out of memory. */
struct hs_error *hs_text_error(const struct hs_text *text) HS_MUST_CHECK;
/* What was written, never NULL; stays the builder's. */
const char *hs_text_string(const struct hs_text *text);
/* Gives the string away (to free()) and leaves the builder empty; NULL when out of memory. */
char *hs_text_take(struct hs_text *text);

/* Prints it and frees it, as hs_text_deinit() does; out of memory prints nothing. */
struct hs_error *hs_text_print(struct hs_text *text, FILE *file) HS_MUST_CHECK;

void hs_text_put(struct hs_text *text, const char *data, size_t bytes);
void hs_text_puts(struct hs_text *text, const char *string);
void hs_text_printf(struct hs_text *text, const char *format, ...) HS_PRINTF(2, 3);
void hs_text_fill(struct hs_text *text, char character, size_t times);

/* For people, on one line: control, bidi and other invisible characters become \n, \x1b or \u202e; a byte
 * that is no UTF-8 becomes \xff, a lone surrogate \udc80. Everything else stays as it is, backslashes too. */
void hs_text_terminal(struct hs_text *text, const char *data, size_t bytes);
/* The same, cut after `columns` with "..." in place of the rest. */
void hs_text_clip(struct hs_text *text, const char *data, size_t bytes, size_t columns);
/* The same, with "..." in place of the middle: of a dotted name both ends say most. */
void hs_text_squeeze(struct hs_text *text, const char *data, size_t bytes, size_t columns);
/* The inside of a JSON string. Also escaped: what hs_text_terminal() escapes. Bytes that are no UTF-8 and
 * lone surrogates become U+FFFD, since strict readers refuse them. */
void hs_text_json(struct hs_text *text, const char *data, size_t bytes);
/* A CSV cell, quoted where RFC 4180 asks for it. A text that a spreadsheet would take for a formula gets an
 * apostrophe in front. */
void hs_text_csv(struct hs_text *text, const char *data, size_t bytes);
/* Text or the inside of a quoted attribute in HTML and SVG. Also escaped, to be seen: what hs_text_terminal()
 * escapes. */
void hs_text_html(struct hs_text *text, const char *data, size_t bytes);
/* A word for sh(1), quoted where it has to be. */
void hs_text_shell(struct hs_text *text, const char *word);

/* Columns that a terminal needs for text already escaped (wide and combining characters are known roughly).
 */
size_t hs_text_width(const char *data, size_t bytes);

/* Decodes the character at *cursor (below end) and steps over it. False if the byte there starts no UTF-8:
 * `ret` is the byte, and the step one byte. A surrogate counts as a character. */
bool hs_utf8_next(const char **cursor, const char *end, uint32_t *ret);

#endif
