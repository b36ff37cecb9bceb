/* Ctrl-C, a hangup or a request to end, taken at places of our choice.
 *
 * The signals are blocked from the start, so nothing is ever cut off in the middle: work asks now and then
 * whether one waits, fails if so, cleans up as after any error, and at last the signal has the effect it
 * always had. No handler, no flag.
 */
#ifndef HS_DUMP_INTERRUPT_H
#define HS_DUMP_INTERRUPT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Blocks SIGINT, SIGTERM and SIGHUP, but for those that are ignored (nohup). `ret_before` is for
 * hs_interrupt_release(). */
void hs_interrupt_block(sigset_t *ret_before);

/* Does one of them wait? Never, before hs_interrupt_block(). */
bool hs_interrupted(void);

/* Sleeps, at most until one of them comes. */
void hs_interrupt_sleep(int64_t ms);

/* Restores the mask: a signal that waits ends the process here, so that a shell sees 130 after Ctrl-C. */
void hs_interrupt_release(const sigset_t *before);

#endif
