#include "tests/unit/fixture.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct type {
    char *name;
    uint32_t object; /* HS_NO_OBJECT for a static type */
};

struct ref {
    uint32_t dst;
    uint32_t label; /* HS_NO_LABEL in tails without labels */
};

struct object {
    uint32_t type;
    uint64_t address, size, refcount, length;
    uint16_t ident;
    uint8_t generation;
    uint8_t tail;
    char *value;
    struct ref *ref; /* fields, then the tail */
    uint32_t refs, fields;
};

struct root {
    uint32_t object;
    enum hs_root_kind kind;
    char *name;
};

struct fact {
    char *name, *value;
};

struct module {
    uint32_t object;
    char *name;
};

struct fixture {
    struct type *type;
    uint32_t types;
    struct hs_label *label;
    uint32_t labels;
    struct object *object;
    uint32_t objects;
    struct root *root;
    uint32_t roots;
    struct module *module;
    uint32_t modules;
    struct fact *fact;
    uint32_t facts;
};

static void fail(const char *what)
{
    fprintf(stderr, "fixture: %s\n", what);
    abort();
}

static void check(struct hs_error *error)
{
    if (error)
        fail(error->message);
}

static void *grow(void *array, size_t count, size_t size)
{
    /* Doubles whenever the count reaches a power of two. */
    if (count & (count - 1))
        return array;
    void *grown = realloc(array, (count ? 2 * count : 1) * size);
    if (!grown)
        fail("out of memory");
    return grown;
}

#define APPEND(array, count) ((array) = grow((array), (count), sizeof(*(array))), &(array)[(count)++])

static char *copy(const char *text)
{
    char *result = text ? strdup(text) : NULL;
    if (text && !result)
        fail("out of memory");
    return result;
}

static struct object *object_at(const struct fixture *fixture, uint32_t object)
{
    if (object >= fixture->objects)
        fail("no such object");
    return &fixture->object[object];
}

struct fixture *fixture_create(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    if (!fixture)
        fail("out of memory");
    static const char *const builtins[] = {"type", "dict", "list", "str", "module"};
    for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
        fixture_builtin(fixture, builtins[i]);
    return fixture;
}

void fixture_destroy(struct fixture *fixture)
{
    if (!fixture)
        return;
    for (uint32_t i = 0; i < fixture->types; i++)
        free(fixture->type[i].name);
    for (uint32_t i = 0; i < fixture->labels; i++)
        free(fixture->label[i].name);
    for (uint32_t i = 0; i < fixture->objects; i++) {
        free(fixture->object[i].value);
        free(fixture->object[i].ref);
    }
    for (uint32_t i = 0; i < fixture->roots; i++)
        free(fixture->root[i].name);
    for (uint32_t i = 0; i < fixture->modules; i++)
        free(fixture->module[i].name);
    for (uint32_t i = 0; i < fixture->facts; i++) {
        free(fixture->fact[i].name);
        free(fixture->fact[i].value);
    }
    free(fixture->type);
    free(fixture->label);
    free(fixture->object);
    free(fixture->root);
    free(fixture->module);
    free(fixture->fact);
    free(fixture);
}

uint32_t fixture_builtin(struct fixture *fixture, const char *name)
{
    *APPEND(fixture->type, fixture->types) = (struct type){.name = copy(name), .object = HS_NO_OBJECT};
    return fixture->types - 1;
}

uint32_t fixture_class(struct fixture *fixture, const char *name)
{
    uint32_t object = fixture_object(fixture, 0);
    fixture_set_value(fixture, object, name);
    *APPEND(fixture->type, fixture->types) = (struct type){.name = copy(name), .object = object};
    return fixture->types - 1;
}

uint32_t fixture_find_type(const struct fixture *fixture, const char *name)
{
    for (uint32_t i = 0; i < fixture->types; i++)
        if (!strcmp(fixture->type[i].name, name))
            return i;
    fail("no such type");
    return 0;
}

uint32_t fixture_class_object(const struct fixture *fixture, uint32_t type)
{
    return fixture->type[type].object;
}

