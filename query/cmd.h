/* What the subcommands of heapquery share: how they are described, their options, and opening snapshots. */
#ifndef HS_QUERY_CMD_H
#define HS_QUERY_CMD_H

#include "format/error.h"
#include "format/session.h"
#include "format/text.h"
#include "query/chain.h"
#include "query/output.h"
#include "query/picture.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A limit that the user did not give. */
#define HS_LIMIT_DEFAULT UINT64_MAX

/* More chains to one object nobody reads; more things to avoid nobody types. */
#define HS_ALTERNATIVES_MAX 100
#define HS_AVOID_MAX        100

struct hs_options {
    const struct hs_command *command;
    char *const
        *argument; /* what is left of the command line: snapshot and object, or snapshots and statement */
    size_t arguments;
    enum hs_output_format format;
    bool no_header;
    uint64_t limit; /* rows; 0: all; HS_LIMIT_DEFAULT */
    const char *sort;
    const char *like;
    const char *by; /* --by */
    const char *to;
    const char *output;    /* -o */
    unsigned alternatives; /* -k; 0: not asked for */
    const char *avoid[HS_AVOID_MAX];
    size_t avoids;
    bool overwrite; /* -f */
    bool quiet;
    bool show_sql;
    unsigned max_depth;
    unsigned too_many;
    struct hs_picture_budget budget;
};

/* Options beyond --help that a command takes, as a mask. */
enum hs_takes {
    HS_TAKES_FORMAT = 1 << 0, /* --json --csv --box --no-header */
    HS_TAKES_LIMIT = 1 << 1,
    HS_TAKES_SORT = 1 << 2,
    HS_TAKES_LIKE = 1 << 3,
    HS_TAKES_TO = 1 << 4, /* and --show-sql */
    HS_TAKES_OUTPUT = 1 << 5,
    HS_TAKES_FORCE = 1 << 6,
    HS_TAKES_FAN = 1 << 7, /* --max-depth, --too-many */
    HS_TAKES_QUIET = 1 << 8,
    HS_TAKES_JSON = 1 << 9, /* --json only: the answer is no table */
    HS_TAKES_BY = 1 << 10,
    HS_TAKES_WAYS = 1 << 11, /* --alternatives, --avoid */
    HS_TAKES_FILE = 1 << 12, /* -o, and what it takes, but for pictures of objects */
};

struct hs_command {
    const char *name;
    const char *const *aliases; /* NULL-terminated; NULL if none */
    const char *arguments;      /* for the usage line */
    const char *summary;        /* half a line */
    const char *details;        /* paragraphs of --help */
    const char *examples;       /* lines of --help */
    unsigned takes;
    size_t least, most; /* arguments */
    struct hs_error *(*run)(const struct hs_options *options);
};

extern const struct hs_command hs_command_sql, hs_command_types, hs_command_objects, hs_command_show,
    hs_command_refs, hs_command_backrefs, hs_command_chain, hs_command_tables, hs_command_unpack,
    hs_command_verify, hs_command_retained, hs_command_paths, hs_command_plot;

/* Opens snapshots with all that this room can compute about them. */
struct hs_error *hs_cmd_open(char *const *paths, size_t count, struct hs_session **ret) HS_MUST_CHECK;

/* One snapshot, opened, and the object of the command line. hs_subject_close() is fine with what was never
 * opened. */
struct hs_subject {
    const char *path;
    const char *name; /* the object as the user named it, NULL if the command line has none */
    struct hs_session *session;
    struct sqlite3 *db; /* the session's */
    struct hs_reader *reader;
    const char *schema;
    uint32_t object; /* HS_NO_OBJECT without a name */
};
/* Opens the first argument (or the second, where the first is no file and the second is: people swap them).
 * With `find`, looks for the object that the other argument names. */
struct hs_error *hs_subject_open(const struct hs_options *options, bool find,
                                 struct hs_subject *ret) HS_MUST_CHECK;
/* Finds a type of the snapshot; the error says where to look. */
struct hs_error *hs_subject_type(const struct hs_subject *subject, const char *name,
                                 uint32_t *ret) HS_MUST_CHECK;
void hs_subject_close(struct hs_subject *subject);

/* The chain that explains best why the subject's object is alive: from a module, or from another root if no
 * module leads to it. */
struct hs_error *hs_subject_chain(const struct hs_subject *subject, struct hs_chain *ret) HS_MUST_CHECK;

/* The roots other than modules that hold an object, in words, with commas; nothing if there are none. */
struct hs_error *hs_subject_roots(const struct hs_subject *subject, uint32_t object,
                                  struct hs_text *text) HS_MUST_CHECK;

struct sqlite3_stmt;
/* Compiles one statement of our own, `sql`, with the schema where it says %w. */
struct hs_error *hs_subject_prepare(const struct hs_subject *subject, const char *sql,
                                    struct sqlite3_stmt **ret) HS_MUST_CHECK;
/* Steps; *ret tells whether there is a row. */
struct hs_error *hs_statement_step(struct sqlite3_stmt *statement, bool *ret) HS_MUST_CHECK;
/* A column as text into the next cell; NULL stays NULL. */
void hs_output_column(struct hs_output *output, struct sqlite3_stmt *statement, int column);

struct hs_error *hs_options_output(const struct hs_options *options, const struct hs_column *columns,
                                   size_t count, struct hs_output **ret) HS_MUST_CHECK;
/* Whether people read it: then there are limits by default, and footers. */
bool hs_options_for_people(const struct hs_options *options);
/* The limit to use: `usual` rows for people, all for programs, or what the user said. UINT64_MAX is all. */
uint64_t hs_options_limit(const struct hs_options *options, uint64_t usual);

#endif
