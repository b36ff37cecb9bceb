#include "dump/secret.h"

#include "dump/array.h"
#include "dump/refs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Found anywhere in a name, without regard to case, '_', '-' and '.'. */
static const char *const words[] = {
    "password",    "passwd",           "passphrase",    "passcode",  "pwd",     "secret",
    "token",       "apikey",           "privatekey",    "accesskey", "authkey", "signingkey",
    "credential",  "cookie",           "authorization", "session",   "bearer",  "dsn",
    "databaseurl", "connectionstring", "otp",           "ssn",       "cvv",     "pincode",
};
/* Found as a whole word of a name: db_key, authKey, KEY. */
static const char *const whole_words[] = {"key", "keys", "auth", "pass", "pw",
                                          "pin", "salt", "sid",  "cred", "creds"};

/* Longer names are judged by their beginning. */
#define NAME_MAX_BYTES 256

static bool is_word_of(const char *const *list, size_t count, const char *word, bool anywhere)
{
    for (size_t i = 0; i < count; i++) {
        if (anywhere ? strstr(word, list[i]) != NULL : !strcmp(word, list[i]))
            return true;
    }
    return false;
}

bool hs_name_is_secret(struct hs_span name)
{
    char all[NAME_MAX_BYTES + 1], word[NAME_MAX_BYTES + 1];
    size_t all_bytes = 0, word_bytes = 0;
    unsigned char previous = '_';
    for (size_t i = 0; i < name.size && i < NAME_MAX_BYTES; i++) {
        unsigned char c = name.bytes[i];
        bool starts = !isalpha(c) || (isupper(c) && islower(previous));
        if (starts) {
            word[word_bytes] = '\0';
            if (is_word_of(whole_words, sizeof(whole_words) / sizeof(whole_words[0]), word, false))
                return true;
            word_bytes = 0;
        }
        if (isalpha(c))
            word[word_bytes++] = (char)tolower(c);
        if (isalnum(c))
            all[all_bytes++] = (char)tolower(c);
        previous = c;
    }
    word[word_bytes] = all[all_bytes] = '\0';
    return is_word_of(whole_words, sizeof(whole_words) / sizeof(whole_words[0]), word, false) ||
           is_word_of(words, sizeof(words) / sizeof(words[0]), all, true);
}

static bool is_one_of(struct hs_span name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(list[i]) == name.size && !memcmp(list[i], name.bytes, name.size))
            return true;
    }
    return false;
}

bool hs_type_is_data(const struct hs_index_type *type)
{
    static const char *const names[] = {"str",   "bytes",   "bytearray", "int",
                                        "float", "complex", "bool",      "memoryview"};
    return is_one_of(type->name, names, sizeof(names) / sizeof(names[0]));
}

static bool is_container(const struct hs_index_type *type)
{
    static const char *const names[] = {"list",
                                        "tuple",
                                        "dict",
                                        "set",
                                        "frozenset",
                                        "mappingproxy",
                                        "collections.deque",
                                        "collections.OrderedDict",
                                        "collections.defaultdict"};
    return is_one_of(type->name, names, sizeof(names) / sizeof(names[0]));
}

struct search {
    const struct hs_index *index;
    uint64_t *secret; /* result */
    uint64_t
        *named;  /* strings whose text looks like the name of a secret: as a key they make their value one */
    bool *label; /* [labels] */
    uint32_t *todo; /* containers whose contents are secret */
    size_t todo_count, todo_capacity;
};

static bool test(const uint64_t *bitmap, uint32_t id)
{
    return bitmap[id / 64] >> (id & 63) & 1;
}

static const struct hs_index_shape *shape_of(const struct hs_index *index, uint32_t id)
{
    return &index->shape[index->variants.variant[index->variant[index->order[id]]].key.shape];
}

