/* Scrambling of integer keys for open-addressing tables. */
#ifndef HS_DIFF_HASH_H
#define HS_DIFF_HASH_H

#include <stdint.h>

/* Every bit of the key changes every bit of the result: multiply and xor-shift, twice. */
static inline uint64_t hs_hash_mix(uint64_t key)
{
    key = (key ^ (key >> 32)) * 0xd6e8feb86659fd93;
    key = (key ^ (key >> 32)) * 0xd6e8feb86659fd93;
    return key ^ (key >> 32);
}

#endif
