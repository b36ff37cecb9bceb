#include "query/chain.h"

#include "format/schema.h"
#include "format/sqlite.h"
#include "query/follow.h"

#include <stdlib.h>
#include <string.h>

static void step_deinit(struct hs_step *step)
{
    free(step->type);
    free(step->value);
    free(step->name);
    free(step->key);
}

void hs_chain_deinit(struct hs_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        step_deinit(&chain->step[i]);
    free(chain->step);
    free(chain->function);
    free(chain->thread);
    *chain = (struct hs_chain){0};
}

static struct hs_error *copy_text(const char *text, size_t bytes, char **ret)
{
    *ret = text ? strndup(text, bytes) : NULL;
    return text && !*ret ? &hs_error_memory : NULL;
}

/* Type name and value of an object; the caller owns both. */
static struct hs_error *describe_object(struct hs_reader *reader, uint32_t object, char **ret_type,
                                        char **ret_value)
{
    const struct hs_chunk *chunk;
    uint32_t index;
    struct hs_error *error = hs_object_pin(reader, object, &chunk, &index);
    if (error)
        return error;
    const char *type = hs_reader_type(reader, hs_reader_shape(reader, chunk->shape[index])->type)->name;
    error = copy_text(type, strlen(type), ret_type);
    hs_reader_release(reader, chunk);
    const char *value = NULL;
    size_t bytes = 0;
    if (!error)
        error = hs_reader_value(reader, object, &value, &bytes);
    return error ? error : copy_text(value, bytes, ret_value);
}

/* The entry of a dict in which a reference with this kind and slot is, and the object of its key. Pairs share
 * their slot. In a labelled tail (namespaces, OrderedDict) each key stands before its value, so that an
 * entry's number is that of the references of its kind before. */
static uint32_t find_entry(const struct hs_reader *reader, const struct hs_chunk *chunk,
                           uint32_t object_index, const struct hs_step *step, uint32_t *ret_key)
{
    const struct hs_shape *shape = hs_reader_shape(reader, chunk->shape[object_index]);
    uint32_t refs = hs_chunk_refs(reader, chunk, object_index), slot = step->slot;
    struct hs_ref ref;
    *ret_key = HS_NO_OBJECT;
    if (slot == HS_NO_LABEL)
        return slot;
    if (shape->tail == HS_TAIL_PAIR && shape->fields + 2 * (uint64_t)slot < refs) {
        hs_chunk_ref(reader, chunk, object_index, shape->fields + 2 * slot, &ref);
        *ret_key = ref.dst;
    }
    if (shape->tail != HS_TAIL_LABELLED)
        return slot;
    /* By its slot, not at its slot: pairs of a plain file are labelled one by one and share theirs. */
    uint32_t before = 0;
    for (uint32_t i = 0; shape->fields + i < refs; i++) {
        hs_chunk_ref(reader, chunk, object_index, shape->fields + i, &ref);
        if (ref.slot == slot && ref.kind == step->kind)
            return before;
        before += ref.kind == step->kind;
        *ret_key = ref.kind == HS_REF_KEY ? ref.dst : HS_NO_OBJECT;
    }
    *ret_key = HS_NO_OBJECT;
    return slot;
}

/* A Python literal for a key, if its type and stored value leave no doubt about it. */
static struct hs_error *key_literal(struct hs_reader *reader, uint32_t key, char **ret)
{
    /* Previews end where the policy of values cuts them: a text that reaches this far may be cut. */
    enum { WHOLE_BYTES = 60 };
    char *type = NULL, *value = NULL;
    struct hs_error *error = describe_object(reader, key, &type, &value);
    if (!error && value) {
        size_t bytes = strlen(value);
        bool digits =
            bytes > 0 && strspn(value + (value[0] == '-'), "0123456789") == bytes - (value[0] == '-');
        bool text = bytes < WHOLE_BYTES && !strcmp(type, "str") && !strstr(value, "\xef\xbf\xbd") &&
                    !strstr(value, "\xe2\x80\xa6");
        bool number = (bytes < WHOLE_BYTES && !strcmp(type, "int") && digits) || !strcmp(type, "bool");
        if (text || number) {
            *ret = text ? hs_python_literal(value, bytes) : strdup(value);
            error = *ret ? NULL : &hs_error_memory;
        }
    }
    free(type);
    free(value);
    return error;
}

static struct hs_error *describe_entry(struct hs_reader *reader, uint32_t holder, struct hs_step *step)
{
    const struct hs_chunk *chunk;
    uint32_t index, key;
    struct hs_error *error = hs_object_pin(reader, holder, &chunk, &index);
    if (error)
        return error;
    step->index = find_entry(reader, chunk, index, step, &key);
    hs_reader_release(reader, chunk);
    if (step->kind != HS_REF_VALUE || key == HS_NO_OBJECT)
        return NULL;
    return key_literal(reader, key, &step->key);
}

