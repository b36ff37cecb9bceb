#include "dump/agent/numbers.h"

#include "dump/agent/sys.h"

enum {
    WORDS = 42, /* 1344 bits: the smallest double times ten takes 1140 */
    DIGITS = 20,
    MANTISSA_BITS = 52,
    EXPONENT_MASK = 0x7ff,
    EXPONENT_BIAS = 1075, /* of the mantissa taken as an integer */
};

struct big {
    uint32_t word[WORDS]; /* the lowest first */
};

static void big_set(struct big *a, uint64_t value)
{
    memset(a, 0, sizeof *a);
    a->word[0] = (uint32_t)value;
    a->word[1] = (uint32_t)(value >> 32);
}

static void big_shift(struct big *a, unsigned bits)
{
    unsigned words = bits / 32, rest = bits % 32;
    for (unsigned i = WORDS; i-- > 0;) {
        uint64_t high = i >= words ? a->word[i - words] : 0;
        uint64_t low = i >= words + 1 ? a->word[i - words - 1] : 0;
        a->word[i] = (uint32_t)((high << 32 | low) << rest >> 32);
    }
}

static void big_multiply(struct big *a, uint32_t factor)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        carry += (uint64_t)a->word[i] * factor;
        a->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_add(struct big *a, const struct big *b)
{
    uint64_t carry = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        carry += (uint64_t)a->word[i] + b->word[i];
        a->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_subtract(struct big *a, const struct big *b)
{
    int64_t carry = 0;
    for (unsigned i = 0; i < WORDS; i++) {
        carry += (int64_t)a->word[i] - b->word[i];
        a->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static int big_compare(const struct big *a, const struct big *b)
{
    for (unsigned i = WORDS; i-- > 0;)
        if (a->word[i] != b->word[i])
            return a->word[i] < b->word[i] ? -1 : 1;
    return 0;
}

static int big_compare_sum(const struct big *a, const struct big *b, const struct big *c)
{
    struct big sum = *a;
    big_add(&sum, b);
    return big_compare(&sum, c);
}

/* The shortest digits d1 d2 ... with 0.d1d2... * 10**point closest to mantissa * 2**exponent among those
 * nearer to it than to any other double: the free-format algorithm of Steele, White, Burger and Dybvig. */
static unsigned shortest(uint64_t mantissa, int exponent, char digits[DIGITS], int *ret_point)
{
    struct big value, unit, above, below; /* value / unit; half the distances to the neighbours, / unit */
    bool boundary = mantissa == UINT64_C(1) << MANTISSA_BITS && exponent > 1 - EXPONENT_BIAS;
    int inclusive = mantissa % 2 == 0; /* ties are read back to an even mantissa */
    big_set(&value, mantissa);
    big_set(&unit, 1);
    big_set(&above, 1);
    big_set(&below, 1);
    big_shift(&value, 1 + boundary + (exponent > 0 ? (unsigned)exponent : 0));
    big_shift(&unit, 1 + boundary + (exponent < 0 ? (unsigned)-exponent : 0));
    big_shift(&above, boundary + (exponent > 0 ? (unsigned)exponent : 0));
    big_shift(&below, exponent > 0 ? (unsigned)exponent : 0);

    int point = 0;
    while (big_compare_sum(&value, &above, &unit) >= 1 - inclusive) {
        big_multiply(&unit, 10);
        point++;
    }
    for (;;) {
        struct big value10 = value, above10 = above;
        big_multiply(&value10, 10);
        big_multiply(&above10, 10);
        if (big_compare_sum(&value10, &above10, &unit) >= 1 - inclusive)
            break;
        value = value10;
        above = above10;
        big_multiply(&below, 10);
        point--;
    }
    *ret_point = point;

    unsigned count = 0;
    for (;;) {
        big_multiply(&value, 10);
        big_multiply(&above, 10);
        big_multiply(&below, 10);
        char digit = '0';
        while (big_compare(&value, &unit) >= 0) {
            big_subtract(&value, &unit);
            digit++;
        }
        bool low = big_compare(&value, &below) < inclusive;
        bool high = big_compare_sum(&value, &above, &unit) > -inclusive;
        if ((low || high) || count == DIGITS - 1) {
            int half = big_compare_sum(&value, &value, &unit);
            bool up = half > 0 || (half == 0 && digit % 2);
            if (high && (!low || up))
                digit++;
            digits[count++] = digit;
            return count;
        }
        digits[count++] = digit;
    }
}

/* Python/pystrtod.c, format_float_short with 'r': an exponent below 1e-4 and from 1e16 on. */
void hs_float_text(uint64_t bits, char ret[HS_FLOAT_TEXT])
{
    uint64_t mantissa = bits & ((UINT64_C(1) << MANTISSA_BITS) - 1);
    int exponent = (int)(bits >> MANTISSA_BITS & EXPONENT_MASK);
    ret[0] = 0;
    if (exponent == EXPONENT_MASK && mantissa) {
        hs_text_append(ret, HS_FLOAT_TEXT, "nan");
        return;
    }
    if (bits >> 63)
        hs_text_append(ret, HS_FLOAT_TEXT, "-");
    if (exponent == EXPONENT_MASK || (!exponent && !mantissa)) {
        hs_text_append(ret, HS_FLOAT_TEXT, exponent ? "inf" : "0.0");
        return;
    }
    if (exponent)
        mantissa |= UINT64_C(1) << MANTISSA_BITS;
    else
        exponent = 1;

    char digits[DIGITS], text[HS_FLOAT_TEXT];
    int point;
    unsigned count = shortest(mantissa, exponent - EXPONENT_BIAS, digits, &point);
    unsigned used = 0;
    bool scientific = point <= -4 || point > 16;
    int whole = scientific ? 1 : point; /* digits before the decimal point */
    if (whole <= 0) {
        text[used++] = '0';
        text[used++] = '.';
        for (int i = whole; i < 0; i++)
            text[used++] = '0';
    }
    for (unsigned i = 0; i < count; i++) {
        if (i > 0 && (int)i == whole)
            text[used++] = '.';
        text[used++] = digits[i];
    }
    for (int i = (int)count; i < whole; i++)
        text[used++] = '0';
    if (!scientific && (int)count <= whole) {
        text[used++] = '.';
        text[used++] = '0';
    }
    text[used] = 0;
    hs_text_append(ret, HS_FLOAT_TEXT, text);
    if (!scientific)
        return;
    int power = point - 1;
    hs_text_append(ret, HS_FLOAT_TEXT, power < 0 ? "e-" : "e+");
    unsigned magnitude = (unsigned)(power < 0 ? -power : power);
    if (magnitude < 10)
        hs_text_append(ret, HS_FLOAT_TEXT, "0");
    hs_text_append_number(ret, HS_FLOAT_TEXT, magnitude);
}

void hs_int_text(const uint32_t *digits, size_t count, int negative, char ret[HS_INT_TEXT])
{
    enum { PART = 1000000000 }; /* nine decimals are taken off at a time */
    uint32_t left[HS_INT_DIGITS_MAX];
    uint32_t parts[HS_INT_DIGITS_MAX + 1] = {0};
    unsigned part_count = 0;
    if (count > HS_INT_DIGITS_MAX)
        count = HS_INT_DIGITS_MAX;
    memcpy(left, digits, count * sizeof *left);
    do {
        uint64_t rest = 0;
        for (size_t i = count; i-- > 0;) {
            rest = rest << 30 | left[i];
            left[i] = (uint32_t)(rest / PART);
            rest %= PART;
        }
        parts[part_count++] = (uint32_t)rest;
        while (count && !left[count - 1])
            count--;
    } while (count);

    ret[0] = 0;
    if (negative)
        hs_text_append(ret, HS_INT_TEXT, "-");
    hs_text_append_number(ret, HS_INT_TEXT, parts[part_count - 1]);
    for (unsigned i = part_count - 1; i-- > 0;) {
        char nine[12] = "";
        hs_text_append_number(nine, sizeof nine, (uint64_t)PART + parts[i]);
        hs_text_append(ret, HS_INT_TEXT, nine + 1);
    }
}
