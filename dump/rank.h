/* From the address of an object to its number: the rank of the address among all that were seen.
 *
 * Two objects never start within the same 16 bytes, so a bitmap with a bit per 16 bytes of address space (a
 * granule) knows them all, and a count per word makes the rank a lookup and a popcount. The bitmap comes in
 * leaves of 256 KiB of address space, found by a hash of the leaf's number. Memory is 2.6 kB per leaf that
 * holds an object.
 */
#ifndef HS_DUMP_RANK_H
#define HS_DUMP_RANK_H

#include "format/error.h"
#include "format/snapshot.h"

#define HS_RANK_LEAF_BITS 14
#define HS_RANK_WORDS     ((1u << HS_RANK_LEAF_BITS) / 64)

struct hs_rank_leaf {
    uint64_t key;                   /* granule >> HS_RANK_LEAF_BITS */
    uint32_t first;                 /* rank of the first object of the leaf; set by hs_rank_finish() */
    uint16_t before[HS_RANK_WORDS]; /* objects of the leaf before each word; set by hs_rank_finish() */
    uint64_t word[HS_RANK_WORDS];
};

struct hs_rank {
    struct hs_rank_leaf **slot; /* hash table, open addressing */
    uint32_t slot_bits;
    uint32_t leaves;
    struct hs_rank_leaf *last;    /* the leaf of the last hs_rank_add() */
    struct hs_rank_leaf **sorted; /* [leaves] by address; set by hs_rank_finish() */
    uint32_t objects;
};

void hs_rank_init(struct hs_rank *rank);
void hs_rank_deinit(struct hs_rank *rank);

/* Adds an object by its granule (address >> 4). *ret_added is false if there is one already. */
struct hs_error *hs_rank_add(struct hs_rank *rank, uint64_t granule, bool *ret_added) HS_MUST_CHECK;

/* Computes the ranks. Nothing may be added afterwards. */
struct hs_error *hs_rank_finish(struct hs_rank *rank) HS_MUST_CHECK;

static inline uint32_t hs_rank_slot(uint64_t key, uint32_t bits)
{
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - bits));
}

/* The rank of an object, HS_NO_OBJECT if nothing was added there. For any number of threads at once. */
static inline uint32_t hs_rank_find(const struct hs_rank *rank, uint64_t granule)
{
    uint64_t key = granule >> HS_RANK_LEAF_BITS;
    uint32_t mask = (UINT32_C(1) << rank->slot_bits) - 1;
    uint32_t i = hs_rank_slot(key, rank->slot_bits);
    const struct hs_rank_leaf *leaf;
    while ((leaf = rank->slot[i]) && leaf->key != key)
        i = (i + 1) & mask;
    if (!leaf)
        return HS_NO_OBJECT;
    uint32_t n = (granule >> 6) & (HS_RANK_WORDS - 1);
    uint64_t bit = UINT64_C(1) << (granule & 63);
    if (!(leaf->word[n] & bit))
        return HS_NO_OBJECT;
    return leaf->first + leaf->before[n] + (uint32_t)__builtin_popcountll(leaf->word[n] & (bit - 1));
}

/* Walks the granules in ascending order. */
struct hs_rank_walk {
    const struct hs_rank *rank;
    uint32_t leaf; /* in rank->sorted */
    uint32_t word;
    uint64_t bits; /* of the word, not yet given */
};

/* A walk whose first step gives the granule of rank `first`. */
struct hs_rank_walk hs_rank_walk_from(const struct hs_rank *rank, uint32_t first);

/* The next granule; to be called for existing ranks only. */
static inline uint64_t hs_rank_walk_next(struct hs_rank_walk *walk)
{
    while (!walk->bits) {
        if (++walk->word == HS_RANK_WORDS) {
            walk->word = 0;
            walk->leaf++;
        }
        walk->bits = walk->rank->sorted[walk->leaf]->word[walk->word];
    }
    uint64_t bit = (uint64_t)__builtin_ctzll(walk->bits);
    walk->bits &= walk->bits - 1;
    return walk->rank->sorted[walk->leaf]->key << HS_RANK_LEAF_BITS | (uint64_t)walk->word << 6 | bit;
}

#endif