/* Marks an object; a container's contents follow later. */
static struct hs_error *mark(struct search *search, uint32_t id)
{
    if (id == HS_NO_OBJECT || test(search->secret, id))
        return NULL;
    search->secret[id / 64] |= UINT64_C(1) << (id & 63);
    if (!is_container(&search->index->type[shape_of(search->index, id)->type]))
        return NULL;
    struct hs_error *error = hs_array_reserve((void **)&search->todo, &search->todo_capacity,
                                              search->todo_count + 1, sizeof(search->todo[0]));
    if (!error)
        search->todo[search->todo_count++] = id;
    return error;
}

/* Looks at the references of one object: marks those under secret names, or (all) every one. */
static struct hs_error *look(struct search *search, uint32_t id, uint64_t granule, bool all)
{
    const struct hs_index *index = search->index;
    uint32_t at = index->order[id];
    struct hs_cursor cursor = hs_index_cursor(index, index->where[at] & HS_INDEX_OFFSET);
    struct hs_object_record object;
    struct hs_error *error = hs_decode_object(&cursor, 0, &object);
    const struct hs_index_shape *shape = shape_of(index, id);
    struct hs_refs refs = hs_refs(index, shape, cursor, granule);
    bool key_is_secret = false;
    while (!error) {
        struct hs_stream_ref ref;
        bool any;
        error = hs_refs_next(&refs, &ref, &any);
        if (error || !any)
            break;
        uint32_t dst = ref.granule == HS_NO_GRANULE ? HS_NO_OBJECT : hs_rank_find(&index->rank, ref.granule);
        bool has_label = !ref.in_tail || shape->tail == HS_TAIL_LABELLED;
        bool secret = all;
        if (has_label) {
            secret = secret || (ref.label != HS_NO_LABEL && search->label[ref.label]);
        } else if (shape->tail == HS_TAIL_PAIR) {
            if (ref.label == HS_LABEL_KEY)
                key_is_secret = dst != HS_NO_OBJECT && test(search->named, dst);
            else
                secret = secret || key_is_secret;
        }
        if (secret)
            error = mark(search, dst);
    }
    return error;
}

static struct hs_error *search_all(struct search *search)
{
    const struct hs_index *index = search->index;
    for (uint32_t i = 0; i < index->labels.count; i++)
        search->label[i] = hs_name_is_secret(hs_label_set_text(&index->labels, index->bytes, i));
    for (size_t i = 0; i < index->values; i++) {
        struct hs_cursor cursor = hs_index_cursor(index, index->value[i].text);
        struct hs_span text;
        struct hs_error *error = hs_decode_text(&cursor, &text);
        if (error)
            return error;
        if (text.size <= NAME_MAX_BYTES && hs_name_is_secret(text))
            search->named[index->value[i].key / 64] |= UINT64_C(1) << (index->value[i].key & 63);
    }
    struct hs_rank_walk walk = hs_rank_walk_from(&index->rank, 0);
    for (uint32_t id = 0; id < index->objects; id++) {
        struct hs_error *error = look(search, id, hs_rank_walk_next(&walk), false);
        if (error)
            return error;
    }
    while (search->todo_count) {
        uint32_t id = search->todo[--search->todo_count];
        struct hs_rank_walk one = hs_rank_walk_from(&index->rank, id);
        struct hs_error *error = look(search, id, hs_rank_walk_next(&one), true);
        if (error)
            return error;
    }
    return NULL;
}

struct hs_error *hs_secrets_find(const struct hs_index *index, uint64_t **ret)
{
    size_t words_needed = (size_t)index->objects / 64 + 1;
    struct search search = {
        .index = index,
        .secret = calloc(words_needed, sizeof(uint64_t)),
        .named = calloc(words_needed, sizeof(uint64_t)),
        .label = calloc((size_t)index->labels.count + 1, sizeof(bool)),
    };
    struct hs_error *error = &hs_error_memory;
    if (search.secret && search.named && search.label)
        error = search_all(&search);
    free(search.named);
    free(search.label);
    free(search.todo);
    if (error)
        free(search.secret);
    else
        *ret = search.secret;
    return error;
}
