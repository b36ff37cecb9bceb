#include "diff/loaded.h"

#include "diff/fan.h"
#include "diff/garbage.h"

#include <pthread.h>
#include <stdlib.h>

/* Snapshots in work at the same time: memory is bounded by two whatever the number of files. */
#define TOGETHER 2

struct job {
    const char *path;
    struct hs_loaded *loaded;
    struct hs_groups *groups; /* over this snapshot alone */
    struct hs_error *error;
};

void hs_loaded_deinit(struct hs_loaded *loaded)
{
    hs_garbage_deinit(&loaded->garbage);
    free(loaded->group);
    hs_tree_destroy(loaded->tree);
    hs_graph_destroy(loaded->graph);
    hs_roots_deinit(&loaded->roots);
    hs_reader_destroy(loaded->reader);
    *loaded = (struct hs_loaded){0};
}

static struct hs_error *explain(struct hs_loaded *loaded)
{
    struct hs_costs *costs = NULL;
    struct hs_error *error = hs_costs_create_changed(loaded->costs, loaded->reader, &costs);
    if (!error)
        error = hs_tree_create(loaded->graph, &loaded->roots, costs, &loaded->tree);
    hs_costs_destroy(costs);
    return error;
}

static struct hs_error *load(struct job *job)
{
    struct hs_loaded *loaded = job->loaded;
    struct hs_error *error = hs_reader_open(job->path, &loaded->reader);
    if (error) /* names the file already */
        return error;
    error = hs_graph_create(loaded->reader, &loaded->graph);
    if (!error)
        error = hs_roots_read(loaded->reader, &loaded->roots);
    if (!error)
        error = explain(loaded);
    if (!error)
        error = hs_groups_create(1, &job->groups);
    if (!error)
        error = hs_groups_sign(job->groups, 0, loaded->graph, &loaded->roots, loaded->tree, &loaded->group);
    if (!error)
        error = hs_garbage_count(loaded);
    return error;
}

static void *run(void *job)
{
    ((struct job *)job)->error = load(job);
    return NULL;
}

static void renumber(struct hs_loaded *loaded, const uint32_t *map)
{
    for (uint32_t i = 0; loaded->group && i < loaded->graph->nodes; i++)
        if (loaded->group[i] != HS_NO_GROUP)
            loaded->group[i] = map[loaded->group[i]];
}

static struct hs_error *merge(struct job *job, size_t snapshot, struct hs_groups *groups)
{
    uint32_t *map = NULL;
    struct hs_error *error = hs_groups_merge(groups, snapshot, job->groups, &map);
    if (error)
        return error;
    renumber(job->loaded, map);
    free(map);
    return NULL;
}

static struct hs_error *fold_fans(struct hs_loaded *loaded, size_t count, struct hs_groups *groups)
{
    uint32_t *map;
    struct hs_error *error = hs_groups_fold_fans(groups, &map);
    for (size_t i = 0; !error && map && i < count; i++)
        renumber(&loaded[i], map);
    if (!error)
        free(map);
    return error;
}

/* What lies between the first and the last snapshot counts, but is not looked into. */
static void forget_graph(struct hs_loaded *loaded)
{
    free(loaded->group);
    hs_tree_destroy(loaded->tree);
    hs_graph_destroy(loaded->graph);
    loaded->group = NULL;
    loaded->tree = NULL;
    loaded->graph = NULL;
}

/* Runs `count` <= TOGETHER jobs side by side; a thread that cannot be started is done here. */
static struct hs_error *run_together(struct job *job, size_t count)
{
    pthread_t thread[TOGETHER];
    bool started[TOGETHER] = {false};
    for (size_t i = 1; i < count; i++)
        started[i] = !pthread_create(&thread[i], NULL, run, &job[i]);
    run(&job[0]);
    for (size_t i = 1; i < count; i++) {
        if (started[i])
            pthread_join(thread[i], NULL);
        else
            run(&job[i]);
    }
    struct hs_error *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!first)
            first = job[i].error;
        else
            hs_error_destroy(job[i].error);
    }
    return first;
}

struct hs_error *hs_loaded_all(const char *const *paths, size_t count, const char *costs,
                               struct hs_loaded *ret, struct hs_groups *groups)
{
    for (size_t i = 0; i < count; i++)
        ret[i] = (struct hs_loaded){.path = paths[i], .costs = costs};
    struct hs_error *error = NULL;
    for (size_t done = 0; !error && done < count; done += TOGETHER) {
        struct job job[TOGETHER];
        size_t now = count - done < TOGETHER ? count - done : TOGETHER;
        for (size_t i = 0; i < now; i++)
            job[i] = (struct job){.path = paths[done + i], .loaded = &ret[done + i]};
        error = run_together(job, now);
        for (size_t i = 0; i < now; i++) {
            size_t snapshot = done + i;
            if (!error)
                error = merge(&job[i], snapshot, groups);
            hs_groups_destroy(job[i].groups);
            if (snapshot != 0 && snapshot != count - 1)
                forget_graph(&ret[snapshot]);
        }
    }
    return error ? error : fold_fans(ret, count, groups);
}
