#include "format/database.h"

#include "format/buffer.h"
#include "format/schema.h"
#include "format/snapshot.h"
#include "format/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite's file header (sqlite.org/fileformat2.html, 1.3); numbers are big endian. */
#define HEADER_BYTES         100
#define HEADER_WRITE_VERSION 18
#define HEADER_READ_VERSION  19
#define HEADER_PAGE_SIZE     16
#define HEADER_PAGES         28
#define HEADER_USER          60
#define HEADER_APPLICATION   68

#define REMEDY "try: heapdump run -o FILE.db -- python3 app.py"

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
}

static struct hs_error *check_version(const uint8_t *header, const char *path)
{
    if (be32(header + HEADER_APPLICATION) != HS_APPLICATION_ID)
        return hs_error_create(HS_ERROR_NOT_SNAPSHOT,
                               "%s: is an SQLite database but not a heap snapshot; " REMEDY, path);
    uint32_t version = be32(header + HEADER_USER);
    if (version > HS_FORMAT_VERSION)
        return hs_error_create(
            HS_ERROR_VERSION,
            "%s: written by a newer version (format %u); this reads up to %d: update heapdump", path, version,
            HS_FORMAT_VERSION);
    if (version == 0)
        return hs_error_create(HS_ERROR_CORRUPT, "%s: has no format version; take the snapshot again", path);
    if (header[HEADER_WRITE_VERSION] != 1 || header[HEADER_READ_VERSION] != 1)
        return hs_error_create(
            HS_ERROR_CORRUPT,
            "%s: another program has put it into WAL mode; undo that with: sqlite3 FILE \"PRAGMA "
            "journal_mode=DELETE\"",
            path);
    return NULL;
}

static struct hs_error *check_length(const uint8_t *header, uint64_t bytes, const char *path)
{
    uint32_t page = (uint32_t)header[HEADER_PAGE_SIZE] << 8 | header[HEADER_PAGE_SIZE + 1];
    uint64_t declared = (uint64_t)be32(header + HEADER_PAGES) * (page == 1 ? 65536 : page);
    if (bytes < declared)
        return hs_error_create(
            HS_ERROR_CORRUPT,
            "%s: is cut short (%llu of %llu bytes); take the snapshot again, or copy it again", path,
            (unsigned long long)bytes, (unsigned long long)declared);
    if (bytes > declared)
        return hs_error_create(
            HS_ERROR_CORRUPT,
            "%s: is damaged (%llu bytes instead of %llu); take the snapshot again, or copy it again", path,
            (unsigned long long)bytes, (unsigned long long)declared);
    return NULL;
}

static struct hs_error *check_descriptor(int fd, const char *path)
{
    struct stat status;
    uint8_t header[HEADER_BYTES];
    if (fstat(fd, &status) != 0)
        return hs_error_system(errno, path, "look at the file");
    if (!S_ISREG(status.st_mode))
        return hs_error_create(HS_ERROR_NOT_SNAPSHOT, "%s: is not a regular file; " REMEDY, path);
    if (status.st_size == 0)
        return hs_error_create(HS_ERROR_NOT_SNAPSHOT, "%s: is empty; " REMEDY, path);
    ssize_t bytes = pread(fd, header, sizeof(header), 0);
    if (bytes < 0)
        return hs_error_system(errno, path, "read the file");
    static const char magic[16] = "SQLite format 3";
    size_t compared = (size_t)bytes < sizeof(magic) ? (size_t)bytes : sizeof(magic);
    if (memcmp(header, magic, compared) != 0)
        return hs_error_create(HS_ERROR_NOT_SNAPSHOT, "%s: is not a heap snapshot; " REMEDY, path);
    if ((size_t)bytes < sizeof(header))
        return hs_error_create(HS_ERROR_CORRUPT,
                               "%s: is cut short (%zd bytes); take the snapshot again, or copy it again",
                               path, bytes);
    struct hs_error *error = check_version(header, path);
    return error ? error : check_length(header, (uint64_t)status.st_size, path);
}

static struct hs_error *check_file(const char *path)
{
    /* A FIFO must not make us wait for somebody to write. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return hs_error_system(errno, path, "open the file");
    struct hs_error *error = check_descriptor(fd, path);
    close(fd);
    return error;
}

/* file:PATH?mode=ro&immutable=1, what is special in an URI escaped. A path that starts with // would name a
 * host. */
static struct hs_error *format_uri(const char *path, struct hs_buffer *uri)
{
    static const char hex[] = "0123456789abcdef";
    struct hs_error *error = hs_buffer_append(uri, "file:", 5);
    if (!error && path[0] == '/')
        error = hs_buffer_append(uri, "//", 2);
    for (const char *at = path; *at && !error; at++) {
        bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                     *at == '/' || *at == '.' || *at == '-' || *at == '_';
        char escaped[3] = {'%', hex[(uint8_t)*at >> 4], hex[*at & 15]};
        error = plain ? hs_buffer_append(uri, at, 1) : hs_buffer_append(uri, escaped, 3);
    }
    static const char query[] = "?mode=ro&immutable=1";
    return error ? error : hs_buffer_append(uri, query, sizeof(query));
}

static struct hs_error *open_connection(const char *path, struct sqlite3 **ret)
{
    struct hs_buffer uri = {0};
    struct hs_error *error = format_uri(path, &uri);
    if (!error &&
        sqlite3_open_v2((const char *)uri.data, ret,
                        SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        error = hs_sqlite_error(*ret, "open the file");
    hs_buffer_deinit(&uri);
    return error;
}

static struct hs_error *harden(struct sqlite3 *db)
{
    static const struct {
        int option;
        int on;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    };
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        if (sqlite3_db_config(db, options[i].option, options[i].on, NULL) != SQLITE_OK)
            return hs_sqlite_error(db, "protect the connection");
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
    if (sqlite3_exec(
            db,
            "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA query_only=ON; PRAGMA cache_size=-2048",
            NULL, NULL, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "protect the connection");
    return NULL;
}

struct hs_error *hs_database_open(const char *path, struct sqlite3 **ret, bool *ret_plain)
{
    struct hs_error *error = check_file(path);
    if (error)
        return error;
    struct sqlite3 *db = NULL;
    error = open_connection(path, &db);
    if (!error)
        error = harden(db);
    if (!error)
        error = hs_schema_check(db, ret_plain);
    if (error) {
        sqlite3_close(db);
        return hs_error_prefix(error, "%s", path);
    }
    *ret = db;
    return NULL;
}