uint32_t fixture_object(struct fixture *fixture, uint32_t type)
{
    uint32_t id = fixture->objects;
    *APPEND(fixture->object, fixture->objects) = (struct object){
        .type = type,
        .address = 0x7f0000000000 + 64 * (uint64_t)id,
        .size = 64,
        .refcount = 1,
        .length = HS_NO_LENGTH,
        .generation = 2,
        .tail = HS_TAIL_NONE,
    };
    return id;
}

void fixture_set_size(struct fixture *fixture, uint32_t object, uint64_t bytes)
{
    object_at(fixture, object)->size = bytes;
}

void fixture_set_refcount(struct fixture *fixture, uint32_t object, uint64_t refcount)
{
    object_at(fixture, object)->refcount = refcount;
}

void fixture_set_length(struct fixture *fixture, uint32_t object, uint64_t length)
{
    object_at(fixture, object)->length = length;
}

void fixture_set_ident(struct fixture *fixture, uint32_t object, uint16_t ident)
{
    object_at(fixture, object)->ident = ident;
}

void fixture_set_generation(struct fixture *fixture, uint32_t object, uint8_t generation)
{
    object_at(fixture, object)->generation = generation;
}

void fixture_set_value(struct fixture *fixture, uint32_t object, const char *text)
{
    struct object *it = object_at(fixture, object);
    free(it->value);
    it->value = copy(text);
}

void fixture_set_address(struct fixture *fixture, uint32_t object, uint64_t address)
{
    object_at(fixture, object)->address = address;
}

static uint32_t label_number(struct fixture *fixture, enum hs_ref_kind kind, const char *name, bool owning)
{
    for (uint32_t i = 0; i < fixture->labels; i++) {
        const struct hs_label *label = &fixture->label[i];
        bool same_name = label->name && name ? !strcmp(label->name, name) : !label->name && !name;
        if (label->kind == kind && label->owning == owning && same_name)
            return i;
    }
    *APPEND(fixture->label, fixture->labels) = (struct hs_label){
        .kind = (uint8_t)kind,
        .owning = owning,
        .name = copy(name),
        .bytes = name ? (uint32_t)strlen(name) : 0,
    };
    return fixture->labels - 1;
}

static void add_ref(struct fixture *fixture, uint32_t src, uint32_t label, uint32_t dst)
{
    struct object *object = object_at(fixture, src);
    *APPEND(object->ref, object->refs) = (struct ref){.dst = dst, .label = label};
}

static void add_field(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                      bool owning, uint32_t dst)
{
    struct object *object = object_at(fixture, src);
    if (object->tail != HS_TAIL_NONE)
        fail("fields come before the tail");
    add_ref(fixture, src, label_number(fixture, kind, name, owning), dst);
    object->fields++;
}

void fixture_field(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                   uint32_t dst)
{
    add_field(fixture, src, kind, name, true, dst);
}

void fixture_weak(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                  uint32_t dst)
{
    add_field(fixture, src, kind, name, false, dst);
}

static void set_tail(struct fixture *fixture, uint32_t src, enum hs_tail tail)
{
    struct object *object = object_at(fixture, src);
    if (object->tail != HS_TAIL_NONE && object->tail != tail)
        fail("an object has one kind of tail");
    object->tail = (uint8_t)tail;
}

void fixture_tail(struct fixture *fixture, uint32_t src, enum hs_tail tail, uint32_t dst)
{
    set_tail(fixture, src, tail);
    add_ref(fixture, src, HS_NO_LABEL, dst);
}

void fixture_labelled(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                      bool owning, uint32_t dst)
{
    set_tail(fixture, src, HS_TAIL_LABELLED);
    add_ref(fixture, src, label_number(fixture, kind, name, owning), dst);
}

void fixture_root(struct fixture *fixture, uint32_t object, enum hs_root_kind kind, const char *name)
{
    *APPEND(fixture->root, fixture->roots) =
        (struct root){.object = object, .kind = kind, .name = copy(name)};
}

