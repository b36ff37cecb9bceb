#include "query/output.h"

#include "format/text.h"
#include "query/json.h"
#include "query/quantity.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct column {
    struct hs_column is;
    size_t width;  /* in terminal columns, so far or for good */
    bool any_text; /* a text came */
};

/* A cell of a sampled row: formatted and escaped. */
struct cell {
    char *text;
    size_t width;
};

struct hs_output {
    FILE *file;
    struct hs_output_options options;
    size_t columns;
    struct column *column;
    size_t at; /* next column of the current row */
    uint64_t rows;
    bool failed;         /* out of memory */
    bool streaming;      /* the widths are settled, the header is written */
    bool terminal;       /* CSV goes to a terminal: escape for it too */
    struct cell *sample; /* [HS_OUTPUT_SAMPLE * columns], formats for people only */
    struct hs_text text; /* scratch: one cell, or in streaming one line */
    struct hs_text line;
    struct hs_json json;
};

static bool is_for_people(const struct hs_output *output)
{
    return output->options.format == HS_OUTPUT_COLUMNS || output->options.format == HS_OUTPUT_BOX;
}

struct hs_error *hs_output_create(FILE *file, const struct hs_output_options *options,
                                  const struct hs_column *columns, size_t count, struct hs_output **ret)
{
    struct hs_output *output = calloc(1, sizeof(*output));
    if (!output)
        return &hs_error_memory;
    output->file = file;
    output->options = *options;
    output->columns = count;
    output->terminal = isatty(fileno(file));
    output->json.file = file;
    output->column = calloc(count ? count : 1, sizeof(*output->column));
    if (is_for_people(output))
        output->sample = calloc(count ? count : 1, HS_OUTPUT_SAMPLE * sizeof(*output->sample));
    if (!output->column || (is_for_people(output) && !output->sample)) {
        hs_output_destroy(output);
        return &hs_error_memory;
    }
    for (size_t i = 0; i < count; i++) {
        output->column[i].is = columns[i];
        if (!options->no_header)
            output->column[i].width = hs_text_width(columns[i].name, strlen(columns[i].name));
    }
    if (options->format == HS_OUTPUT_JSON)
        hs_json_array(&output->json);
    *ret = output;
    return NULL;
}

void hs_output_destroy(struct hs_output *output)
{
    if (!output)
        return;
    for (size_t i = 0; output->sample && i < HS_OUTPUT_SAMPLE * output->columns; i++)
        free(output->sample[i].text);
    free(output->sample);
    free(output->column);
    hs_text_deinit(&output->text);
    hs_text_deinit(&output->line);
    free(output);
}

uint64_t hs_output_rows(const struct hs_output *output)
{
    return output->rows;
}

/* Lines of the formats for people. */

static bool is_right(const struct column *column)
{
    if (column->is.kind == HS_COLUMN_ANY)
        return !column->any_text;
    return column->is.kind != HS_COLUMN_TEXT && column->is.kind != HS_COLUMN_VALUE;
}

static void put_padded(struct hs_output *output, size_t index, const char *text, size_t width)
{
    const struct column *column = &output->column[index];
    size_t pad = width < column->width ? column->width - width : 0;
    bool box = output->options.format == HS_OUTPUT_BOX;
    bool last = index + 1 == output->columns;
    if (box)
        hs_text_puts(&output->line, index ? " \xe2\x94\x82 " : "\xe2\x94\x82 "); /* U+2502, a bar */
    else if (index)
        hs_text_puts(&output->line, "  ");
    else if (output->options.indent)
        hs_text_puts(&output->line, output->options.indent);
    if (is_right(column))
        hs_text_fill(&output->line, ' ', pad);
    hs_text_puts(&output->line, text);
    if (!is_right(column) && (box || !last))
        hs_text_fill(&output->line, ' ', pad);
    if (box && last)
        hs_text_puts(&output->line, " \xe2\x94\x82");
}

static void write_line(struct hs_output *output)
{
    /* An empty cell at the end leaves its separator. */
    while (output->line.bytes && output->line.data[output->line.bytes - 1] == ' ')
        output->line.data[--output->line.bytes] = '\0';
    fprintf(output->file, "%s\n", hs_text_string(&output->line));
    output->failed |= output->line.failed;
    hs_text_clear(&output->line);
}

