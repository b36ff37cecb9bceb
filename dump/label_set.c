#include "dump/label_set.h"

#include "dump/array.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

uint64_t hs_hash_seed(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
        seed = (uint64_t)(uintptr_t)&seed; /* where the stack lies is random too */
    return seed | 1;
}

uint32_t hs_hash_bytes(uint64_t seed, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t hash = seed ^ size;
    while (size) {
        uint64_t block = 0;
        size_t n = size < sizeof(block) ? size : sizeof(block);
        memcpy(&block, at, n);
        hash = (hash ^ block) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 29;
        at += n;
        size -= n;
    }
    hash *= seed;
    return (uint32_t)(hash >> 32);
}

struct hs_error *hs_label_set_init(struct hs_label_set *labels)
{
    *labels = (struct hs_label_set){.slot_bits = 10, .seed = hs_hash_seed()};
    labels->slot = calloc((size_t)1 << labels->slot_bits, sizeof(labels->slot[0]));
    return labels->slot ? NULL : &hs_error_memory;
}

void hs_label_set_deinit(struct hs_label_set *labels)
{
    free(labels->entry);
    free(labels->slot);
    *labels = (struct hs_label_set){0};
}

/* The slot that holds the label, or the free one where it belongs. */
static uint32_t find_slot(const struct hs_label_set *labels, const uint8_t *stream, uint32_t hash,
                          uint8_t flags, struct hs_span text)
{
    uint32_t mask = (UINT32_C(1) << labels->slot_bits) - 1;
    for (uint32_t i = hash & mask;; i = (i + 1) & mask) {
        if (!labels->slot[i])
            return i;
        const struct hs_label_entry *entry = &labels->entry[labels->slot[i] - 1];
        if (entry->hash == hash && entry->flags == flags && entry->size == text.size &&
            !memcmp(stream + entry->text, text.bytes, text.size))
            return i;
    }
}

static struct hs_error *grow(struct hs_label_set *labels)
{
    if (labels->count < (UINT32_C(1) << labels->slot_bits) / 2)
        return NULL;
    uint32_t bits = labels->slot_bits + 1;
    uint32_t *slot = bits < 32 ? calloc((size_t)1 << bits, sizeof(slot[0])) : NULL;
    if (!slot)
        return &hs_error_memory;
    uint32_t mask = (UINT32_C(1) << bits) - 1;
    for (uint32_t n = 0; n < labels->count; n++) {
        uint32_t i = labels->entry[n].hash & mask;
        while (slot[i])
            i = (i + 1) & mask;
        slot[i] = n + 1;
    }
    free(labels->slot);
    labels->slot = slot;
    labels->slot_bits = bits;
    return NULL;
}

struct hs_error *hs_label_set_add(struct hs_label_set *labels, const uint8_t *stream, uint8_t flags,
                                  struct hs_span text, uint32_t *ret)
{
    struct hs_error *error = grow(labels);
    if (!error)
        error = hs_array_reserve((void **)&labels->entry, &labels->capacity, (size_t)labels->count + 1,
                                 sizeof(labels->entry[0]));
    if (error)
        return error;
    uint32_t hash = hs_hash_bytes(labels->seed + flags, text.bytes, text.size);
    uint32_t i = find_slot(labels, stream, hash, flags, text);
    if (!labels->slot[i]) {
        labels->entry[labels->count++] = (struct hs_label_entry){
            .text = (uint64_t)(text.bytes - stream), .size = text.size, .hash = hash, .flags = flags};
        labels->slot[i] = labels->count;
    }
    *ret = labels->slot[i] - 1;
    return NULL;
}

uint32_t hs_label_set_find(const struct hs_label_set *labels, const uint8_t *stream, uint8_t flags,
                           struct hs_span text)
{
    uint32_t hash = hs_hash_bytes(labels->seed + flags, text.bytes, text.size);
    uint32_t found = labels->slot[find_slot(labels, stream, hash, flags, text)];
    return found ? found - 1 : HS_NO_LABEL;
}