uint32_t fixture_module(struct fixture *fixture, const char *name, uint32_t *ret_dict)
{
    uint32_t module = fixture_object(fixture, fixture_find_type(fixture, "module"));
    uint32_t dict = fixture_object(fixture, fixture_find_type(fixture, "dict"));
    fixture_set_value(fixture, module, name);
    fixture_field(fixture, module, HS_REF_MEMBER, "__dict__", dict);
    *APPEND(fixture->module, fixture->modules) = (struct module){.object = module, .name = copy(name)};
    fixture_root(fixture, module, HS_ROOT_MODULE, name);
    *ret_dict = dict;
    return module;
}

void fixture_global(struct fixture *fixture, uint32_t dict, const char *name, uint32_t dst)
{
    fixture_labelled(fixture, dict, HS_REF_GLOBAL, name, true, dst);
}

void fixture_fact(struct fixture *fixture, const char *name, const char *value)
{
    *APPEND(fixture->fact, fixture->facts) = (struct fact){.name = copy(name), .value = copy(value)};
}

size_t fixture_objects(const struct fixture *fixture)
{
    return fixture->objects;
}

uint32_t fixture_type_of(const struct fixture *fixture, uint32_t object)
{
    return object_at(fixture, object)->type;
}

const char *fixture_type_name(const struct fixture *fixture, uint32_t type)
{
    return fixture->type[type].name;
}

static enum hs_ref_kind tail_kind(enum hs_tail tail, uint32_t position)
{
    switch (tail) {
    case HS_TAIL_ITEM:
        return HS_REF_ITEM;
    case HS_TAIL_PAIR:
        return position % 2 ? HS_REF_VALUE : HS_REF_KEY;
    case HS_TAIL_KEY:
        return HS_REF_KEY;
    default:
        return HS_REF_INTERNAL;
    }
}

size_t fixture_refs(const struct fixture *fixture, uint32_t object, struct fixture_ref *ret, size_t room)
{
    const struct object *it = object_at(fixture, object);
    size_t count = 0;
    for (uint32_t i = 0; i < it->refs; i++) {
        const struct ref *ref = &it->ref[i];
        uint32_t position = i - it->fields;
        struct fixture_ref out = {.src = object, .dst = ref->dst, .slot = HS_NO_LABEL, .owning = true};
        if (ref->label != HS_NO_LABEL) {
            const struct hs_label *label = &fixture->label[ref->label];
            out.kind = label->kind;
            out.owning = label->owning;
            out.name = label->name;
        } else {
            out.kind = (uint8_t)tail_kind(it->tail, position);
        }
        if (i >= it->fields && !out.name)
            out.slot = it->tail == HS_TAIL_PAIR ? position / 2 : position;
        if (count < room)
            ret[count] = out;
        count++;
    }
    uint32_t class = fixture->type[it->type].object;
    if (class != HS_NO_OBJECT) {
        if (count < room)
            ret[count] = (struct fixture_ref){
                .src = object, .dst = class, .slot = HS_NO_LABEL, .kind = HS_REF_TYPE, .owning = true};
        count++;
    }
    return count;
}

static uint32_t next_random(uint32_t *state)
{
    /* xorshift32 */
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void add_random_refs(struct fixture *fixture, uint32_t object, uint32_t *state)
{
    static const char *const names[] = {"alpha", "beta", "gamma", "parent", "next"};
    static const enum hs_tail tails[] = {HS_TAIL_NONE, HS_TAIL_ITEM,     HS_TAIL_PAIR,
                                         HS_TAIL_KEY,  HS_TAIL_INTERNAL, HS_TAIL_LABELLED};
    uint32_t fields = next_random(state) % 4;
    for (uint32_t i = 0; i < fields; i++) {
        uint32_t dst = next_random(state) % fixture->objects;
        if (next_random(state) % 16)
            fixture_field(fixture, object, HS_REF_ATTRIBUTE, names[i], dst);
        else
            fixture_weak(fixture, object, HS_REF_MEMBER, names[i], dst);
    }
    enum hs_tail tail = tails[next_random(state) % (sizeof(tails) / sizeof(*tails))];
    if (tail == HS_TAIL_NONE)
        return;
    uint32_t count = next_random(state) % 64 ? next_random(state) % 6 : 200;
    if (tail == HS_TAIL_PAIR)
        count *= 2;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dst = next_random(state) % fixture->objects;
        if (tail != HS_TAIL_LABELLED)
            fixture_tail(fixture, object, tail, dst);
        else
            fixture_labelled(fixture, object, HS_REF_LOCAL, names[next_random(state) % 5],
                             next_random(state) % 8 != 0, dst);
    }
}

