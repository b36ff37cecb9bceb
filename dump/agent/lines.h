/* Which line of its file a code object has at an instruction. */
#ifndef HS_DUMP_AGENT_LINES_H
#define HS_DUMP_AGENT_LINES_H

#include "dump/agent/layout.h"

/* The line at byte `at` of the bytecode; the function's first line where `at` is negative (not begun), or
 * where the code has no line. */
uint32_t hs_code_line(const struct hs_layout *layout, const struct hs_agent_symbols *symbols, uint64_t code,
                      int64_t at);

#endif
