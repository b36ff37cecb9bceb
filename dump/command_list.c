#include "dump/candidates.h"
#include "dump/command.h"
#include "dump/escape.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] = "usage: heapdump list [--json]\n"
                           "\n"
                           "Lists the Python processes that can be seen from here, and for those that cannot "
                           "be snapped why not and what to do.\n"
                           "Of commands only the program and its script are shown. \"(listens)\": started "
                           "with `heapdump run --listen` or with\n"
                           "HEAPDUMP_LISTEN=1, so no right to trace it is needed.\n"
                           "\n"
                           "      --json    a JSON object per line: pid, parent, user, python, rss_bytes, "
                           "age_s, threads, command, listening,\n"
                           "                can_snap, reason\n"
                           "\n"
                           "Then: heapdump snap FILE.db -p PID\n";

static void print_json(const struct hs_candidate *candidate)
{
    char user[33];
    hs_candidate_user(candidate->uid, user, sizeof(user));
    printf("{\"pid\": %d, \"parent\": %d, \"user\": ", (int)candidate->pid, (int)candidate->stat.parent);
    hs_escape_json(stdout, user);
    fputs(", \"python\": ", stdout);
    hs_escape_json(stdout, candidate->python[0] ? candidate->python : NULL);
    printf(", \"rss_bytes\": %llu, \"age_s\": %.1f, \"threads\": %u, \"command\": ",
           (unsigned long long)candidate->stat.rss_bytes, hs_procstat_age(&candidate->stat),
           candidate->stat.threads);
    hs_escape_json(stdout, candidate->command);
    printf(", \"listening\": %s, \"can_snap\": %s, \"reason\": ", candidate->listening ? "true" : "false",
           candidate->refusal ? "false" : "true");
    hs_escape_json(stdout, candidate->refusal);
    puts("}");
}

static struct hs_error *print_table(const struct hs_candidates *candidates)
{
    const struct hs_candidate **all = calloc(candidates->count + 1, sizeof(*all));
    if (!all)
        return &hs_error_memory;
    for (size_t i = 0; i < candidates->count; i++)
        all[i] = &candidates->candidate[i];
    hs_candidates_print(stdout, all, candidates->count);
    free(all);
    return NULL;
}

struct hs_error *hs_command_list(int argc, char **argv, int *ret_status)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    bool json = false;
    int option;
    *ret_status = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return NULL;
        }
        if (option != 'j')
            return hs_command_bad_option(option, argv, "list");
        json = true;
    }
    if (optind < argc)
        return hs_error_create(HS_ERROR_USAGE, "%s: list takes no argument; try: heapdump list --help",
                               argv[optind]);
    struct hs_candidates candidates;
    struct hs_error *error = hs_candidates_read(&candidates);
    if (error)
        return error;
    for (size_t i = 0; json && i < candidates.count; i++)
        print_json(&candidates.candidate[i]);
    if (!json)
        error = print_table(&candidates);
    hs_candidates_deinit(&candidates);
    return error;
}
