/* Results as tables: aligned columns or a box for people, CSV and JSON for programs.
 *
 * Rows are written one after the other. Columns for people are as wide as the first HS_OUTPUT_SAMPLE rows
 * need; the rows after these follow at once, so a result of any length needs little memory and starts early.
 */
#ifndef HS_QUERY_OUTPUT_H
#define HS_QUERY_OUTPUT_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HS_OUTPUT_SAMPLE 1000
/* A value may be a whole document; a line of a table is not the place for it. */
#define HS_OUTPUT_VALUE_COLUMNS 80

enum hs_output_format {
    HS_OUTPUT_COLUMNS = 0, /* aligned with spaces */
    HS_OUTPUT_BOX,
    HS_OUTPUT_CSV,
    HS_OUTPUT_JSON, /* an array of objects, one on a line */
};

/* What the numbers of a column are. For people all but ANY are set right and formatted; CSV and JSON hold
 * plain numbers, and addresses as the text 0x7f.. */
enum hs_column_kind {
    HS_COLUMN_ANY = 0,     /* whatever comes, as it comes; to the right if only numbers come */
    HS_COLUMN_TEXT,        /* to the left */
    HS_COLUMN_VALUE,       /* to the left; people see the first HS_OUTPUT_VALUE_COLUMNS of it */
    HS_COLUMN_COUNT,       /* 1,234,567 */
    HS_COLUMN_BYTES,       /* 8.3 MB */
    HS_COLUMN_COUNT_DELTA, /* +16 */
    HS_COLUMN_BYTES_DELTA, /* +8.3 MB */
    HS_COLUMN_ID,          /* #123 */
    HS_COLUMN_ADDRESS,     /* 0x7f.. */
};
struct hs_column {
    const char *name; /* heading, and key in JSON; must outlive the output */
    enum hs_column_kind kind;
};

struct hs_output_options {
    enum hs_output_format format;
    bool no_header;     /* CSV and the formats for people */
    const char *indent; /* before each line of COLUMNS; NULL: nothing */
};

struct hs_output;

/* The columns are copied, their names are not. Destroy with hs_output_destroy(), after hs_output_finish() has
 * written what is left. */
struct hs_error *hs_output_create(FILE *file, const struct hs_output_options *options,
                                  const struct hs_column *columns, size_t count,
                                  struct hs_output **ret) HS_MUST_CHECK;
void hs_output_destroy(struct hs_output *output);

/* The next cell of the row. Errors are sticky: hs_output_finish() reports the first one. */
void hs_output_null(struct hs_output *output);
void hs_output_int(struct hs_output *output, int64_t number);
void hs_output_real(struct hs_output *output, double number);
/* `data` NULL is null. Escaped as the format needs it. */
void hs_output_text(struct hs_output *output, const char *data, size_t bytes);
void hs_output_string(struct hs_output *output, const char *string);
/* Ends the row, which must be full. False when writing failed: there is no use in going on. */
bool hs_output_row(struct hs_output *output);
uint64_t hs_output_rows(const struct hs_output *output);

struct hs_error *hs_output_finish(struct hs_output *output) HS_MUST_CHECK;

#endif
