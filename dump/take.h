/* A snapshot of a process, or the number of its objects, by the way that it offers. */
#ifndef HS_DUMP_TAKE_H
#define HS_DUMP_TAKE_H

#include "dump/attach/attach.h"

/* By the listener of a process that has one, else by attaching to it. options->agent is found here. Errors as
 * of hs_attach(). */
struct hs_error *hs_take(const struct hs_attach_options *options, struct hs_attach_result *ret) HS_MUST_CHECK;

#endif
