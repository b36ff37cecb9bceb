/* Texts of the target: str objects as UTF-8. */
#ifndef HS_DUMP_AGENT_TEXT_H
#define HS_DUMP_AGENT_TEXT_H

#include "dump/agent/layout.h"

/* UTF-8 of the str (or subclass) at `str`, at most `limit` bytes, ending between characters. `*ret` points
 * into the object if that is UTF-8 already, otherwise to scratch[limit]. Lone surrogates come out as three
 * bytes, as CPython's surrogatepass has it. Returns the number of bytes; 0 with an empty text for a str that
 * was never made ready. */
size_t hs_str_utf8(const struct hs_layout *layout, uint64_t str, char *scratch, size_t limit,
                   const char **ret);

/* The value of a non-negative int below 2**64; false for others. */
bool hs_int_value(const struct hs_layout *layout, uint64_t object, uint64_t *ret);

/* How many digits of 30 bits an int has, and its sign: Include/cpython/longintrepr.h. Since 3.12 the digits
 * are counted in lv_tag, whose two low bits are 2 for a negative number; before, ob_size is the count,
 * negative for such. */
uint64_t hs_int_digits(const struct hs_layout *layout, uint64_t object, bool *ret_negative);

#endif
