/* What Linux says of the process to be snapped, and every reason not to touch it that can be seen from
 * outside. */
#ifndef HS_DUMP_ATTACH_PROCESS_H
#define HS_DUMP_ATTACH_PROCESS_H

#include "format/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct hs_process {
    pid_t pid;
    int pidfd; /* stays on this process even if its number is used again; -1 where the kernel has none */
    uint64_t stack_start; /* where its first stack begins: changes with execve(); 0 if it may not be known */
    uint64_t start_time;  /* ticks since boot: with pid and boot the identity of a process */
    char state;           /* R, S, D, T, t, Z, X */
    pid_t group;          /* Tgid: differs from pid for a thread */
    pid_t parent;
    pid_t tracer;    /* 0: nobody */
    pid_t inner_pid; /* its number in its own pid namespace; 1 for the init of a container */
    uid_t euid;
    gid_t egid;
    int seccomp; /* 0 none, 1 strict, 2 filter */
    int seccomp_filters;
    bool kernel;
    bool shadow_stack; /* x86_Thread_features: shstk */
    char name[16];
};

/* Reads /proc/PID/status and stat. HS_ERROR_TARGET if there is no such process. Deinitialise with
 * hs_process_deinit(). */
struct hs_error *hs_process_open(pid_t pid, struct hs_process *ret) HS_MUST_CHECK;
void hs_process_deinit(struct hs_process *process);

/* Parses the text of a status file into `ret` (the fields it has). Unknown lines are passed over. */
void hs_process_parse_status(const char *text, struct hs_process *ret);

/* Refuses what must not or cannot be attached to: a thread, a zombie, a stopped or traced process, a kernel
 * thread, strict seccomp, a shadow stack. Each error names cause and remedy. */
struct hs_error *hs_process_check(const struct hs_process *process) HS_MUST_CHECK;

/* Is it still the same process, and alive? */
bool hs_process_alive(const struct hs_process *process);

/* Besides alive: does it still run the program that it ran? To be asked while its main thread is stopped:
 * then the answer stays true. */
bool hs_process_same(const struct hs_process *process);

/* Does a thread of it wait in a system call that writes? (Some of the bytes may have gone already.) */
bool hs_process_thread_writes(const struct hs_process *process, pid_t tid);

/* Are both in the same pid namespace? */
bool hs_process_same_namespace(pid_t a, pid_t b);

/* Who traces it now; 0: nobody. */
pid_t hs_process_tracer(const struct hs_process *process);

/* The state of one of its threads now (R, S, D, ...), 0 if there is no such thread of it. */
char hs_process_thread_state(const struct hs_process *process, pid_t tid);

/* Why tracing it was refused with EPERM, in words: another user, ptrace_scope, a container's missing
 * capability. */
struct hs_error *hs_process_denied(const struct hs_process *process);

#endif