struct fixture *fixture_random(uint32_t seed, uint32_t objects)
{
    struct fixture *fixture = fixture_create();
    uint32_t state = seed * 2654435761u + 1;
    static const char *const classes[] = {"app.Node", "app.Twin", "app.Leaf", "app.Twin"};
    uint32_t builtins = fixture->types;
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        fixture_class(fixture, classes[i]);
    static const char *const modules[] = {"app", "lib", "sys"};
    uint32_t dict[3];
    for (size_t i = 0; i < 3; i++)
        fixture_module(fixture, modules[i], &dict[i]);
    uint32_t first = fixture->objects;
    while (fixture->objects < objects) {
        uint32_t object = fixture_object(fixture, next_random(&state) % fixture->types);
        if (fixture->object[object].type < builtins && next_random(&state) % 4 == 0)
            fixture_set_generation(fixture, object, HS_GENERATION_UNTRACKED);
        else
            fixture_set_generation(fixture, object, (uint8_t)(next_random(&state) % 4));
        fixture_set_size(fixture, object, 16 + next_random(&state) % 1000);
        fixture_set_refcount(fixture, object, 1 + next_random(&state) % 100);
        fixture_set_ident(fixture, object, (uint16_t)(next_random(&state) % 3));
        if (next_random(&state) % 2)
            fixture_set_length(fixture, object, next_random(&state) % 100);
        if (next_random(&state) % 5 == 0) {
            char text[32];
            snprintf(text, sizeof(text), "value %" PRIu32, object);
            fixture_set_value(fixture, object, text);
        }
    }
    for (uint32_t object = first; object < fixture->objects; object++)
        add_random_refs(fixture, object, &state);
    for (size_t i = 0; i < 3 && first < fixture->objects; i++) {
        char name[16];
        for (int k = 0; k < 4; k++) {
            snprintf(name, sizeof(name), "name%d", k);
            fixture_global(fixture, dict[i], name, next_random(&state) % fixture->objects);
        }
    }
    return fixture;
}

struct fixture *fixture_webapp(uint32_t databases)
{
    struct fixture *fixture = fixture_create();
    uint32_t dict_type = fixture_find_type(fixture, "dict"), list_type = fixture_find_type(fixture, "list");
    uint32_t str_type = fixture_find_type(fixture, "str");
    uint32_t namespace;
    fixture_module(fixture, "webapp", &namespace);
    uint32_t db_type = fixture_class(fixture, "webapp.DB");
    uint32_t registry = fixture_object(fixture, dict_type);
    fixture_global(fixture, namespace, "_open_databases", registry);
    fixture_global(fixture, namespace, "DB", fixture_class_object(fixture, db_type));
    fixture_set_length(fixture, registry, databases);
    for (uint32_t i = 0; i < databases; i++) {
        uint32_t db = fixture_object(fixture, db_type);
        uint32_t tables = fixture_object(fixture, dict_type), rows = fixture_object(fixture, list_type);
        uint32_t key = fixture_object(fixture, str_type), text = fixture_object(fixture, str_type);
        char name[32];
        snprintf(name, sizeof(name), "db%" PRIu32, i);
        fixture_set_value(fixture, key, name);
        fixture_set_generation(fixture, key, HS_GENERATION_UNTRACKED);
        fixture_set_generation(fixture, text, HS_GENERATION_UNTRACKED);
        fixture_set_size(fixture, text, 500000);
        fixture_field(fixture, db, HS_REF_ATTRIBUTE, "tables", tables);
        fixture_field(fixture, db, HS_REF_ATTRIBUTE, "name", key);
        fixture_tail(fixture, tables, HS_TAIL_PAIR, key);
        fixture_tail(fixture, tables, HS_TAIL_PAIR, rows);
        fixture_tail(fixture, rows, HS_TAIL_ITEM, text);
        fixture_set_length(fixture, rows, 1);
        fixture_set_length(fixture, tables, 1);
        fixture_tail(fixture, registry, HS_TAIL_PAIR, key);
        fixture_tail(fixture, registry, HS_TAIL_PAIR, db);
    }
    return fixture;
}

