/* Fuzzing what people see of a snapshot (libFuzzer): two streams become two files, as long as the collector
 * takes them; then the SQL tables and functions over both, and heapdiff's reports, work or say why not in one
 * line.
 *
 * Input: four bytes, little-endian: how long the first stream is; the first stream; the second.
 */
#include "diff/report.h"
#include "dump/collect.h"
#include "query/derived.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static const char *const statements[] = {
    "SELECT *, in_refs, external_refs, reachable, distance, parent_id, dominator_id, retained_bytes, path"
    " FROM fuzz_0.objects",
    "SELECT * FROM fuzz_0.refs r JOIN fuzz_0.objects o ON o.id = r.dst ORDER BY r.src DESC",
    "SELECT type, count(*), sum(shallow_bytes) FROM fuzz_1.objects GROUP BY type ORDER BY type",
    "SELECT a.id FROM fuzz_1.objects a LEFT JOIN fuzz_0.objects b USING (address) WHERE b.id IS NULL",
    "SELECT c.* FROM fuzz_1.objects o, fuzz_1.retaining_chain(o.id) c",
    "SELECT * FROM fuzz_0.types t, fuzz_0.roots r, fuzz_0.modules m, fuzz_0.threads h, fuzz_0.frames f",
};

/* An error is one line; true if there is none. */
static bool fine(struct hs_error *error)
{
    if (error && strchr(error->message, '\n'))
        abort();
    bool ok = !error;
    hs_error_destroy(error);
    return ok;
}

static bool collect(const char *path, const uint8_t *data, size_t bytes)
{
    int fd = memfd_create("stream", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, data, bytes, 0) != (ssize_t)bytes)
        abort();
    struct hs_collect_options options = {.output = path, .overwrite = true, .stall_ms = 1000};
    struct hs_collect_result result;
    bool ok = fine(hs_collect(fd, &options, &result));
    close(fd);
    return ok;
}

static void query(const char *const *paths)
{
    struct hs_session *session = NULL;
    if (!fine(hs_session_open(paths, 2, &hs_graph_derived_ops, &session)))
        abort(); /* what the collector writes can be opened */
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
        sqlite3_stmt *statement;
        if (sqlite3_prepare_v2(hs_session_db(session), statements[i], -1, &statement, NULL) != SQLITE_OK)
            abort();
        for (int rows = 0; rows < 10000 && sqlite3_step(statement) == SQLITE_ROW; rows++)
            for (int column = 0; column < sqlite3_column_count(statement); column++)
                sqlite3_column_text(statement, column);
        sqlite3_finalize(statement);
    }
    hs_session_close(session);
}

static void report(const char *const *paths)
{
    static FILE *null;
    if (!null && !(null = fopen("/dev/null", "w")))
        abort();
    struct hs_loaded loaded[2] = {{0}, {0}};
    struct hs_groups *groups = NULL;
    struct hs_compare *compare = NULL;
    struct hs_suspects suspects = {0};
    struct hs_memory memory = {0};
    struct hs_budget budget = {0};
    struct hs_pattern_table patterns = {0};
    struct hs_report report = {0};
    if (fine(hs_groups_create(2, &groups)) && fine(hs_loaded_all(paths, 2, loaded, groups)) &&
        fine(hs_compare_create(loaded, 2, &compare)) &&
        fine(hs_suspects_find_all(loaded, 2, groups, compare, &suspects)) &&
        fine(hs_memory_read(loaded, 2, &memory)) && fine(hs_budget_read(&memory, &budget))) {
        report = (struct hs_report){
            .snapshots = 2,
            .loaded = loaded,
            .groups = groups,
            .compare = compare,
            .suspects = &suspects,
            .memory = &memory,
            .budget = &budget,
            .patterns = &patterns,
            .types_max = 10,
        };
        if (fine(hs_report_add_blind_spots(&report)) && fine(hs_report_text(&report, null)))
            fine(hs_report_json(&report, null));
    }
    hs_report_deinit(&report);
    hs_budget_deinit(&budget);
    hs_memory_deinit(&memory);
    hs_suspects_deinit(&suspects);
    hs_compare_destroy(compare);
    hs_groups_destroy(groups);
    hs_loaded_deinit(&loaded[0]);
    hs_loaded_deinit(&loaded[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char directory[48], path[2][64];
    uint32_t first;
    if (bytes < sizeof(first))
        return 0;
    memcpy(&first, data, sizeof(first));
    data += sizeof(first);
    bytes -= sizeof(first);
    if (first > bytes)
        return 0;
    /* Schemas are named after the files, so the process has a folder of its own. */
    snprintf(directory, sizeof(directory), "/dev/shm/fuzz_report.%d", (int)getpid());
    mkdir(directory, 0700);
    for (int i = 0; i < 2; i++)
        snprintf(path[i], sizeof(path[i]), "%s/fuzz_%d.db", directory, i);
    const char *const paths[] = {path[0], path[1]};
    if (collect(path[0], data, first) && collect(path[1], data + first, bytes - first)) {
        query(paths);
        report(paths);
    }
    unlink(path[0]);
    unlink(path[1]);
    rmdir(directory);
    return 0;
}
