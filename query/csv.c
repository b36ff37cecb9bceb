#include "query/csv.h"

/* The inside of quotes, up to and with the closing one. */
static void read_quoted(struct hs_csv *csv, struct hs_text *ret)
{
    struct hs_cursor *cursor = &csv->cursor;
    while (cursor->next < cursor->end) {
        const char *at = (const char *)cursor->next++;
        csv->line += *at == '\n';
        if (*at == '"') {
            if (cursor->next == cursor->end || *cursor->next != '"')
                return;
            cursor->next++;
        }
        hs_text_put(ret, at, 1);
    }
}

bool hs_csv_field(struct hs_csv *csv, struct hs_text *ret, bool *ret_last)
{
    struct hs_cursor *cursor = &csv->cursor;
    hs_text_clear(ret);
    *ret_last = true;
    if (cursor->next == cursor->end)
        return false;
    while (cursor->next < cursor->end) {
        const char *at = (const char *)cursor->next++;
        if (*at == ',') {
            *ret_last = false;
            return true;
        }
        if (*at == '\n') {
            csv->line++;
            return true;
        }
        if (*at == '"' && !ret->bytes)
            read_quoted(csv, ret);
        else if (*at != '\r' || cursor->next == cursor->end || *cursor->next != '\n')
            hs_text_put(ret, at, 1);
    }
    return true;
}
