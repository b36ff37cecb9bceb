/* Who called: the user of this process, or under sudo the one who called sudo. Files belong to them. */
#ifndef HS_DUMP_INVOKER_H
#define HS_DUMP_INVOKER_H

#include <stdbool.h>
#include <sys/types.h>

struct hs_invoker {
    uid_t uid;
    gid_t gid;
    bool by_sudo; /* uid and gid are another's than this process's */
};

struct hs_invoker hs_invoker_get(void);

#endif
