#include "dump/record.h"

#include "dump/attach/process.h"
#include "dump/invoker.h"
#include "dump/procstat.h"
#include "dump/pss.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A row: a time, six numbers, and a label whose every byte may be doubled. */
#define ROW_BYTES    (200 + 2 * HS_RECORD_LABEL)
#define ENTRY_PREFIX "record."

void hs_record_format_label(const char *label, char *ret, size_t room)
{
    size_t at = 0;
    bool formula = *label && strchr("=+-@\t\r", *label);
    bool quoted = formula || strpbrk(label, "\",\r\n");
    if (quoted)
        ret[at++] = '"';
    if (formula)
        ret[at++] = '\'';
    for (size_t i = 0; label[i] && i < HS_RECORD_LABEL && at + 4 < room; i++) {
        if (label[i] == '"')
            ret[at++] = '"';
        ret[at++] = (unsigned char)label[i] < ' ' ? ' ' : label[i];
    }
    if (quoted)
        ret[at++] = '"';
    ret[at] = '\0';
}

struct hs_error *hs_record_row(struct hs_record *record, const char *label, bool *ret_ended)
{
    struct hs_procstat stat;
    *ret_ended = !hs_procstat_read(record->pid, &stat) || stat.state == 'Z' || stat.state == 'X' ||
                 (record->start_ticks && record->start_ticks != stat.start_ticks);
    if (*ret_ended)
        return NULL;
    record->start_ticks = stat.start_ticks;
    char row[ROW_BYTES], seconds[32], pss[24] = "", objects[24] = "", text[2 * HS_RECORD_LABEL + 8] = "";
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    int64_t pss_bytes = record->pss ? hs_pss_read(record->pid) : -1;
    if (pss_bytes >= 0)
        snprintf(pss, sizeof(pss), "%lld", (long long)pss_bytes);
    if (record->objects >= 0)
        snprintf(objects, sizeof(objects), "%lld", (long long)record->objects);
    if (label)
        hs_record_format_label(label, text, sizeof(text));
    int bytes = snprintf(row, sizeof(row), "%s.%03ldZ,%llu,%llu,%s,%u,%s,%s\n", seconds,
                         now.tv_nsec / 1000000, (unsigned long long)stat.vm_bytes,
                         (unsigned long long)stat.rss_bytes, pss, stat.threads, objects, text);
    ssize_t written = write(record->csv, row, (size_t)bytes);
    if (written == bytes)
        return NULL;
    return hs_error_system(written < 0 ? errno : ENOSPC, NULL, "write to the record");
}

/* ---- the folder of records ---- */

/* Another user may have made a folder of our name in /tmp: it must be ours, and closed to others. */
static struct hs_error *find_folder(char *ret, size_t room)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat status;
    if (runtime && *runtime == '/')
        snprintf(ret, room, "%s/heapdump", runtime);
    else
        snprintf(ret, room, "/tmp/heapdump-%u", (unsigned)geteuid());
    if (mkdir(ret, 0700) != 0 && errno != EEXIST)
        return hs_error_system(errno, ret, "make the directory");
    if (lstat(ret, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid() ||
        (status.st_mode & 0077))
        return hs_error_create(
            HS_ERROR_USAGE,
            "%s: not a directory of yours that is closed to others; remove it, or set XDG_RUNTIME_DIR", ret);
    return NULL;
}

static struct hs_error *name_entry(pid_t pid, char *ret, size_t room)
{
    char folder[PATH_MAX - 32];
    struct hs_error *error = find_folder(folder, sizeof(folder));
    if (!error)
        snprintf(ret, room, "%s/" ENTRY_PREFIX "%d", folder, (int)pid);
    return error;
}