/* A horizontal line of the box with the given corner, crossing and end. */
static void write_rule(struct hs_output *output, const char *left, const char *crossing, const char *right)
{
    for (size_t i = 0; i < output->columns; i++) {
        hs_text_puts(&output->line, i ? crossing : left);
        for (size_t j = 0; j < output->column[i].width + 2; j++)
            hs_text_puts(&output->line, "\xe2\x94\x80"); /* U+2500 */
    }
    hs_text_puts(&output->line, right);
    write_line(output);
}

static void write_header(struct hs_output *output)
{
    bool box = output->options.format == HS_OUTPUT_BOX;
    if (!output->columns)
        return;
    if (box)
        write_rule(output, "\xe2\x94\x8c", "\xe2\x94\xac", "\xe2\x94\x90");
    if (output->options.no_header)
        return;
    for (size_t i = 0; i < output->columns; i++) {
        const char *name = output->column[i].is.name;
        hs_text_clear(&output->text);
        hs_text_terminal(&output->text, name, strlen(name));
        put_padded(output, i, hs_text_string(&output->text),
                   hs_text_width(hs_text_string(&output->text), output->text.bytes));
    }
    write_line(output);
    if (box)
        write_rule(output, "\xe2\x94\x9c", "\xe2\x94\xbc", "\xe2\x94\xa4");
}

/* Settles the widths and writes the sampled rows. */
static void start_streaming(struct hs_output *output)
{
    output->streaming = true;
    write_header(output);
    for (uint64_t row = 0; row < output->rows; row++) {
        for (size_t i = 0; i < output->columns; i++) {
            const struct cell *cell = &output->sample[row * output->columns + i];
            put_padded(output, i, cell->text ? cell->text : "", cell->width);
        }
        write_line(output);
    }
}

/* Takes the finished cell in output->text. */
static void end_cell(struct hs_output *output)
{
    assert(output->at < output->columns);
    size_t width = hs_text_width(hs_text_string(&output->text), output->text.bytes);
    if (output->streaming) {
        put_padded(output, output->at, hs_text_string(&output->text), width);
    } else {
        struct column *column = &output->column[output->at];
        struct cell *cell = &output->sample[output->rows * output->columns + output->at];
        cell->width = width;
        if (width > column->width)
            column->width = width;
        cell->text = hs_text_take(&output->text);
        output->failed |= !cell->text;
    }
    output->failed |= output->text.failed;
    hs_text_clear(&output->text);
    output->at++;
}

/* What stands before a cell of CSV and JSON. */
static void begin_plain(struct hs_output *output)
{
    assert(output->at < output->columns);
    if (output->options.format == HS_OUTPUT_JSON) {
        if (!output->at)
            hs_json_object_inline(&output->json);
        hs_json_key(&output->json, output->column[output->at].is.name);
    } else {
        if (output->at)
            putc(',', output->file);
    }
    output->at++;
}

static void write_csv(struct hs_output *output, const char *data, size_t bytes)
{
    hs_text_clear(&output->text);
    hs_text_csv(&output->text, data, bytes);
    if (output->terminal) {
        hs_text_clear(&output->line);
        hs_text_terminal(&output->line, hs_text_string(&output->text), output->text.bytes);
        fputs(hs_text_string(&output->line), output->file);
    } else {
        fputs(hs_text_string(&output->text), output->file);
    }
    output->failed |= output->text.failed || output->line.failed;
}

static void write_csv_header(struct hs_output *output)
{
    for (size_t i = 0; i < output->columns; i++) {
        if (i)
            putc(',', output->file);
        write_csv(output, output->column[i].is.name, strlen(output->column[i].is.name));
    }
    putc('\n', output->file);
}

/* The CSV header goes before the first cell, or at the end of an empty result. */
static void begin_row(struct hs_output *output)
{
    if (!output->streaming && !is_for_people(output)) {
        output->streaming = true;
        if (output->options.format == HS_OUTPUT_CSV && !output->options.no_header)
            write_csv_header(output);
    }
}

void hs_output_null(struct hs_output *output)
{
    begin_row(output);
    if (is_for_people(output)) {
        end_cell(output);
        return;
    }
    begin_plain(output);
    if (output->options.format == HS_OUTPUT_JSON)
        hs_json_null(&output->json);
}

