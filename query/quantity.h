/* Numbers for people: 1,234,567 and 8.3 MB. Decimal units (1 kB = 1000 B), and the unit is always written. */
#ifndef HS_QUERY_QUANTITY_H
#define HS_QUERY_QUANTITY_H

#include <stdint.h>

/* Room for the longest of them: 20 digits, 6 separators, a sign and the NUL. */
#define HS_QUANTITY_MAX 32

/* All return `ret`. The deltas carry a sign; zero is "0". */
const char *hs_count_format(char ret[HS_QUANTITY_MAX], uint64_t count);
const char *hs_count_delta_format(char ret[HS_QUANTITY_MAX], int64_t count);
const char *hs_bytes_format(char ret[HS_QUANTITY_MAX], uint64_t bytes);
const char *hs_bytes_delta_format(char ret[HS_QUANTITY_MAX], int64_t bytes);

#endif