/* The shape of an object as the writer wants it; objects that look alike share a number. */
static uint32_t shape_number(struct hs_writer *writer, const struct fixture *fixture,
                             const struct object *object, struct hs_shape **known, uint32_t *count)
{
    uint32_t *labels = malloc((object->fields ? object->fields : 1) * sizeof(*labels));
    if (!labels)
        fail("out of memory");
    for (uint32_t i = 0; i < object->fields; i++)
        labels[i] = object->ref[i].label;
    struct hs_shape shape = {
        .type = object->type,
        .type_ref = fixture->type[object->type].object != HS_NO_OBJECT,
        .tail = object->tail,
        .tail_refs = object->tail == HS_TAIL_NONE ? 0 : HS_TAIL_VARIABLE,
        .fields = object->fields,
        .labels = labels,
    };
    for (uint32_t i = 0; i < *count; i++) {
        const struct hs_shape *it = &(*known)[i];
        if (it->type == shape.type && it->tail == shape.tail && it->fields == shape.fields &&
            !memcmp(it->labels, labels, shape.fields * sizeof(*labels))) {
            free(labels);
            return i;
        }
    }
    uint32_t number;
    check(hs_writer_add_shape(writer, &shape, &number));
    *APPEND(*known, *count) = shape;
    if (number != *count - 1)
        fail("shapes are numbered in the order of calls");
    return number;
}

/* Arrays of one chunk, as large as this fixture can need. */
struct arrays {
    uint32_t shape[HS_CHUNK_OBJECTS];
    uint64_t address[HS_CHUNK_OBJECTS], size[HS_CHUNK_OBJECTS], refcount[HS_CHUNK_OBJECTS];
    uint64_t length[HS_CHUNK_OBJECTS];
    uint16_t ident[HS_CHUNK_OBJECTS];
    uint8_t generation[HS_CHUNK_OBJECTS];
    uint32_t ref_start[HS_CHUNK_OBJECTS + 1];
    uint32_t *dst, *label;
};

static void write_chunk(struct hs_writer *writer, const struct fixture *fixture, uint32_t first,
                        uint32_t count, struct hs_shape **shapes, uint32_t *shape_count)
{
    struct arrays *arrays = calloc(1, sizeof(*arrays));
    uint32_t refs = 0, at = 0;
    bool labelled = false;
    for (uint32_t i = 0; i < count; i++)
        refs += fixture->object[first + i].refs;
    if (!arrays || !(arrays->dst = calloc(refs + 1, 4)) || !(arrays->label = calloc(refs + 1, 4)))
        fail("out of memory");
    for (uint32_t i = 0; i < count; i++) {
        const struct object *object = &fixture->object[first + i];
        arrays->shape[i] = shape_number(writer, fixture, object, shapes, shape_count);
        arrays->address[i] = object->address;
        arrays->size[i] = object->size;
        arrays->refcount[i] = object->refcount;
        arrays->length[i] = object->length;
        arrays->ident[i] = object->ident;
        arrays->generation[i] = object->generation;
        arrays->ref_start[i] = at;
        labelled |= object->tail == HS_TAIL_LABELLED;
        for (uint32_t k = 0; k < object->refs; k++, at++) {
            bool own_label = k >= object->fields && object->tail == HS_TAIL_LABELLED;
            arrays->dst[at] = object->ref[k].dst;
            arrays->label[at] = own_label ? object->ref[k].label : HS_NO_LABEL;
        }
    }
    arrays->ref_start[count] = at;
    struct hs_chunk chunk = {
        .first = first,
        .count = count,
        .shape = arrays->shape,
        .address = arrays->address,
        .size = arrays->size,
        .refcount = arrays->refcount,
        .length = arrays->length,
        .ident = arrays->ident,
        .generation = arrays->generation,
        .ref_start = arrays->ref_start,
        .dst = arrays->dst,
        .label = labelled ? arrays->label : NULL,
    };
    check(hs_writer_add_chunk(writer, &chunk));
    free(arrays->dst);
    free(arrays->label);
    free(arrays);
}

