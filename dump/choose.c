#include "dump/choose.h"

#include "dump/attach/maps.h"
#include "dump/attach/process.h"
#include "dump/attach/python.h"
#include "dump/candidates.h"
#include "dump/interrupt.h"
#include "dump/invoker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_MS 250

static bool is_eligible(const struct hs_candidate *candidate, uid_t uid)
{
    return candidate->uid == uid && !candidate->refusal && !candidate->ancestor;
}

/* Does another eligible process stand above this one? Then it is a worker. */
static bool is_worker(const struct hs_candidates *candidates, const struct hs_candidate *candidate, uid_t uid)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const struct hs_candidate *other = &candidates->candidate[i];
        if (is_eligible(other, uid) && hs_candidates_descends(candidate->pid, other->pid))
            return true;
    }
    return false;
}

/* The processes that may be meant, into `ret`, which has room for all. */
static size_t list_eligible(const struct hs_candidates *candidates, bool children,
                            const struct hs_candidate **ret)
{
    uid_t uid = hs_invoker_get().uid;
    size_t count = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        const struct hs_candidate *candidate = &candidates->candidate[i];
        if (is_eligible(candidate, uid) && !(children && is_worker(candidates, candidate, uid)))
            ret[count++] = candidate;
    }
    return count;
}

static struct hs_error *refuse_none(void)
{
    char user[33];
    hs_candidate_user(hs_invoker_get().uid, user, sizeof(user));
    return hs_error_create(HS_ERROR_TARGET, "no Python process of user %s can be snapped; try: heapdump list",
                           user);
}

static struct hs_error *refuse_several(const struct hs_candidate *const *eligible, size_t count)
{
    hs_candidates_print(stderr, eligible, count);
    return hs_error_create(HS_ERROR_TARGET, "which of these %zu? Name one; try: heapdump snap FILE.db -p %d",
                           count, (int)eligible[0]->pid);
}

static struct hs_error *find_one(const struct hs_candidates *candidates, bool children, pid_t *ret,
                                 char **ret_said)
{
    const struct hs_candidate **eligible = calloc(candidates->count + 1, sizeof(struct hs_candidate *));
    if (!eligible)
        return &hs_error_memory;
    size_t count = list_eligible(candidates, children, eligible);
    struct hs_error *error = NULL;
    if (count == 0)
        error = refuse_none();
    else if (count > 1)
        error = refuse_several(eligible, count);
    else if (asprintf(ret_said, "process %d (%s)", (int)eligible[0]->pid, eligible[0]->command) < 0)
        error = &hs_error_memory;
    else
        *ret = eligible[0]->pid;
    free(eligible);
    return error;
}

static void add_family(const struct hs_candidates *candidates, struct hs_choice *choice)
{
    for (size_t i = 0; i < candidates->count; i++) {
        const struct hs_candidate *candidate = &candidates->candidate[i];
        if (!candidate->ancestor && hs_candidates_descends(candidate->pid, choice->pid[0]))
            choice->pid[choice->count++] = candidate->pid;
    }
}

struct hs_error *hs_choose(pid_t pid, bool children, struct hs_choice *ret)
{
    struct hs_candidates candidates = {0};
    struct hs_error *error = pid && !children ? NULL : hs_candidates_read(&candidates);
    *ret = (struct hs_choice){.pid = calloc(candidates.count + 1, sizeof(pid_t))};
    if (!error && !ret->pid)
        error = &hs_error_memory;
    if (!error && !pid)
        error = find_one(&candidates, children, &pid, &ret->said);
    if (!error) {
        ret->pid[ret->count++] = pid;
        if (children)
            add_family(&candidates, ret);
    }
    hs_candidates_deinit(&candidates);
    return error;
}

void hs_choice_deinit(struct hs_choice *choice)
{
    free(choice->pid);
    free(choice->said);
    *choice = (struct hs_choice){0};
}

/* Does the process exist, and does it run Python yet? Where it may not be looked into, that is not waited
 * for. */
static struct hs_error *is_started(pid_t pid, bool *ret)
{
    struct hs_process process;
    struct hs_maps maps;
    struct hs_error *error = hs_process_open(pid, &process);
    if (error)
        return error;
    *ret = process.state == 'Z';
    hs_process_deinit(&process);
    error = hs_maps_read(pid, &maps);
    if (error) {
        hs_error_destroy(error);
        *ret = true;
        return NULL;
    }
    *ret |= hs_python_present(pid, &maps);
    hs_maps_deinit(&maps);
    return NULL;
}

static struct hs_error *is_any_started(bool *ret)
{
    struct hs_candidates candidates;
    struct hs_error *error = hs_candidates_read(&candidates);
    uid_t uid = hs_invoker_get().uid;
    *ret = false;
    for (size_t i = 0; !error && i < candidates.count; i++)
        *ret |= is_eligible(&candidates.candidate[i], uid);
    hs_candidates_deinit(&candidates);
    return error;
}

struct hs_error *hs_choose_wait(pid_t pid)
{
    for (bool waited = false; !hs_interrupted(); waited = true) {
        bool started;
        struct hs_error *error = pid ? is_started(pid, &started) : is_any_started(&started);
        if (error)
            return error;
        struct hs_procstat stat;
        bool young = pid && hs_procstat_read(pid, &stat) && hs_procstat_age(&stat) * 1000 < HS_START_MS;
        if (started && (waited || young))
            hs_interrupt_sleep(HS_START_MS);
        if (started)
            return NULL;
        hs_interrupt_sleep(LOOK_AGAIN_MS);
    }
    return NULL;
}
