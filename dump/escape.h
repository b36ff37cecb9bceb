/* Foreign text (commands of processes, names of files) on its way to a terminal or into JSON. */
#ifndef HS_DUMP_ESCAPE_H
#define HS_DUMP_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Writes at most `columns` characters; what could steer a terminal, or is not ASCII, is written as "?". */
void hs_escape_terminal(FILE *file, const char *text, size_t columns);

/* Writes a JSON string with its quotes; NULL is null. Bytes that are not UTF-8 become U+FFFD. */
void hs_escape_json(FILE *file, const char *text);

#endif
