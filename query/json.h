/* Writes JSON, one value after the other, with the commas and the indentation in the right places.
 *
 * Errors are sticky: hs_json_finish() tells at the end.
 */
#ifndef HS_QUERY_JSON_H
#define HS_QUERY_JSON_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Deeper nesting is a bug of the caller, not a matter of input. */
#define HS_JSON_DEPTH 16

/* Start with {.file = f}. Objects and arrays break lines; one opened as `inline` and all within stay on one
 * line. */
struct hs_json {
    FILE *file;
    unsigned depth;
    unsigned inline_depth;    /* depth from which all is on one line; 0: nowhere */
    bool used[HS_JSON_DEPTH]; /* something was written at that depth already */
    bool after_key;
    bool failed; /* out of memory */
};

/* Flushes the file. The error of a write, or of memory, that happened since the start. */
struct hs_error *hs_json_finish(struct hs_json *json) HS_MUST_CHECK;

void hs_json_object(struct hs_json *json);
void hs_json_array(struct hs_json *json);
void hs_json_object_inline(struct hs_json *json);
void hs_json_array_inline(struct hs_json *json);
void hs_json_object_end(struct hs_json *json);
void hs_json_array_end(struct hs_json *json);

/* In an object, before each value. Keys are the program's own words. */
void hs_json_key(struct hs_json *json, const char *key);
/* NULL is null. */
void hs_json_string(struct hs_json *json, const char *string);
void hs_json_text(struct hs_json *json, const char *data, size_t bytes);
void hs_json_int(struct hs_json *json, int64_t number);
void hs_json_uint(struct hs_json *json, uint64_t number);
/* Not-a-number and infinities are null. */
void hs_json_real(struct hs_json *json, double number);
void hs_json_bool(struct hs_json *json, bool truth);
void hs_json_null(struct hs_json *json);
/* The string "0x7f..", as the program's people write addresses. */
void hs_json_address(struct hs_json *json, uint64_t address);

/* Both at once. */
void hs_json_key_string(struct hs_json *json, const char *key, const char *string);
void hs_json_key_int(struct hs_json *json, const char *key, int64_t number);
void hs_json_key_uint(struct hs_json *json, const char *key, uint64_t number);

#endif
