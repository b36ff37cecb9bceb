#include "dump/escape.h"

#include "format/utf8.h"

#include <string.h>

void hs_escape_terminal(FILE *file, const char *text, size_t columns)
{
    for (; *text && columns; text++, columns--)
        fputc(*text >= ' ' && *text <= '~' ? *text : '?', file);
}

void hs_escape_json(FILE *file, const char *text)
{
    if (!text) {
        fputs("null", file);
        return;
    }
    fputc('"', file);
    for (size_t left = strlen(text); left;) {
        size_t step = hs_utf8_character(text, left);
        unsigned char first = (unsigned char)*text;
        if (step == 0)
            fputs("\\ufffd", file);
        else if (first == '"' || first == '\\')
            fprintf(file, "\\%c", first);
        else if (first < ' ' || first == 0x7f)
            fprintf(file, "\\u%04x", first);
        else
            fwrite(text, 1, step, file);
        step += step == 0;
        text += step;
        left -= step;
    }
    fputc('"', file);
}
