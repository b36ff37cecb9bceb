/* The prompt: the sqlite3 shell, with our tables in it. */
#ifndef HS_QUERY_CMD_SHELL_H
#define HS_QUERY_CMD_SHELL_H

#include "format/session.h"

/* Becomes the sqlite3 shell, with heapsnap.so loaded and the snapshots of the session attached. Returns only
 * if that fails; the error says what to install or what to do without. */
struct hs_error *hs_shell_run(struct hs_session *session) HS_MUST_CHECK;

#endif
