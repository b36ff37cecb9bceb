/* Numbers as Python writes them, computed with integers only: the agent may not use floating-point
 * registers. */
#ifndef HS_DUMP_AGENT_NUMBERS_H
#define HS_DUMP_AGENT_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

enum {
    HS_FLOAT_TEXT = 32,     /* bytes of a float's text, its end included */
    HS_INT_DIGITS_MAX = 40, /* digits of 30 bits of the largest int that is written in full */
    HS_INT_TEXT = 400,      /* bytes of such an int's text, its end included */
};

/* repr() of the double with these bits: the shortest text that gives the same double back. */
void hs_float_text(uint64_t bits, char ret[HS_FLOAT_TEXT]);

/* The decimal text of an int: its digits of 30 bits, the lowest first, at most HS_INT_DIGITS_MAX of them. */
void hs_int_text(const uint32_t *digits, size_t count, int negative, char ret[HS_INT_TEXT]);

#endif
