/* The record of a process: rows of figures in a CSV file, to which anybody of the same user may add marks
 * while it grows.
 *
 * A row is one write() to a file opened to append, so recorder and markers need not know of each other. Which
 * records are being made says a folder of the user's, $XDG_RUNTIME_DIR/heapdump or /tmp/heapdump-UID: in it a
 * file "record.PID" holds the path of the CSV file, and is locked as long as its recorder lives.
 */
#ifndef HS_DUMP_RECORD_H
#define HS_DUMP_RECORD_H

#include "format/error.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HS_RECORD_HEADER "timestamp,vm_size,rss,pss,threads,objects,label\n"
#define HS_RECORD_LABEL  256 /* bytes of a label; longer ones are cut */

struct hs_record {
    pid_t pid;
    int csv;              /* open to append; -1: none */
    int entry;            /* the locked file; -1: not the recorder */
    char name[PATH_MAX];  /* of the entry */
    bool pss;             /* needs the right to trace */
    int64_t objects;      /* what the next row says of them; -1: nothing */
    uint64_t start_ticks; /* guards against a number used again; 0 before the first row */
};

/* Starts a record: makes the file with its header, 0600, and announces it. An existing file is refused unless
 * `overwrite`; a second record of the same process is refused. `csv` as the user gave it. */
struct hs_error *hs_record_create(struct hs_record *record, pid_t pid, const char *csv, bool pss,
                                  bool overwrite) HS_MUST_CHECK;

/* Finds the record of process `pid`, or with 0 the only one that is being made. */
struct hs_error *hs_record_find(struct hs_record *record, pid_t pid) HS_MUST_CHECK;

/* Adds a row with what the kernel says, and with record->objects; `label` may be NULL. *ret_ended: there was
 * nothing to be read any more, because the process has ended. */
struct hs_error *hs_record_row(struct hs_record *record, const char *label, bool *ret_ended) HS_MUST_CHECK;

/* Ends what create or find began; a record's file stays. */
void hs_record_deinit(struct hs_record *record);

/* Writes a label as a CSV field: one line, quoted where needed, and not to be taken for a formula by a
 * spreadsheet. */
void hs_record_format_label(const char *label, char *ret, size_t room);

#endif
