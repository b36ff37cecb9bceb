#include "query/series.h"

#include "query/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A row a second for eleven days; more is no plot. */
#define ROWS_MAX  1000000
#define BYTES_MAX (UINT64_C(256) << 20)
/* Columns of a row; processes in a file. */
#define FIELDS_MAX    64
#define PROCESSES_MAX 1000
/* Years that a plot may span. */
#define SECONDS_MAX 1e10

/* What a column of the file is. The first ones are those of enum hs_series_column. */
enum column {
    COLUMN_TIMESTAMP = HS_SERIES_COLUMNS,
    COLUMN_PID,
    COLUMN_TEST,
    COLUMN_RUN,
    COLUMN_LABEL,
    COLUMNS,
};

const char *hs_series_column_name(enum hs_series_column column)
{
    static const char *const names[] = {[HS_SERIES_RSS] = "rss",
                                        [HS_SERIES_PSS] = "pss",
                                        [HS_SERIES_VM_SIZE] = "vm_size",
                                        [HS_SERIES_OBJECTS] = "objects"};
    return names[column];
}

/* What may become a mark, of the row before. */
struct before {
    int64_t run;
    char *test;
};

struct parser {
    const char *path;
    struct hs_csv csv;
    struct hs_text field;
    uint8_t column[FIELDS_MAX]; /* enum column of each field, COLUMNS: passed over */
    size_t fields;
    size_t sample_room, mark_room;
    int64_t pid[PROCESSES_MAX];
    struct hs_text label, test; /* of the row */
    int64_t run;
    bool falls; /* the number of the run: every test is repeated by itself */
    struct hs_series *ret;
};

void hs_series_deinit(struct hs_series *series)
{
    for (size_t i = 0; i < series->marks; i++)
        free(series->mark[i].label);
    free(series->mark);
    free(series->sample);
    *series = (struct hs_series){0};
}

static struct hs_error *HS_PRINTF(3, 4)
    bad(const struct parser *parser, uint64_t line, const char *format, ...)
{
    struct hs_text text = {0};
    va_list args;
    va_start(args, format);
    char *what = NULL;
    if (vasprintf(&what, format, args) < 0)
        what = NULL;
    va_end(args);
    if (what)
        hs_text_clip(&text, what, strlen(what), 120);
    struct hs_error *error = hs_error_create(HS_ERROR_USAGE, "%s: line %ju: %s", parser->path,
                                             (uintmax_t)line, hs_text_string(&text));
    hs_text_deinit(&text);
    free(what);
    return error;
}

/* ---- the file ---- */

static struct hs_error *read_some(int fd, const char *path, struct hs_buffer *ret, bool *ret_end)
{
    enum { STEP = 1 << 18 };
    struct hs_error *error = hs_buffer_reserve(ret, STEP);
    if (error)
        return error;
    ssize_t got = read(fd, ret->data + ret->bytes, STEP);
    if (got < 0 && errno != EINTR)
        return hs_error_system(errno, path, "read it");
    *ret_end = got == 0;
    ret->bytes += got > 0 ? (size_t)got : 0;
    if (ret->bytes > BYTES_MAX)
        return hs_error_create(HS_ERROR_LIMIT,
                               "%s: larger than %d MiB; leave out rows that nobody can tell apart", path,
                               (int)(BYTES_MAX >> 20));
    return NULL;
}

static struct hs_error *read_file(const char *path, struct hs_buffer *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return hs_error_system(errno, path, "open the table");
    struct hs_error *error = NULL;
    for (bool end = false; !error && !end;)
        error = read_some(fd, path, ret, &end);
    close(fd);
    return error;
}

/* ---- the heading ---- */

static uint8_t column_of(const char *name)
{
    static const char *const others[] = {
        [COLUMN_TIMESTAMP] = "timestamp", [COLUMN_PID] = "pid", [COLUMN_TEST] = "test", [COLUMN_RUN] = "run",
        [COLUMN_LABEL] = "label",
    };
    for (uint8_t i = 0; i < COLUMNS; i++)
        if (!strcmp(name, i < HS_SERIES_COLUMNS ? hs_series_column_name(i) : others[i]))
            return i;
    return COLUMNS;
}

