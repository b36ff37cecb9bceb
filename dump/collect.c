#include "dump/collect.h"

#include "dump/fill.h"
#include "dump/interrupt.h"
#include "dump/plan.h"
#include "dump/procstat.h"
#include "dump/pss.h"
#include "dump/reckoning.h"
#include "dump/tables.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Chunks on their way: this thread fills one while another encodes and writes the one before. */
struct pipeline {
    struct hs_index *index;
    struct hs_plan *plan;
    struct hs_alike alike;
    struct hs_reckoning *reckoning;
    struct hs_value_filter *values;
    struct hs_writer *writer;
    pthread_mutex_t writing; /* held by whoever uses the writer */
    pthread_mutex_t lock;    /* of what follows */
    pthread_cond_t changed;
    struct hs_fill fill[2];
    bool full[2];
    bool finished; /* no more will be filled */
    struct hs_error *error;
};

static struct hs_error *write_chunk(struct pipeline *pipeline, const struct hs_chunk *chunk)
{
    pthread_mutex_lock(&pipeline->writing);
    struct hs_error *error = hs_writer_add_chunk(pipeline->writer, chunk);
    if (!error)
        error =
            hs_value_filter_write(pipeline->values, (uint64_t)chunk->first + chunk->count, pipeline->writer);
    pthread_mutex_unlock(&pipeline->writing);
    return error;
}

/* The thread that writes. After an error it goes on taking chunks and drops them, so that the other side
 * never waits in vain. */
static void *write_chunks(void *context)
{
    struct pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->lock);
    for (unsigned turn = 0;; turn ^= 1) {
        while (!pipeline->full[turn] && !pipeline->finished)
            pthread_cond_wait(&pipeline->changed, &pipeline->lock);
        if (!pipeline->full[turn])
            break;
        if (!pipeline->error) {
            pthread_mutex_unlock(&pipeline->lock);
            struct hs_error *error = write_chunk(pipeline, &pipeline->fill[turn].chunk);
            pthread_mutex_lock(&pipeline->lock);
            pipeline->error = error;
        }
        pipeline->full[turn] = false;
        pthread_cond_broadcast(&pipeline->changed);
    }
    pthread_mutex_unlock(&pipeline->lock);
    return NULL;
}

static struct hs_error *loose_shape(void *context, uint32_t type, uint32_t *ret)
{
    struct pipeline *pipeline = context;
    pthread_mutex_lock(&pipeline->writing);
    struct hs_error *error = hs_plan_loose_shape(pipeline->plan, type, pipeline->writer, ret);
    pthread_mutex_unlock(&pipeline->writing);
    return error;
}

/* Waits until the writing thread has done with a place; *ret_stop is set when it has failed. */
static void wait_empty(struct pipeline *pipeline, unsigned turn, bool *ret_stop)
{
    pthread_mutex_lock(&pipeline->lock);
    while (pipeline->full[turn])
        pthread_cond_wait(&pipeline->changed, &pipeline->lock);
    *ret_stop = pipeline->error != NULL;
    pthread_mutex_unlock(&pipeline->lock);
}

static void hand_over(struct pipeline *pipeline, unsigned turn)
{
    pthread_mutex_lock(&pipeline->lock);
    pipeline->full[turn] = true;
    pthread_cond_broadcast(&pipeline->changed);
    pthread_mutex_unlock(&pipeline->lock);
}

static struct hs_error *fill_chunks(struct pipeline *pipeline, bool has_thread)
{
    struct hs_fill_ops ops = {.loose_shape = loose_shape, .context = pipeline};
    struct hs_error *error = NULL;
    unsigned turn = 0;
    for (uint64_t first = 0; !error && first < pipeline->index->objects;
         first += HS_CHUNK_OBJECTS, turn ^= 1) {
        bool stop = false;
        if (has_thread)
            wait_empty(pipeline, turn, &stop);
        if (stop)
            break;
        if (hs_interrupted())
            return hs_error_create(HS_ERROR_USAGE, "interrupted");
        error = hs_fill_chunk(&pipeline->fill[turn], pipeline->index, pipeline->plan, &pipeline->alike, &ops,
                              pipeline->reckoning, (uint32_t)first);
        if (!error && has_thread)
            hand_over(pipeline, turn);
        else if (!error)
            error = write_chunk(pipeline, &pipeline->fill[turn].chunk);
    }
    return error;
}