static void write_objects(struct hs_writer *writer, const struct fixture *fixture)
{
    struct hs_shape *shapes = NULL;
    uint32_t shape_count = 0;
    for (uint32_t first = 0; first < fixture->objects; first += HS_CHUNK_OBJECTS) {
        uint32_t left = fixture->objects - first;
        uint32_t count = left < HS_CHUNK_OBJECTS ? left : HS_CHUNK_OBJECTS;
        write_chunk(writer, fixture, first, count, &shapes, &shape_count);
        for (uint32_t i = first; i < first + count; i++) {
            const char *value = fixture->object[i].value;
            if (value)
                check(hs_writer_add_value(writer, i, value, strlen(value)));
        }
    }
    for (uint32_t i = 0; i < shape_count; i++)
        free((void *)shapes[i].labels);
    free(shapes);
}

void fixture_write(const struct fixture *fixture, const char *path)
{
    struct hs_writer_options options = {.overwrite = true, .owner_uid = (uid_t)-1, .owner_gid = (gid_t)-1};
    struct hs_writer *writer;
    check(hs_writer_create(path, &options, &writer));
    uint32_t number;
    for (uint32_t i = 0; i < fixture->labels; i++)
        check(hs_writer_add_label(writer, &fixture->label[i], &number));
    for (uint32_t i = 0; i < fixture->types; i++) {
        char *dot = strrchr(fixture->type[i].name, '.');
        char *module =
            dot ? strndup(fixture->type[i].name, (size_t)(dot - fixture->type[i].name)) : copy("builtins");
        struct hs_type type = {
            .name = fixture->type[i].name,
            .module = module,
            .qualname = dot ? dot + 1 : fixture->type[i].name,
            .object = fixture->type[i].object,
        };
        check(hs_writer_add_type(writer, &type, &number));
        free(module);
    }
    write_objects(writer, fixture);
    for (uint32_t i = 0; i < fixture->roots; i++)
        check(hs_writer_add_root(writer,
                                 &(struct hs_root_row){.object = fixture->root[i].object,
                                                       .kind = fixture->root[i].kind,
                                                       .name = fixture->root[i].name,
                                                       .thread = HS_NO_THREAD,
                                                       .refs = fixture->root[i].kind != HS_ROOT_MODULE}));
    for (uint32_t i = 0; i < fixture->modules; i++)
        check(hs_writer_add_module(writer, fixture->module[i].object, fixture->module[i].name, NULL));
    for (uint32_t i = 0; i < fixture->facts; i++)
        check(hs_writer_fact_text(writer, fixture->fact[i].name, fixture->fact[i].value));
    check(hs_writer_finish(writer, NULL));
    hs_writer_destroy(writer);
}

char *fixture_directory(void)
{
    const char *base = getenv("TMPDIR");
    char *directory;
    if (asprintf(&directory, "%s/heapdump-test-XXXXXX", base && *base ? base : "/tmp") < 0 ||
        !mkdtemp(directory))
        fail("cannot make a directory");
    return directory;
}

void fixture_remove(char *directory)
{
    DIR *dir = opendir(directory);
    if (!dir)
        fail("cannot open the test directory");
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(directory);
    free(directory);
}