static struct hs_error *read_heading(struct parser *parser)
{
    bool last = false, known[COLUMNS + 1] = {false};
    while (!last) {
        if (!hs_csv_field(&parser->csv, &parser->field, &last))
            break;
        if (parser->fields == FIELDS_MAX)
            return hs_error_create(HS_ERROR_LIMIT, "%s: more than %d columns; see: heapdump record --help",
                                   parser->path, FIELDS_MAX);
        const char *name = hs_text_string(&parser->field);
        /* A mark of the byte order, as spreadsheets write. */
        if (!parser->fields && !strncmp(name, "\xef\xbb\xbf", 3))
            name += 3;
        uint8_t column = column_of(name);
        known[column] = true;
        parser->column[parser->fields++] = column;
    }
    bool any =
        known[HS_SERIES_RSS] || known[HS_SERIES_PSS] || known[HS_SERIES_VM_SIZE] || known[HS_SERIES_OBJECTS];
    if (known[COLUMN_TIMESTAMP] && any)
        return NULL;
    return hs_error_create(HS_ERROR_USAGE,
                           "%s: its first line names no column timestamp with rss, pss, vm_size or objects; "
                           "try: heapdump record "
                           "-o memory.csv",
                           parser->path);
}

/* ---- a row ---- */

/* 2026-11-23T09:35:33.512Z, or seconds since 1970. */
static bool parse_time(const char *text, double *ret)
{
    struct tm utc = {0};
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    char *end;
    if (!rest) {
        *ret = strtod(text, &end);
        return end != text && !*end && isfinite(*ret) && fabs(*ret) < 1e11;
    }
    *ret = (double)timegm(&utc);
    if (*rest == '.') {
        *ret += strtod(rest, &end);
        rest = end;
    }
    return !*rest || !strcmp(rest, "Z") || !strcmp(rest, "+00:00");
}

