#include "diff/names.h"

#include "diff/hash.h"

#include <stdlib.h>
#include <string.h>

#define MIN_BUCKETS 64

void hs_names_deinit(struct hs_names *names)
{
    for (uint32_t i = 0; i < names->count; i++)
        free(names->text[i]);
    free(names->text);
    free(names->bytes);
    free(names->bucket);
    *names = (struct hs_names){0};
}

static uint32_t hash_text(const char *text, uint32_t bytes)
{
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (uint32_t i = 0; i < bytes; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3;
    return (uint32_t)hs_hash_mix(hash);
}

/* The bucket that holds the text, or the free one where it belongs. */
static uint32_t find(const struct hs_names *names, const char *text, uint32_t bytes)
{
    uint32_t mask = names->buckets - 1;
    uint32_t at = hash_text(text, bytes) & mask;
    for (; names->bucket[at]; at = (at + 1) & mask) {
        uint32_t number = names->bucket[at] - 1;
        if (names->bytes[number] == bytes && !memcmp(names->text[number], text, bytes))
            break;
    }
    return at;
}

static bool grow_buckets(struct hs_names *names)
{
    uint32_t old = names->buckets;
    if (old && names->count < old / 2)
        return true;
    uint32_t *bucket = calloc(old ? old * 2 : MIN_BUCKETS, sizeof(*bucket));
    if (!bucket)
        return false;
    free(names->bucket);
    names->bucket = bucket;
    names->buckets = old ? old * 2 : MIN_BUCKETS;
    for (uint32_t i = 0; i < names->count; i++)
        names->bucket[find(names, names->text[i], names->bytes[i])] = i + 1;
    return true;
}

static bool grow_texts(struct hs_names *names)
{
    if (names->count < names->capacity)
        return true;
    uint32_t capacity = names->capacity ? names->capacity * 2 : MIN_BUCKETS;
    char **text = realloc(names->text, capacity * sizeof(*text));
    if (!text)
        return false;
    names->text = text;
    uint32_t *bytes = realloc(names->bytes, capacity * sizeof(*bytes));
    if (!bytes)
        return false;
    names->bytes = bytes;
    names->capacity = capacity;
    return true;
}

struct hs_error *hs_names_add(struct hs_names *names, const char *text, uint32_t bytes, uint32_t *ret)
{
    if (!grow_buckets(names))
        return &hs_error_memory;
    uint32_t at = find(names, text, bytes);
    if (!names->bucket[at]) {
        char *copy = grow_texts(names) ? malloc((size_t)bytes + 1) : NULL;
        if (!copy)
            return &hs_error_memory;
        memcpy(copy, text, bytes);
        copy[bytes] = '\0';
        names->text[names->count] = copy;
        names->bytes[names->count] = bytes;
        names->bucket[at] = ++names->count;
    }
    *ret = names->bucket[at] - 1;
    return NULL;
}
