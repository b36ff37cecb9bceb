/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef HS_FORMAT_UTF8_H
#define HS_FORMAT_UTF8_H

#include "format/buffer.h"

#include <stdbool.h>

/* Length of the well-formed character at `text` (1 .. 4), or 0 if the first byte starts none within `bytes`.
 */
size_t hs_utf8_character(const void *text, size_t bytes);

bool hs_utf8_valid(const void *text, size_t bytes);

/* Appends `text` with U+FFFD in place of each byte that is not part of a well-formed character. */
struct hs_error *hs_utf8_append(struct hs_buffer *buffer, const void *text, size_t bytes) HS_MUST_CHECK;

/* The same for a string, as a new one that the caller frees; NULL gives NULL. */
struct hs_error *hs_utf8_copy(const char *text, char **ret) HS_MUST_CHECK;

#endif