/* Digits alone, or nothing. */
static bool parse_value(const char *text, double *ret)
{
    *ret = NAN;
    if (!*text)
        return true;
    if (strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
        return false;
    *ret = (double)strtoll(text, NULL, 10);
    return true;
}

static struct hs_error *find_process(struct parser *parser, uint64_t line, const char *text, uint32_t *ret)
{
    double number;
    if (!parse_value(text, &number) || isnan(number))
        return bad(parser, line, "no process id: %s", text);
    for (uint32_t i = 0; i < parser->ret->processes; i++) {
        if (parser->pid[i] == (int64_t)number) {
            *ret = i;
            return NULL;
        }
    }
    if (parser->ret->processes == PROCESSES_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "%s: more than %d processes; plot the rows of some",
                               parser->path, PROCESSES_MAX);
    *ret = parser->ret->processes++;
    parser->pid[*ret] = (int64_t)number;
    return NULL;
}

static struct hs_error *take_field(struct parser *parser, uint8_t column, uint64_t line,
                                   struct hs_sample *sample)
{
    const char *text = hs_text_string(&parser->field);
    double number;
    switch (column) {
    case COLUMN_TIMESTAMP:
        return parse_time(text, &sample->time)
                   ? NULL
                   : bad(parser, line, "no time (2026-01-31T12:00:00Z, or seconds since 1970): %s", text);
    case COLUMN_PID:
        return find_process(parser, line, text, &sample->process);
    case COLUMN_RUN:
        if (!parse_value(text, &number))
            return bad(parser, line, "no number of a repetition: %s", text);
        parser->run = isnan(number) ? -1 : (int64_t)number;
        return NULL;
    case COLUMN_TEST:
        hs_text_clip(&parser->test, text, parser->field.bytes, HS_MARK_COLUMNS);
        return NULL;
    case COLUMN_LABEL:
        /* The apostrophe keeps spreadsheets from taking it for a formula. */
        text += text[0] == '\'' && text[1] && strchr("=+-@\t\r", text[1]);
        hs_text_clip(&parser->label, text, strlen(text), HS_MARK_COLUMNS);
        return NULL;
    default:
        if (!parse_value(text, &sample->value[column]))
            return bad(parser, line, "%s is no number: %s", hs_series_column_name(column), text);
        parser->ret->has[column] |= !isnan(sample->value[column]);
        return NULL;
    }
}

/* False at the end of the file. An empty line is no row. */
static struct hs_error *read_row(struct parser *parser, struct hs_sample *sample, bool *ret_row)
{
    struct hs_error *error = NULL;
    uint64_t line;
    size_t field = 0;
    bool last = false;
    *ret_row = false;
    do {
        line = parser->csv.line;
        if (!hs_csv_field(&parser->csv, &parser->field, &last))
            return NULL;
    } while (last && !parser->field.bytes && parser->fields > 1);
    *sample = (struct hs_sample){.value = {NAN, NAN, NAN, NAN}};
    hs_text_clear(&parser->label);
    hs_text_clear(&parser->test);
    parser->run = -1;
    for (;; field++) {
        uint8_t column = field < parser->fields ? parser->column[field] : COLUMNS;
        if (column != COLUMNS)
            error = take_field(parser, column, line, sample);
        if (error || last)
            break;
        if (!hs_csv_field(&parser->csv, &parser->field, &last)) {
            /* The file ends with a comma: an empty field. */
            hs_text_clear(&parser->field);
            last = true;
        }
    }
    if (!error && field + 1 != parser->fields)
        error = bad(parser, line, "%zu fields where the heading has %zu", field + 1, parser->fields);
    *ret_row = !error;
    return error;
}

/* ---- rows and marks ---- */

static struct hs_error *add_sample(struct parser *parser, const struct hs_sample *sample)
{
    struct hs_series *ret = parser->ret;
    if (ret->count == ROWS_MAX)
        return hs_error_create(HS_ERROR_LIMIT, "%s: more than %d rows; leave out some: awk 'NR %% 10 == 1'",
                               parser->path, ROWS_MAX);
    if (ret->count == parser->sample_room) {
        parser->sample_room = parser->sample_room ? 2 * parser->sample_room : 1024;
        struct hs_sample *grown = reallocarray(ret->sample, parser->sample_room, sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        ret->sample = grown;
    }
    ret->sample[ret->count++] = *sample;
    return NULL;
}

static struct hs_error *add_mark(struct parser *parser, const char *label)
{
    struct hs_series *ret = parser->ret;
    if (ret->marks == parser->mark_room) {
        parser->mark_room = parser->mark_room ? 2 * parser->mark_room : 64;
        struct hs_mark *grown = reallocarray(ret->mark, parser->mark_room, sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        ret->mark = grown;
    }
    char *copy = strdup(label);
    if (!copy)
        return &hs_error_memory;
    ret->mark[ret->marks++] =
        (struct hs_mark){.time = ret->sample[ret->count - 1].time, .sample = ret->count - 1, .label = copy};
    return NULL;
}

/* The part of a test's name that tells it from its neighbours. */
static const char *short_test(const char *test)
{
    const char *at = strstr(test, "::");
    return at && at[2] ? at + 2 : test;
}

/* A mark where the label says so; else where the number of the repetition changes. Of several processes
 * the first one is marked. */
static struct hs_error *mark_row(struct parser *parser, struct before *before, bool by_test)
{
    struct hs_error *error = NULL;
    char words[40];
    if (parser->label.bytes)
        return add_mark(parser, hs_text_string(&parser->label));
    if (parser->ret->sample[parser->ret->count - 1].process || parser->run < 0)
        return NULL;
    const char *test = hs_text_string(&parser->test);
    bool other_test = !before->test || strcmp(before->test, test) != 0;
    snprintf(words, sizeof(words), "run %jd", (intmax_t)parser->run);
    parser->falls |= parser->run < before->run;
    if (by_test ? other_test : parser->run != before->run)
        error = add_mark(parser, by_test ? short_test(test) : words);
    before->run = parser->run;
    if (!error && other_test) {
        free(before->test);
        before->test = strdup(test);
        error = before->test ? NULL : &hs_error_memory;
    }
    return error;
}

static struct hs_error *read_rows(struct parser *parser, bool by_test)
{
    struct before before = {.run = -1};
    struct hs_sample sample;
    bool row;
    struct hs_error *error = read_row(parser, &sample, &row);
    while (!error && row) {
        error = add_sample(parser, &sample);
        if (!error)
            error = mark_row(parser, &before, by_test);
        if (!error)
            error = read_row(parser, &sample, &row);
    }
    free(before.test);
    return error;
}

/* ---- order ---- */

static int compare_samples(const void *a, const void *b)
{
    const struct hs_sample *x = a, *y = b;
    if (x->process != y->process)
        return x->process < y->process ? -1 : 1;
    return x->time < y->time ? -1 : x->time > y->time;
}

static int compare_marks(const void *a, const void *b)
{
    const struct hs_mark *x = a, *y = b;
    return x->time < y->time       ? -1
           : x->time > y->time     ? 1
           : x->sample < y->sample ? -1
                                   : x->sample > y->sample;
}

/* The sample of each mark, once samples have moved: that of its time. */
static void find_marked(struct hs_series *series)
{
    size_t at = 0;
    for (size_t i = 0; i < series->marks; i++) {
        while (at + 1 < series->count && !series->sample[at + 1].process &&
               series->sample[at + 1].time <= series->mark[i].time)
            at++;
        series->mark[i].sample = at;
    }
}

static struct hs_error *finish(const struct parser *parser, struct hs_series *series)
{
    double first = INFINITY, last = -INFINITY;
    for (size_t i = 0; i < series->count; i++) {
        first = fmin(first, series->sample[i].time);
        last = fmax(last, series->sample[i].time);
    }
    if (series->count < 2)
        return hs_error_create(HS_ERROR_USAGE,
                               "%s: %s: two moments are needed to plot; try: heapdump record -o memory.csv",
                               parser->path, series->count ? "one row" : "no rows");
    if (!series->has[HS_SERIES_RSS] && !series->has[HS_SERIES_PSS] && !series->has[HS_SERIES_VM_SIZE] &&
        !series->has[HS_SERIES_OBJECTS])
        return hs_error_create(
            HS_ERROR_USAGE,
            "%s: no row has a number in rss, pss, vm_size or objects; try: heapdump record -o memory.csv",
            parser->path);
    if (last - first > SECONDS_MAX)
        return hs_error_create(HS_ERROR_USAGE,
                               "%s: its times are more than %.0f years apart; see: heapdump record --help",
                               parser->path, SECONDS_MAX / 31557600);
    series->start = first;
    series->seconds = last - first;
    series->processes = series->processes ? series->processes : 1;
    for (size_t i = 0; i < series->count; i++)
        series->sample[i].time -= first;
    for (size_t i = 0; i < series->marks; i++)
        series->mark[i].time -= first;
    qsort(series->sample, series->count, sizeof(*series->sample), compare_samples);
    if (series->marks)
        qsort(series->mark, series->marks, sizeof(*series->mark), compare_marks);
    find_marked(series);
    return NULL;
}

static struct hs_error *parse(struct parser *parser, const struct hs_buffer *bytes, bool by_test)
{
    parser->csv = (struct hs_csv){hs_cursor(bytes->data, bytes->bytes, "table"), 1};
    parser->fields = 0;
    struct hs_error *error = read_heading(parser);
    if (!error)
        error = read_rows(parser, by_test);
    if (!error && (parser->field.failed || parser->label.failed || parser->test.failed))
        error = &hs_error_memory;
    return error;
}

struct hs_error *hs_series_read(const char *path, struct hs_series *ret)
{
    *ret = (struct hs_series){0};
    struct hs_buffer bytes = {0};
    struct parser parser = {.path = path, .ret = ret};
    struct hs_error *error = read_file(path, &bytes);
    if (!error)
        error = parse(&parser, &bytes, false);
    if (!error && parser.falls) {
        /* Every test is repeated by itself, which the numbers of the runs tell only when all were seen. */
        hs_series_deinit(ret);
        parser.sample_room = parser.mark_room = 0;
        error = parse(&parser, &bytes, true);
    }
    if (!error)
        error = finish(&parser, ret);
    hs_text_deinit(&parser.field);
    hs_text_deinit(&parser.label);
    hs_text_deinit(&parser.test);
    hs_buffer_deinit(&bytes);
    if (error)
        hs_series_deinit(ret);
    return error;
}