/* Makes the entry, and nobody else can while this process lives. */
static struct hs_error *claim(struct hs_record *record)
{
    struct hs_error *error = name_entry(record->pid, record->name, sizeof(record->name));
    if (error)
        return error;
    int entry = open(record->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (entry < 0)
        return hs_error_system(errno, record->name, "write it");
    if (flock(entry, LOCK_EX | LOCK_NB) != 0) {
        close(entry);
        return hs_error_create(HS_ERROR_TARGET,
                               "process %d is being recorded already; try: heapdump mark LABEL",
                               (int)record->pid);
    }
    record->entry = entry;
    return NULL;
}

static struct hs_error *announce(const struct hs_record *record, const char *csv)
{
    char path[PATH_MAX];
    if (!realpath(csv, path))
        return hs_error_system(errno, csv, "find it");
    if (ftruncate(record->entry, 0) != 0 || write(record->entry, path, strlen(path)) != (ssize_t)strlen(path))
        return hs_error_system(errno, record->name, "write it");
    return NULL;
}

static struct hs_error *create_csv(struct hs_record *record, const char *csv, bool overwrite)
{
    struct hs_invoker owner = hs_invoker_get();
    struct stat status;
    record->csv = open(
        csv, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (overwrite ? 0 : O_EXCL),
        0600);
    if (record->csv < 0 && errno == EEXIST)
        return hs_error_create(HS_ERROR_EXISTS, "%s: exists already; give another name, or -f to replace it",
                               csv);
    if (record->csv < 0)
        return hs_error_system(errno, csv, "write it");
    if (fstat(record->csv, &status) != 0 || !S_ISREG(status.st_mode))
        return hs_error_create(HS_ERROR_USAGE, "%s: not a file; a record goes into one: -o memory.csv", csv);
    if (fchmod(record->csv, 0600) != 0 || ftruncate(record->csv, 0) != 0 ||
        (owner.by_sudo && fchown(record->csv, owner.uid, owner.gid) != 0) ||
        write(record->csv, HS_RECORD_HEADER, strlen(HS_RECORD_HEADER)) != (ssize_t)strlen(HS_RECORD_HEADER))
        return hs_error_system(errno, csv, "write it");
    return NULL;
}

struct hs_error *hs_record_create(struct hs_record *record, pid_t pid, const char *csv, bool pss,
                                  bool overwrite)
{
    *record = (struct hs_record){.pid = pid, .csv = -1, .entry = -1, .objects = -1, .pss = pss};
    struct hs_process process;
    struct hs_error *error = hs_process_open(pid, &process);
    if (error)
        return error;
    if (pss && hs_pss_read(pid) < 0)
        error = hs_process_denied(&process);
    hs_process_deinit(&process);
    if (!error)
        error = claim(record);
    if (!error)
        error = create_csv(record, csv, overwrite);
    if (!error)
        error = announce(record, csv);
    if (error)
        hs_record_deinit(record);
    return error;
}

/* ---- adding to somebody's record ---- */

/* Opens the CSV file that a living recorder's entry names. False: nobody holds it. */
static bool open_entry(struct hs_record *record)
{
    char path[PATH_MAX];
    int entry = open(record->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (entry < 0)
        return false;
    bool alive = flock(entry, LOCK_SH | LOCK_NB) != 0;
    ssize_t bytes = alive ? read(entry, path, sizeof(path) - 1) : 0;
    close(entry);
    path[bytes > 0 ? bytes : 0] = '\0';
    record->csv = bytes > 0 ? open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC) : -1;
    return record->csv >= 0;
}

static struct hs_error *refuse_none(pid_t pid)
{
    if (pid)
        return hs_error_create(HS_ERROR_USAGE,
                               "process %d is not being recorded; try: heapdump record -p %d -o memory.csv",
                               (int)pid, (int)pid);
    return hs_error_create(HS_ERROR_USAGE,
                           "nothing is being recorded; try: heapdump record -p PID -o memory.csv");
}

static struct hs_error *find_only(struct hs_record *record)
{
    char folder[PATH_MAX - 32];
    struct hs_error *error = find_folder(folder, sizeof(folder));
    if (error)
        return error;
    DIR *directory = opendir(folder);
    for (struct dirent *entry; !error && directory && (entry = readdir(directory));) {
        struct hs_record other = {.csv = -1, .entry = -1, .objects = -1};
        if (strncmp(entry->d_name, ENTRY_PREFIX, strlen(ENTRY_PREFIX)))
            continue;
        other.pid = (pid_t)strtol(entry->d_name + strlen(ENTRY_PREFIX), NULL, 10);
        snprintf(other.name, sizeof(other.name), "%s/" ENTRY_PREFIX "%d", folder, (int)other.pid);
        if (!open_entry(&other))
            continue;
        if (record->csv >= 0) {
            error = hs_error_create(HS_ERROR_USAGE,
                                    "processes %d and %d are being recorded; try: heapdump mark LABEL -p %d",
                                    (int)record->pid, (int)other.pid, (int)other.pid);
            close(other.csv);
        } else {
            *record = other;
        }
    }
    if (directory)
        closedir(directory);
    return !error && record->csv < 0 ? refuse_none(0) : error;
}

struct hs_error *hs_record_find(struct hs_record *record, pid_t pid)
{
    *record = (struct hs_record){.pid = pid, .csv = -1, .entry = -1, .objects = -1};
    struct hs_error *error = pid ? name_entry(pid, record->name, sizeof(record->name)) : find_only(record);
    if (!error && pid && !open_entry(record))
        error = refuse_none(pid);
    if (error)
        hs_record_deinit(record);
    return error;
}

void hs_record_deinit(struct hs_record *record)
{
    if (record->entry >= 0) {
        unlink(record->name);
        close(record->entry);
    }
    if (record->csv >= 0)
        close(record->csv);
    record->csv = record->entry = -1;
}
