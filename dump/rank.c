#include "dump/rank.h"

#include <stdlib.h>

/* Room for 4096 leaves (1 GiB of address space) before the first growth. */
#define FIRST_SLOT_BITS 12

void hs_rank_init(struct hs_rank *rank)
{
    *rank = (struct hs_rank){0};
}

void hs_rank_deinit(struct hs_rank *rank)
{
    if (rank->slot) {
        for (size_t i = 0; i < (size_t)1 << rank->slot_bits; i++)
            free(rank->slot[i]);
    }
    free(rank->slot);
    free(rank->sorted);
    hs_rank_init(rank);
}

static void insert(struct hs_rank_leaf **slot, uint32_t bits, struct hs_rank_leaf *leaf)
{
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    uint32_t i = hs_rank_slot(leaf->key, bits);
    while (slot[i])
        i = (i + 1) & mask;
    slot[i] = leaf;
}

/* Makes room for one leaf more; the table stays at most half full, so that searches end. */
static struct hs_error *grow(struct hs_rank *rank)
{
    if (rank->slot && rank->leaves < (UINT32_C(1) << rank->slot_bits) / 2)
        return NULL;
    uint32_t bits = rank->slot ? rank->slot_bits + 1 : FIRST_SLOT_BITS;
    struct hs_rank_leaf **slot = bits < 32 ? calloc((size_t)1 << bits, sizeof(struct hs_rank_leaf *)) : NULL;
    if (!slot)
        return &hs_error_memory;
    for (size_t i = 0; rank->slot && i < (size_t)1 << rank->slot_bits; i++) {
        if (rank->slot[i])
            insert(slot, bits, rank->slot[i]);
    }
    free(rank->slot);
    rank->slot = slot;
    rank->slot_bits = bits;
    return NULL;
}

static struct hs_error *find_leaf(struct hs_rank *rank, uint64_t key, struct hs_rank_leaf **ret)
{
    if (rank->slot) {
        uint32_t mask = (UINT32_C(1) << rank->slot_bits) - 1;
        for (uint32_t i = hs_rank_slot(key, rank->slot_bits); rank->slot[i]; i = (i + 1) & mask) {
            if (rank->slot[i]->key == key) {
                *ret = rank->slot[i];
                return NULL;
            }
        }
    }
    struct hs_error *error = grow(rank);
    if (error)
        return error;
    struct hs_rank_leaf *leaf = calloc(1, sizeof(*leaf));
    if (!leaf)
        return &hs_error_memory;
    leaf->key = key;
    insert(rank->slot, rank->slot_bits, leaf);
    rank->leaves++;
    *ret = leaf;
    return NULL;
}

struct hs_error *hs_rank_add(struct hs_rank *rank, uint64_t granule, bool *ret_added)
{
    uint64_t key = granule >> HS_RANK_LEAF_BITS;
    if (!rank->last || rank->last->key != key) {
        struct hs_error *error = find_leaf(rank, key, &rank->last);
        if (error)
            return error;
    }
    uint64_t *word = &rank->last->word[(granule >> 6) & (HS_RANK_WORDS - 1)];
    uint64_t bit = UINT64_C(1) << (granule & 63);
    *ret_added = !(*word & bit);
    if (*ret_added && rank->objects == HS_NO_OBJECT)
        return hs_error_create(HS_ERROR_LIMIT, "more objects than a snapshot can number (%u)", HS_NO_OBJECT);
    *word |= bit;
    rank->objects += *ret_added;
    return NULL;
}

static int compare_leaves(const void *a, const void *b)
{
    uint64_t x = (*(struct hs_rank_leaf *const *)a)->key, y = (*(struct hs_rank_leaf *const *)b)->key;
    return x < y ? -1 : x > y;
}

struct hs_error *hs_rank_finish(struct hs_rank *rank)
{
    struct hs_error *error = rank->slot ? NULL : grow(rank);
    if (error)
        return error;
    struct hs_rank_leaf **leaves = calloc(rank->leaves + 1, sizeof(struct hs_rank_leaf *));
    if (!leaves)
        return &hs_error_memory;
    size_t count = 0;
    for (size_t i = 0; i < (size_t)1 << rank->slot_bits; i++) {
        if (rank->slot[i])
            leaves[count++] = rank->slot[i];
    }
    qsort(leaves, count, sizeof(leaves[0]), compare_leaves);
    uint32_t first = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t before = 0;
        for (uint32_t n = 0; n < HS_RANK_WORDS; n++) {
            leaves[i]->before[n] = (uint16_t)before; /* a leaf holds 2^14 objects at most */
            before += (uint32_t)__builtin_popcountll(leaves[i]->word[n]);
        }
        leaves[i]->first = first;
        first += before;
    }
    rank->sorted = leaves;
    return NULL;
}

struct hs_rank_walk hs_rank_walk_from(const struct hs_rank *rank, uint32_t first)
{
    struct hs_rank_walk walk = {.rank = rank};
    if (first >= rank->objects)
        return walk;
    uint32_t low = 0, high = rank->leaves; /* the leaf that holds `first` is in low .. high - 1 */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (rank->sorted[middle]->first <= first)
            low = middle;
        else
            high = middle;
    }
    walk.leaf = low;
    walk.bits = rank->sorted[low]->word[0];
    for (uint32_t skip = first - rank->sorted[low]->first; skip; skip--)
        hs_rank_walk_next(&walk);
    return walk;
}
