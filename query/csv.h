/* Reads CSV (RFC 4180): fields one after the other, quoted or not, lines that end with LF or CRLF. */
#ifndef HS_QUERY_CSV_H
#define HS_QUERY_CSV_H

#include "format/cursor.h"
#include "format/text.h"

#include <stdbool.h>

struct hs_csv {
    struct hs_cursor cursor;
    uint64_t line; /* number of the line that the next field begins in, from 1 */
};

/* The next field, without its quotes, into `ret`, which is cleared first. `ret_last`: it was the last one of
 * its row. False at the end of the file, where no row begins. A quote that is never closed ends with the
 * file. */
bool hs_csv_field(struct hs_csv *csv, struct hs_text *ret, bool *ret_last);

#endif
