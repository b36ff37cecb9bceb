/* Memory and objects of a process over time, out of a CSV file: what `heapdump record` writes, the pytest
 * plugin with
 * --heapdump-record, or any other table with a column `timestamp` and one of those below.
 *
 * The file is a stranger's: its size is bounded, a row must have the columns of the heading, and a number
 * must be one; errors name the line. Columns of other names are passed over.
 */
#ifndef HS_QUERY_SERIES_H
#define HS_QUERY_SERIES_H

#include "format/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hs_series_column {
    HS_SERIES_RSS = 0,
    HS_SERIES_PSS,
    HS_SERIES_VM_SIZE,
    HS_SERIES_OBJECTS,
    HS_SERIES_COLUMNS,
};
/* "rss", "pss", "vm_size", "objects": as the heading of the file has them. */
const char *hs_series_column_name(enum hs_series_column column);

/* One moment of one process. */
struct hs_sample {
    double time; /* seconds since the first sample of the file */
    uint32_t process;
    double value[HS_SERIES_COLUMNS]; /* bytes or objects; NAN where the file says nothing */
};
/* The end of a repetition, or whatever the user has marked. */
struct hs_mark {
    double time;
    size_t sample; /* the process then */
    char *label;   /* safe for a terminal, HS_MARK_COLUMNS at most */
};
#define HS_MARK_COLUMNS 60

struct hs_series {
    size_t count;
    struct hs_sample *sample; /* [count], by process, then by time */
    uint32_t processes;       /* numbered in order of appearance; 1 where the file names none */
    size_t marks;
    struct hs_mark *mark;        /* [marks], by time */
    bool has[HS_SERIES_COLUMNS]; /* is there any value? */
    double start;                /* of the first sample, seconds since 1970 */
    double seconds;              /* from the first to the last sample */
};

/* Labels of rows are marks; where there are none, the numbers of repetitions (`run`) and, if every test is
 * repeated by itself, the names of the tests (`test`). A file without two samples has nothing to plot and is
 * refused. */
struct hs_error *hs_series_read(const char *path, struct hs_series *ret) HS_MUST_CHECK;
void hs_series_deinit(struct hs_series *series);

#endif