static struct hs_error *module_of_name(struct hs_reader *reader, const char *name, size_t bytes,
                                       uint32_t *ret)
{
    sqlite3 *db = hs_reader_db(reader);
    sqlite3_stmt *statement;
    *ret = HS_NO_OBJECT;
    if (sqlite3_prepare_v2(db, "SELECT object_id FROM roots WHERE kind = 'module' AND name = ?", -1,
                           &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read roots");
    sqlite3_bind_text(statement, 1, name, (int)bytes, SQLITE_STATIC);
    int rc = sqlite3_step(statement);
    int64_t object = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    if (object >= 0 && object < hs_reader_objects(reader))
        *ret = (uint32_t)object;
    struct hs_error *error = rc == SQLITE_ROW || rc == SQLITE_DONE ? NULL : hs_sqlite_error(db, "read roots");
    sqlite3_finalize(statement);
    return error;
}

/* Does a.b.c, followed attribute by attribute from module a, lead to `module`? */
static struct hs_error *check_importable(struct hs_reader *reader, uint32_t module, const char *name,
                                         bool *ret)
{
    size_t bytes = strcspn(name, ".");
    uint32_t at = module;
    struct hs_error *error = NULL;
    if (name[bytes])
        error = module_of_name(reader, name, bytes, &at);
    for (name += bytes; !error && *name == '.' && at != HS_NO_OBJECT; name += bytes) {
        name++;
        bytes = strcspn(name, ".");
        error = hs_object_follow(reader, at, HS_REF_MEMBER, "__dict__", strlen("__dict__"), &at);
        if (!error && at != HS_NO_OBJECT)
            error = hs_object_follow(reader, at, HS_REF_GLOBAL, name, bytes, &at);
    }
    *ret = at == module;
    return error;
}

/* The single text that a query over the small tables gives, NULL if it gives none. ?1 is `text`, ?2 and
 * ?3 are the name and the object of the first step. */
static struct hs_error *ask(struct hs_reader *reader, const char *sql, const char *text,
                            const struct hs_step *first, char **ret)
{
    sqlite3 *db = hs_reader_db(reader);
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read frames");
    sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC);
    if (sqlite3_bind_parameter_count(statement) > 1) {
        sqlite3_bind_text(statement, 2, first->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, first->object);
    }
    int rc = sqlite3_step(statement);
    struct hs_error *error = NULL;
    *ret = NULL;
    if (rc == SQLITE_ROW)
        error = copy_text((const char *)sqlite3_column_text(statement, 0),
                          (size_t)sqlite3_column_bytes(statement, 0), ret);
    else if (rc != SQLITE_DONE)
        error = hs_sqlite_error(db, "read frames");
    sqlite3_finalize(statement);
    return error;
}

/* A frame's roots are "FUNCTION" and "FUNCTION.VARIABLE": what stands after the last dot is a variable unless
 * a frame runs a function of the whole name. */
static struct hs_error *find_function(struct hs_reader *reader, struct hs_chain *chain)
{
    static const char whole[] = "SELECT function FROM frames WHERE function = ?1 LIMIT 1";
    const struct hs_step *first = &chain->step[0];
    struct hs_error *error = ask(reader, whole, first->name, first, &chain->function);
    const char *dot = strrchr(first->name, '.');
    if (error || chain->function)
        return error;
    return copy_text(first->name, dot ? (size_t)(dot - first->name) : strlen(first->name), &chain->function);
}

/* `?1` is the kind of the root. */
static struct hs_error *find_thread(struct hs_reader *reader, struct hs_chain *chain)
{
    static const char sql[] =
        "SELECT coalesce(t.name, t.native_id) FROM roots AS r JOIN threads AS t ON t.id = r.thread_id"
        " WHERE r.kind = ?1 AND r.name = ?2 AND r.object_id = ?3 ORDER BY r.rowid LIMIT 1";
    return ask(reader, sql, hs_root_kind_name(chain->root_kind), &chain->step[0], &chain->thread);
}

/* Does the class of an object, or one of its bases, define __get__ in Python? */
static struct hs_error *find_descriptor(struct hs_reader *reader, uint32_t object, bool *ret)
{
    enum { BASES_MAX = 64 };
    const struct hs_chunk *chunk;
    uint32_t index;
    struct hs_error *error = hs_object_pin(reader, object, &chunk, &index);
    if (error)
        return error;
    uint32_t class = hs_reader_type(reader, hs_reader_shape(reader, chunk->shape[index])->type)->object;
    hs_reader_release(reader, chunk);
    for (int i = 0; !error && class != HS_NO_OBJECT && i < BASES_MAX; i++) {
        uint32_t dict, get = HS_NO_OBJECT;
        char *type = NULL, *value = NULL;
        error = hs_object_follow(reader, class, HS_REF_MEMBER, "__dict__", strlen("__dict__"), &dict);
        if (!error && dict != HS_NO_OBJECT)
            error = hs_object_follow(reader, dict, HS_REF_ATTRIBUTE, "__get__", strlen("__get__"), &get);
        if (!error && get != HS_NO_OBJECT)
            error = describe_object(reader, get, &type, &value);
        *ret = type && !strcmp(type, "function");
        free(type);
        free(value);
        if (error || get != HS_NO_OBJECT)
            break;
        error = hs_object_follow(reader, class, HS_REF_MEMBER, "__base__", strlen("__base__"), &class);
    }
    return error;
}

static struct hs_error *describe_root(struct hs_reader *reader, struct hs_chain *chain)
{
    const struct hs_step *first = &chain->step[0];
    if (!first->name)
        return NULL;
    if (chain->root_kind == HS_ROOT_MODULE)
        return check_importable(reader, first->object, first->name, &chain->importable);
    struct hs_error *error = chain->root_kind == HS_ROOT_FRAME ? find_function(reader, chain) : NULL;
    return error || chain->root_kind >= HS_ROOT_KINDS ? error : find_thread(reader, chain);
}

struct hs_error *hs_chain_describe(struct hs_reader *reader, struct hs_chain *chain)
{
    struct hs_error *error = chain->count ? describe_root(reader, chain) : NULL;
    for (size_t i = 0; !error && i < chain->count; i++) {
        struct hs_step *step = &chain->step[i];
        error = describe_object(reader, step->object, &step->type, &step->value);
        step->index = step->slot;
        if (!error && i > 1 && step->kind == HS_REF_ATTRIBUTE && strchr(step->type, '.'))
            error = find_descriptor(reader, step->object, &step->descriptor);
        if (!error && i > 0 && (step->kind == HS_REF_KEY || step->kind == HS_REF_VALUE))
            error = describe_entry(reader, chain->step[i - 1].object, step);
    }
    return error;
}

/* The reference by which the tree comes to an object. */
static struct hs_error *fill_step(const struct hs_graph *graph, const struct hs_tree *tree, uint32_t object,
                                  struct hs_step *ret)
{
    const struct hs_chunk *chunk;
    uint32_t index;
    struct hs_error *error = hs_object_pin(graph->reader, tree->parent[object], &chunk, &index);
    if (error)
        return error;
    struct hs_ref ref;
    hs_chunk_ref(graph->reader, chunk, index, tree->position[object], &ref);
    ret->kind = ref.kind;
    ret->slot = ref.slot;
    if (ref.kind != HS_REF_VALUE)
        error = copy_text(ref.name, ref.name_bytes, &ret->name);
    hs_reader_release(graph->reader, chunk);
    return error;
}

static struct hs_error *fill_root(const struct hs_roots *roots, uint32_t number, struct hs_chain *chain)
{
    struct hs_step *first = &chain->step[0];
    first->slot = HS_NO_LABEL;
    chain->root_kind = HS_ROOT_KINDS;
    if (number >= roots->count)
        return NULL;
    const struct hs_root *root = &roots->root[number];
    chain->root_kind = first->kind = root->kind;
    return copy_text(root->name, strlen(root->name), &first->name);
}

struct hs_error *hs_chain_from_tree(const struct hs_graph *graph, const struct hs_roots *roots,
                                    const struct hs_tree *tree, uint32_t object, struct hs_chain *ret)
{
    *ret = (struct hs_chain){.root_kind = HS_ROOT_KINDS};
    if (tree->cost[object] == HS_UNREACHABLE)
        return NULL;
    ret->count = (size_t)tree->steps[object] + 1;
    ret->cost = tree->cost[object];
    ret->step = calloc(ret->count, sizeof(*ret->step));
    if (!ret->step) {
        ret->count = 0;
        return &hs_error_memory;
    }
    struct hs_error *error = NULL;
    for (size_t i = ret->count; !error && i-- > 0; object = tree->parent[object]) {
        ret->step[i].object = object;
        error =
            i > 0 ? fill_step(graph, tree, object, &ret->step[i]) : fill_root(roots, tree->root[object], ret);
    }
    if (!error)
        error = hs_chain_describe(graph->reader, ret);
    if (error)
        hs_chain_deinit(ret);
    return error;
}