static struct hs_error *run_pipeline(struct pipeline *pipeline)
{
    pthread_t thread;
    /* Where no thread can be had (a limit on processes), it is done one after the other. */
    bool has_thread = !pthread_create(&thread, NULL, write_chunks, pipeline);
    struct hs_error *error = fill_chunks(pipeline, has_thread);
    if (has_thread) {
        pthread_mutex_lock(&pipeline->lock);
        pipeline->finished = true;
        pthread_cond_broadcast(&pipeline->changed);
        pthread_mutex_unlock(&pipeline->lock);
        pthread_join(thread, NULL);
    }
    if (!error)
        return pipeline->error;
    hs_error_destroy(pipeline->error);
    return error;
}

static struct hs_error *write_objects(struct hs_index *index, struct hs_plan *plan,
                                      struct hs_reckoning *reckoning, struct hs_value_filter *values,
                                      struct hs_writer *writer, uint64_t *dangling)
{
    struct pipeline pipeline = {
        .index = index,
        .plan = plan,
        .reckoning = reckoning,
        .values = values,
        .writer = writer,
        .writing = PTHREAD_MUTEX_INITIALIZER,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    struct hs_error *error = hs_alike_init(&pipeline.alike, index, plan, writer);
    if (!error)
        error = hs_fill_init(&pipeline.fill[0]);
    if (!error)
        error = hs_fill_init(&pipeline.fill[1]);
    if (!error)
        error = run_pipeline(&pipeline);
    *dangling += pipeline.fill[0].dangling + pipeline.fill[1].dangling;
    hs_alike_deinit(&pipeline.alike);
    hs_fill_deinit(&pipeline.fill[0]);
    hs_fill_deinit(&pipeline.fill[1]);
    pthread_cond_destroy(&pipeline.changed);
    pthread_mutex_destroy(&pipeline.lock);
    pthread_mutex_destroy(&pipeline.writing);
    return error;
}

/* Reads the first line of a small file into `ret` without its newline; "" if that fails. */
static void read_line(const char *path, char *ret, size_t bytes)
{
    *ret = '\0';
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    if (!fgets(ret, (int)bytes, file))
        *ret = '\0';
    ret[strcspn(ret, "\n")] = '\0';
    fclose(file);
}

/* Start of a process in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)); 0 if unknown. */
static int64_t process_start(pid_t pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    read_line(path, line, sizeof(line));
    char *at = strrchr(line, ')'); /* the name before it may hold anything */
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at ? strtoll(at, NULL, 10) : 0;
}

static int64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What is known outside the target: where, when, and as what the snapshot was taken. */
struct circumstances {
    char taken_at[64];
    int64_t started_ns; /* CLOCK_MONOTONIC */
    int64_t process_start;
};

static void note_circumstances(pid_t pid, struct circumstances *ret)
{
    struct timespec now;
    struct tm utc;
    char seconds[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(ret->taken_at, sizeof(ret->taken_at), "%s.%03ldZ", seconds, now.tv_nsec / 1000000);
    ret->started_ns = now_ns(CLOCK_MONOTONIC);
    ret->process_start = pid ? process_start(pid) : 0;
}

/* The most memory that this process has had, in bytes; 0 if unknown. Not getrusage(): its ru_maxrss counts
 * what the process was before execve(), and the agent starts the collector in the memory of the target
 * (Linux, exec_mmap() of fs/exec.c). */
static int64_t peak_bytes(void)
{
    long long kibibytes = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    if (!status)
        return 0;
    while (fgets(line, sizeof(line), status) && sscanf(line, "VmHWM: %lld", &kibibytes) != 1)
        continue;
    fclose(status);
    return kibibytes * 1024;
}

static struct hs_error *write_facts(const struct hs_collect_options *options,
                                    const struct circumstances *seen, uint64_t dangling,
                                    struct hs_writer *writer)
{
    char boot_id[64];
    read_line("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id));
    struct hs_error *error = hs_writer_fact_text(writer, "writer", "heapdump " HS_VERSION);
    if (!error)
        error = hs_writer_fact_text(writer, "taken_at", seen->taken_at);
    if (!error)
        error = hs_writer_fact_text(writer, "values_policy", hs_values_name(options->values));
    if (!error && options->label)
        error = hs_writer_fact_text(writer, "label", options->label);
    if (!error && options->pid)
        error = hs_writer_fact_int(writer, "pid", options->pid);
    if (!error && seen->process_start)
        error = hs_writer_fact_int(writer, "process_start", seen->process_start);
    if (!error && *boot_id)
        error = hs_writer_fact_text(writer, "boot_id", boot_id);
    if (!error && options->stopped_ns)
        error = hs_writer_fact_int(writer, "stopped_ns", options->stopped_ns);
    if (!error)
        error = hs_writer_fact_int(writer, "capture_ns", now_ns(CLOCK_MONOTONIC) - seen->started_ns);
    if (!error)
        error = hs_writer_fact_int(writer, "collector_peak_bytes", peak_bytes());
    if (!error)
        error = hs_writer_fact_int(writer, "dangling_refs", (int64_t)dangling);
    return error;
}

/* How long the snapshot child may take to end after its last word. */
#define CHILD_ENDS_MS 1000

/* The proportional set size of the target, once the snapshot child has ended: as long as it lives, it shares
 * all pages and halves their count. It has ended when nobody can write to the stream any more; unless it is
 * our parent, and waits for us. */
static struct hs_error *write_pss(int fd, pid_t pid, struct hs_writer *writer)
{
    struct pollfd stream = {.fd = fd};
    struct hs_procstat parent;
    if (!pid || poll(&stream, 1, CHILD_ENDS_MS) != 1 || !(stream.revents & POLLHUP) ||
        (getppid() != pid && hs_procstat_read(getppid(), &parent) && parent.parent == pid))
        return NULL;
    int64_t pss = hs_pss_read(pid);
    return pss < 0 ? NULL : hs_writer_add_memory(writer, "pss", pss);
}

static struct hs_error *collect(int fd, const struct hs_collect_options *options, struct hs_index *index,
                                struct hs_plan *plan, struct hs_writer *writer, struct hs_collect_result *ret)
{
    struct circumstances seen;
    note_circumstances(options->pid, &seen);
    struct hs_error *error =
        hs_index_read(index, fd, options->stall_ms ? options->stall_ms : HS_STALL_MS, &options->progress);
    error = hs_error_prefix(error, "%s: no snapshot", options->output);
    if (!error)
        error = hs_plan_write(plan, index, writer);
    if (error)
        return error;
    uint64_t dangling = plan->dangling_types;
    struct hs_value_filter values;
    struct hs_reckoning reckoning;
    error = hs_reckoning_init(&reckoning, index->objects);
    if (error) {
        hs_reckoning_deinit(&reckoning);
        return error;
    }
    error = hs_value_filter_init(&values, index, options->values);
    if (!error)
        error = write_objects(index, plan, &reckoning, &values, writer, &dangling);
    hs_value_filter_deinit(&values);
    if (!error)
        error = hs_tables_write(index, &reckoning, writer, &dangling);
    hs_reckoning_deinit(&reckoning);
    if (!error)
        error = write_pss(fd, options->pid, writer);
    if (!error)
        error = write_facts(options, &seen, dangling, writer);
    if (!error && hs_interrupted())
        error = hs_error_create(HS_ERROR_USAGE, "interrupted");
    if (!error)
        error = hs_writer_finish(writer, &ret->file_bytes);
    ret->objects = index->objects;
    ret->refs = index->refs;
    ret->dangling = dangling;
    ret->pause_ns = hs_tables_fact(index, "pause_ns", -1);
    return error;
}

struct hs_error *hs_collect(int fd, const struct hs_collect_options *options, struct hs_collect_result *ret)
{
    struct hs_writer_options writer_options = {
        .overwrite = options->overwrite,
        .owner_uid = options->give_away ? options->owner_uid : (uid_t)-1,
        .owner_gid = options->give_away ? options->owner_gid : (gid_t)-1,
    };
    struct hs_writer *writer = NULL;
    struct hs_error *error = hs_writer_create(options->output, &writer_options, &writer);
    if (error)
        return error;
    (void)fcntl(fd, F_SETPIPE_SZ, 1 << 20); /* refused above the user's limit: then it is slower */
    struct hs_index index = {0};
    struct hs_plan plan = {0};
    error = collect(fd, options, &index, &plan, writer, ret);
    hs_plan_deinit(&plan);
    hs_index_deinit(&index);
    hs_writer_destroy(writer);
    return error;
}

struct hs_error *hs_collect_count(int fd, int stall_ms, uint64_t *ret)
{
    struct hs_index index = {0};
    const struct hs_progress silent = {0};
    struct hs_error *error = hs_index_read(&index, fd, stall_ms ? stall_ms : HS_STALL_MS, &silent);
    int64_t tracked = error ? -1 : hs_tables_fact(&index, "tracked_objects", -1);
    if (!error && tracked < 0)
        error = hs_error_create(HS_ERROR_CORRUPT, "the stream does not say how many objects there are");
    *ret = tracked < 0 ? 0 : (uint64_t)tracked;
    hs_index_deinit(&index);
    return error;
}
