#include "query/object.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names longer than this are not compared letter by letter. */
#define NEAR_NAME_BYTES 80
#define NEAR_NAMES      3

static const char *bare_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot[1] ? dot + 1 : name;
}

/* Edit distance without regard to case; the strings are at most NEAR_NAME_BYTES long. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NEAR_NAME_BYTES + 1];
    size_t width = strlen(b);
    for (unsigned j = 0; j <= width; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            unsigned same = tolower((unsigned char)*a) == tolower((unsigned char)b[j - 1]);
            unsigned best = diagonal + !same;
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[width];
}

static unsigned name_distance(const char *wanted, const char *name)
{
    const char *bare = bare_name(name);
    if (strlen(wanted) > NEAR_NAME_BYTES || strlen(name) > NEAR_NAME_BYTES)
        return UINT32_MAX;
    unsigned whole = distance(wanted, name), part = distance(bare_name(wanted), bare);
    return whole < part + 1 ? whole : part + 1;
}

struct near {
    const char *name[NEAR_NAMES];
    unsigned distance[NEAR_NAMES];
    size_t count;
};

static void near_add(struct near *near, const char *name, unsigned away)
{
    for (size_t i = 0; i < near->count; i++)
        if (!strcmp(near->name[i], name))
            return;
    size_t at = near->count < NEAR_NAMES ? near->count++ : NEAR_NAMES - 1;
    if (at == NEAR_NAMES - 1 && near->name[at] && near->distance[at] <= away)
        return;
    for (; at > 0 && near->distance[at - 1] > away; at--) {
        near->name[at] = near->name[at - 1];
        near->distance[at] = near->distance[at - 1];
    }
    near->name[at] = name;
    near->distance[at] = away;
}

static struct hs_error *no_such_type(struct hs_reader *reader, const char *name)
{
    struct near near = {0};
    unsigned limit = (unsigned)(strlen(bare_name(name)) / 3 + 2);
    for (uint32_t i = 0; i < hs_reader_types(reader); i++) {
        const char *candidate = hs_reader_type(reader, i)->name;
        unsigned away = name_distance(name, candidate);
        if (away <= limit)
            near_add(&near, candidate, away);
    }
    /* Beside a name that is very near, those further away only confuse. */
    while (near.count > 1 && near.distance[near.count - 1] > near.distance[0] + 1)
        near.count--;
    switch (near.count) {
    case 0:
        return hs_error_create(HS_ERROR_USAGE, "no type '%s'; list them with: heapquery types %s", name,
                               hs_reader_path(reader));
    case 1:
        return hs_error_create(HS_ERROR_USAGE, "no type '%s'; did you mean %s?", name, near.name[0]);
    case 2:
        return hs_error_create(HS_ERROR_USAGE, "no type '%s'; did you mean %s or %s?", name, near.name[0],
                               near.name[1]);
    default:
        return hs_error_create(HS_ERROR_USAGE, "no type '%s'; did you mean %s, %s or %s?", name, near.name[0],
                               near.name[1], near.name[2]);
    }
}

struct hs_error *hs_type_find(struct hs_reader *reader, const char *name, uint32_t *ret)
{
    uint32_t found = UINT32_MAX;
    for (uint32_t i = 0; i < hs_reader_types(reader); i++)
        if (!strcmp(hs_reader_type(reader, i)->name, name)) {
            *ret = i;
            return NULL;
        }
    for (uint32_t i = 0; i < hs_reader_types(reader); i++) {
        const struct hs_type *type = hs_reader_type(reader, i);
        if (strcmp(bare_name(type->name), name) && (!type->qualname || strcmp(type->qualname, name)))
            continue;
        if (found != UINT32_MAX && strcmp(hs_reader_type(reader, found)->name, type->name))
            return hs_error_create(HS_ERROR_USAGE, "'%s' is ambiguous: %s or %s", name,
                                   hs_reader_type(reader, found)->name, type->name);
        if (found == UINT32_MAX)
            found = i;
    }
    if (found == UINT32_MAX)
        return no_such_type(reader, name);
    *ret = found;
    return NULL;
}

/* The types that share the name of `type`, by number; malloc'ed. `ret_instances`: of all of them. */
static bool *same_name(struct hs_reader *reader, uint32_t type, uint64_t *ret_instances)
{
    uint32_t types = hs_reader_types(reader);
    bool *same = calloc(types, sizeof(*same));
    *ret_instances = 0;
    for (uint32_t i = 0; same && i < types; i++) {
        const struct hs_type *it = hs_reader_type(reader, i);
        same[i] = !strcmp(it->name, hs_reader_type(reader, type)->name);
        *ret_instances += same[i] ? it->objects : 0;
    }
    return same;
}

/* Looks through one chunk for the `*left`th instance, from its end if `backward`; lowers `*left` by those it
 * passes. */
static struct hs_error *search_chunk(struct hs_reader *reader, uint32_t number, const bool *wanted,
                                     bool backward, uint64_t *left, uint32_t *ret)
{
    const struct hs_chunk *chunk;
    struct hs_error *error = hs_reader_chunk(reader, number, HS_PART_OBJECTS, &chunk);
    if (error)
        return error;
    for (uint32_t i = 0; i < chunk->count && *ret == HS_NO_OBJECT; i++) {
        uint32_t index = backward ? chunk->count - 1 - i : i;
        if (!wanted[hs_reader_shape(reader, chunk->shape[index])->type])
            continue;
        if (*left == 0)
            *ret = chunk->first + index;
        else
            --*left;
    }
    hs_reader_release(reader, chunk);
    return NULL;
}

