/* Three formats, one after another: CPython's Objects/lnotab_notes.txt (3.8 to 3.10) and Objects/locations.md
 * (3.11 and later). All are bytes objects. */
#include "dump/agent/lines.h"

struct reader {
    const uint8_t *next;
    const uint8_t *end;
};

/* 3.8 and 3.9, co_lnotab: pairs of a bytecode distance and a signed line distance (Objects/codeobject.c,
 * PyCode_Addr2Line). */
static uint32_t find_in_lnotab(struct reader *reader, uint32_t first_line, int64_t at)
{
    int64_t line = first_line, start = 0;
    for (; reader->end - reader->next >= 2; reader->next += 2) {
        start += reader->next[0];
        if (start > at)
            break;
        line += (int8_t)reader->next[1];
    }
    return line < 0 ? first_line : (uint32_t)line;
}

/* 3.10, co_linetable: pairs of how many bytes of code a range covers, and a signed line distance, -128 for
 * none (Objects/codeobject.c, advance). */
static uint32_t find_range(struct reader *reader, uint32_t first_line, int64_t at)
{
    enum { NO_LINE = -128 };
    int64_t line = first_line, end = 0;
    for (; reader->end - reader->next >= 2; reader->next += 2) {
        int8_t distance = (int8_t)reader->next[1];
        end += reader->next[0];
        if (distance != NO_LINE)
            line += distance;
        if (at < end)
            return distance == NO_LINE || line < 0 ? first_line : (uint32_t)line;
    }
    return first_line;
}

/* The location table of 3.11 and later (Objects/locations.md in CPython's sources). Each entry opens with a
 * byte 1CCCCLLL: code CCCC, and LLL + 1 code units that it covers; further bytes have bit 7 clear. */

static uint32_t read_varint(struct reader *reader)
{
    uint32_t value = 0;
    for (unsigned shift = 0; reader->next < reader->end && shift < 30; shift += 6) {
        uint8_t byte = *reader->next++;
        value |= (uint32_t)(byte & 63) << shift;
        if (!(byte & 64))
            break;
    }
    return value;
}

static int32_t read_signed_varint(struct reader *reader)
{
    uint32_t value = read_varint(reader);
    return value & 1 ? -(int32_t)(value >> 1) : (int32_t)(value >> 1);
}

enum {
    LOCATION_ONE_LINE_FIRST = 10, /* 10, 11, 12: line delta 0, 1, 2 and two columns */
    LOCATION_ONE_LINE_LAST = 12,
    LOCATION_NO_COLUMNS = 13,
    LOCATION_LONG = 14,
    LOCATION_NONE = 15,
};

/* The line of code unit `at`; `fallback` where the table gives none. */
static uint32_t find_location(struct reader *reader, uint32_t first_line, int64_t at, uint32_t fallback)
{
    int64_t line = first_line;
    int64_t start = 0;
    while (reader->next < reader->end) {
        uint8_t head = *reader->next++;
        unsigned code = head >> 3 & 15;
        if (code == LOCATION_NO_COLUMNS || code == LOCATION_LONG)
            line += read_signed_varint(reader);
        else if (code >= LOCATION_ONE_LINE_FIRST && code <= LOCATION_ONE_LINE_LAST)
            line += code - LOCATION_ONE_LINE_FIRST;
        start += (head & 7) + 1;
        if (at < start)
            return code == LOCATION_NONE || line < 0 ? fallback : (uint32_t)line;
        while (reader->next < reader->end && !(*reader->next & 0x80))
            reader->next++;
    }
    return fallback;
}

uint32_t hs_code_line(const struct hs_layout *l, const struct hs_agent_symbols *symbols, uint64_t code,
                      int64_t at)
{
    uint32_t first_line = hs_word32(code, l->co_firstlineno);
    int32_t field = l->co_linetable != HS_LAYOUT_NONE     ? l->co_linetable
                    : l->co_line_ranges != HS_LAYOUT_NONE ? l->co_line_ranges
                                                          : l->co_lnotab;
    uint64_t table = hs_word(code, field);
    if (at < 0 || !table || hs_word(table, l->ob_type) != symbols->bytes_type)
        return first_line;
    struct reader reader = {.next = (const uint8_t *)table + l->bytes_data};
    reader.end = reader.next + hs_word(table, l->ob_size);
    if (field == l->co_lnotab)
        return find_in_lnotab(&reader, first_line, at);
    if (field == l->co_line_ranges)
        return find_range(&reader, first_line, at);
    return find_location(&reader, first_line, at / l->code_unit_bytes, first_line);
}