static void format_number(struct hs_text *text, enum hs_column_kind kind, int64_t number)
{
    char quantity[HS_QUANTITY_MAX];
    switch (kind) {
    case HS_COLUMN_COUNT:
        hs_text_puts(text, number < 0 ? hs_count_delta_format(quantity, number)
                                      : hs_count_format(quantity, (uint64_t)number));
        break;
    case HS_COLUMN_BYTES:
        hs_text_puts(text, number < 0 ? hs_bytes_delta_format(quantity, number)
                                      : hs_bytes_format(quantity, (uint64_t)number));
        break;
    case HS_COLUMN_COUNT_DELTA:
        hs_text_puts(text, hs_count_delta_format(quantity, number));
        break;
    case HS_COLUMN_BYTES_DELTA:
        hs_text_puts(text, hs_bytes_delta_format(quantity, number));
        break;
    case HS_COLUMN_ID:
        hs_text_printf(text, "#%" PRId64, number);
        break;
    case HS_COLUMN_ADDRESS:
        hs_text_printf(text, "0x%" PRIx64, (uint64_t)number);
        break;
    case HS_COLUMN_ANY:
    case HS_COLUMN_TEXT:
    case HS_COLUMN_VALUE:
        hs_text_printf(text, "%" PRId64, number);
        break;
    }
}

void hs_output_int(struct hs_output *output, int64_t number)
{
    begin_row(output);
    enum hs_column_kind kind = output->column[output->at].is.kind;
    if (is_for_people(output)) {
        format_number(&output->text, kind, number);
        end_cell(output);
        return;
    }
    begin_plain(output);
    bool json = output->options.format == HS_OUTPUT_JSON;
    if (kind == HS_COLUMN_ADDRESS && json)
        hs_json_address(&output->json, (uint64_t)number);
    else if (kind == HS_COLUMN_ADDRESS)
        fprintf(output->file, "0x%" PRIx64, (uint64_t)number);
    else if (json)
        hs_json_int(&output->json, number);
    else
        fprintf(output->file, "%" PRId64, number);
}

void hs_output_real(struct hs_output *output, double number)
{
    begin_row(output);
    if (is_for_people(output)) {
        hs_text_printf(&output->text, "%.15g", number);
        end_cell(output);
        return;
    }
    begin_plain(output);
    if (output->options.format == HS_OUTPUT_JSON)
        hs_json_real(&output->json, number);
    else if (isfinite(number))
        fprintf(output->file, "%.15g", number);
}

void hs_output_text(struct hs_output *output, const char *data, size_t bytes)
{
    if (!data) {
        hs_output_null(output);
        return;
    }
    begin_row(output);
    if (is_for_people(output)) {
        output->column[output->at].any_text = true;
        if (output->column[output->at].is.kind == HS_COLUMN_VALUE)
            hs_text_clip(&output->text, data, bytes, HS_OUTPUT_VALUE_COLUMNS);
        else
            hs_text_terminal(&output->text, data, bytes);
        end_cell(output);
        return;
    }
    begin_plain(output);
    if (output->options.format == HS_OUTPUT_JSON)
        hs_json_text(&output->json, data, bytes);
    else
        write_csv(output, data, bytes);
}

void hs_output_string(struct hs_output *output, const char *string)
{
    hs_output_text(output, string, string ? strlen(string) : 0);
}

bool hs_output_row(struct hs_output *output)
{
    assert(output->at == output->columns);
    output->at = 0;
    output->rows++;
    if (output->options.format == HS_OUTPUT_JSON)
        hs_json_object_end(&output->json);
    else if (output->options.format == HS_OUTPUT_CSV)
        putc('\n', output->file);
    else if (output->streaming)
        write_line(output);
    else if (output->rows == HS_OUTPUT_SAMPLE)
        start_streaming(output);
    return !output->failed && !ferror(output->file);
}

struct hs_error *hs_output_finish(struct hs_output *output)
{
    begin_row(output);
    if (!output->streaming)
        start_streaming(output);
    if (output->options.format == HS_OUTPUT_BOX && output->columns)
        write_rule(output, "\xe2\x94\x94", "\xe2\x94\xb4", "\xe2\x94\x98");
    if (output->options.format == HS_OUTPUT_JSON)
        hs_json_array_end(&output->json);
    if (output->failed || output->json.failed)
        return &hs_error_memory;
    errno = 0;
    if (fflush(output->file) || ferror(output->file))
        return hs_error_system(errno ? errno : EIO, NULL, "write the result");
    return NULL;
}