static struct hs_error *find_instance(struct hs_reader *reader, const bool *wanted, uint64_t index,
                                      uint64_t instances, uint32_t *ret)
{
    bool backward = index >= instances / 2;
    uint64_t left = backward ? instances - 1 - index : index;
    uint32_t chunks = hs_reader_chunks(reader);
    *ret = HS_NO_OBJECT;
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < chunks && *ret == HS_NO_OBJECT; i++)
        error = search_chunk(reader, backward ? chunks - 1 - i : i, wanted, backward, &left, ret);
    if (!error && *ret == HS_NO_OBJECT)
        error = hs_error_create(HS_ERROR_CORRUPT, "%s: a type has fewer instances than the file counts",
                                hs_reader_path(reader));
    return error;
}

/* Splits "TYPE[INDEX]"; without an index `*ret_has_index` is false. `*ret_name` is malloc'ed. */
static struct hs_error *parse_instance(const char *text, char **ret_name, bool *ret_has_index,
                                       int64_t *ret_index)
{
    size_t length = strlen(text);
    const char *open = length && text[length - 1] == ']' ? strrchr(text, '[') : NULL;
    *ret_has_index = open != NULL;
    *ret_name = strndup(text, open ? (size_t)(open - text) : length);
    if (!*ret_name)
        return &hs_error_memory;
    if (!open)
        return NULL;
    char *end;
    errno = 0;
    *ret_index = strtoll(open + 1, &end, 10);
    if (errno || end == open + 1 || strcmp(end, "]") || isspace((unsigned char)open[1]))
        return hs_error_create(HS_ERROR_USAGE, "'%s': the index is no whole number; write %s[0] or %s[-1]",
                               text, *ret_name, *ret_name);
    return NULL;
}

static struct hs_error *choose_instance(struct hs_reader *reader, uint32_t type, bool has_index,
                                        int64_t index, uint32_t *ret)
{
    const char *name = hs_reader_type(reader, type)->name;
    uint64_t instances;
    bool *wanted = same_name(reader, type, &instances);
    if (!wanted)
        return &hs_error_memory;
    int64_t count = (int64_t)instances;
    struct hs_error *error = NULL;
    if (count == 0)
        error = hs_error_create(HS_ERROR_USAGE, "%s: there is no %s", hs_reader_path(reader), name);
    else if (!has_index && count > 1)
        error = hs_error_create(
            HS_ERROR_USAGE, "there are %" PRId64 " objects of type %s: name one of %s[0] .. %s[%" PRId64 "]",
            count, name, name, name, count - 1);
    else if (has_index && (index >= count || index < -count))
        error = hs_error_create(HS_ERROR_USAGE,
                                "no %s[%" PRId64 "]: there %s %" PRId64 ", %s[0] .. %s[%" PRId64 "]", name,
                                index, count == 1 ? "is" : "are", count, name, name, count - 1);
    else
        error = find_instance(reader, wanted,
                              (uint64_t)(!has_index  ? 0
                                         : index < 0 ? count + index
                                                     : index),
                              instances, ret);
    free(wanted);
    return error;
}

static struct hs_error *find_by_address(struct hs_reader *reader, const char *text, uint32_t *ret)
{
    char *end;
    errno = 0;
    uint64_t address = strtoull(text, &end, 16);
    if (errno || *end || end <= text + 2)
        return hs_error_create(HS_ERROR_USAGE,
                               "'%s' is no address; write it as Python shows it: 0x7f12ab34cd50", text);
    struct hs_error *error = hs_reader_find_address(reader, address, ret);
    if (!error && *ret == HS_NO_OBJECT)
        error = hs_error_create(HS_ERROR_USAGE, "%s: no object at %s", hs_reader_path(reader), text);
    return error;
}

static struct hs_error *find_by_id(struct hs_reader *reader, const char *text, uint32_t *ret)
{
    char *end;
    errno = 0;
    uint64_t id = strtoull(text + 1, &end, 10);
    if (errno || *end || !isdigit((unsigned char)text[1]))
        return hs_error_create(HS_ERROR_USAGE, "'%s' is no object id; write it like #123", text);
    if (id >= hs_reader_objects(reader))
        return hs_error_create(HS_ERROR_USAGE, "%s: no object %s: ids are #0 .. #%" PRIu32,
                               hs_reader_path(reader), text, hs_reader_objects(reader) - 1);
    *ret = (uint32_t)id;
    return NULL;
}

struct hs_error *hs_object_find(struct hs_reader *reader, const char *text, uint32_t *ret)
{
    if (text[0] == '#')
        return find_by_id(reader, text, ret);
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return find_by_address(reader, text, ret);
    char *name = NULL;
    bool has_index = false;
    int64_t index = 0;
    uint32_t type;
    struct hs_error *error = parse_instance(text, &name, &has_index, &index);
    if (!error && !*name)
        error = hs_error_create(HS_ERROR_USAGE,
                                "'%s' names no object; write webapp.DB[-1], #123 or 0x7f12ab34cd50", text);
    if (!error)
        error = hs_type_find(reader, name, &type);
    if (!error)
        error = choose_instance(reader, type, has_index, index, ret);
    free(name);
    return error;
}
