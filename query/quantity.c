#include "query/quantity.h"

#include <stdio.h>

static uint64_t magnitude(int64_t number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

const char *hs_count_format(char ret[HS_QUANTITY_MAX], uint64_t count)
{
    char digits[HS_QUANTITY_MAX];
    int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
    char *to = ret;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return ret;
}

const char *hs_count_delta_format(char ret[HS_QUANTITY_MAX], int64_t count)
{
    ret[0] = count < 0 ? '-' : '+';
    hs_count_format(count ? ret + 1 : ret, magnitude(count));
    return ret;
}

const char *hs_bytes_format(char ret[HS_QUANTITY_MAX], uint64_t bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double size = (double)bytes;
    int power = 0;
    /* 999.95 would print as 1000.0. */
    while (power ? size >= 999.95 : size >= 1000) {
        size /= 1000;
        power++;
    }
    snprintf(ret, HS_QUANTITY_MAX, "%.*f %s", power ? 1 : 0, size, unit[power]);
    return ret;
}

const char *hs_bytes_delta_format(char ret[HS_QUANTITY_MAX], int64_t bytes)
{
    ret[0] = bytes < 0 ? '-' : '+';
    hs_bytes_format(bytes ? ret + 1 : ret, magnitude(bytes));
    return ret;
}
