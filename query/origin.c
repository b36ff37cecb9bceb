/* The rows of edge_cost for modules: where the code of a module comes from, and who imports whom. */
#include "query/origin.h"

#include "query/cost.h"
#include "query/follow.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int origin_cost[HS_ORIGINS] = {0, 300, 600, 800, 9000};

/* Modules of one origin differ by less than one ordinary step. */
#define RANKS 100

struct module {
    char *name;
    char *file; /* NULL if it has none */
    uint32_t object;
    uint32_t dict; /* its namespace, HS_NO_OBJECT if it has none */
    bool made;     /* by the program itself, not by the import system: its __spec__ is None */
    enum hs_origin origin;
    size_t order; /* what others import comes before those who import it */
    size_t depth; /* more than that of any module it imports that comes before it */
};

#define NOT_ORDERED SIZE_MAX

struct import {
    uint32_t importer, imported; /* indexes in modules.module */
};

struct modules {
    size_t count;
    struct module *module; /* by name, then by origin and order */
    size_t imports;
    struct import *import; /* by importer, then by imported */
};

static void modules_deinit(struct modules *modules)
{
    for (size_t i = 0; i < modules->count; i++) {
        free(modules->module[i].name);
        free(modules->module[i].file);
    }
    free(modules->module);
    free(modules->import);
}

static struct hs_error *add_module(struct hs_reader *reader, struct modules *modules, const char *name,
                                   const char *file, int64_t object)
{
    if (object < 0 || object >= hs_reader_objects(reader))
        return hs_error_create(HS_ERROR_CORRUPT, "%s: a root is no object", hs_reader_path(reader));
    if (!(modules->count & (modules->count - 1))) {
        size_t room = modules->count ? 2 * modules->count : 1;
        struct module *grown = realloc(modules->module, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        modules->module = grown;
    }
    struct module module = {
        .name = strdup(name ? name : ""), .file = file ? strdup(file) : NULL, .object = (uint32_t)object};
    modules->module[modules->count++] = module;
    return module.name && (module.file || !file) ? NULL : &hs_error_memory;
}

static struct hs_error *read_modules(struct hs_reader *reader, struct modules *ret)
{
    sqlite3 *db = hs_reader_db(reader);
    sqlite3_stmt *statement;
    /* The names that roots have are what the rows must match; a module may be known by several. */
    if (sqlite3_prepare_v2(db,
                           "SELECT DISTINCT r.name, m.file, r.object_id FROM roots r LEFT JOIN modules m"
                           " ON m.object_id = r.object_id AND m.name = r.name WHERE r.kind = 'module'",
                           -1, &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read modules");
    struct hs_error *error = NULL;
    int rc;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        error =
            add_module(reader, ret, (const char *)sqlite3_column_text(statement, 0),
                       (const char *)sqlite3_column_text(statement, 1), sqlite3_column_int64(statement, 2));
    if (!error && rc != SQLITE_DONE)
        error = hs_sqlite_error(db, "read modules");
    sqlite3_finalize(statement);
    return error;
}

/* Length of the directory, with its slash, that holds the standard library: where os.py is; 0 if unknown. */
static size_t standard_directory(const struct modules *modules, const char **ret)
{
    for (size_t i = 0; i < modules->count; i++) {
        const char *file = modules->module[i].file;
        const char *slash = file && !strcmp(modules->module[i].name, "os") ? strrchr(file, '/') : NULL;
        if (slash) {
            *ret = file;
            return (size_t)(slash - file) + 1;
        }
    }
    return 0;
}

/* Code that was compiled from a string says "<string>" and the like. */
static bool has_file(const struct module *module)
{
    return module->file && module->file[0] != '<';
}

static enum hs_origin module_origin(const struct module *module, const char *standard, size_t standard_bytes)
{
    if (!strcmp(module->name, "heapdump") || !strncmp(module->name, "heapdump.", 9))
        return HS_ORIGIN_OWN;
    if (!has_file(module))
        return module->made ? HS_ORIGIN_APPLICATION : HS_ORIGIN_BUILTIN;
    if (strstr(module->file, "/site-packages/") || strstr(module->file, "/dist-packages/"))
        return HS_ORIGIN_SITE;
    if (strstr(module->file, "/lib-dynload/") ||
        (standard_bytes && !strncmp(module->file, standard, standard_bytes)))
        return HS_ORIGIN_STANDARD;
    return HS_ORIGIN_APPLICATION;
}

/* By name, what a package holds before the package. */
static int compare_names(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    int left = *a == '.' ? 0
               : !*a     ? 1
                         : (unsigned char)*a + 1,
        right = *b == '.' ? 0
                : !*b     ? 1
                          : (unsigned char)*b + 1;
    return left - right;
}

static int compare_by_name(const void *left, const void *right)
{
    return compare_names(((const struct module *)left)->name, ((const struct module *)right)->name);
}

/* Object ids of modules, of their namespaces and of their classes, and which module it is: for looking up. */
struct place {
    uint32_t object, module;
};

struct places {
    size_t count;
    struct place *place; /* sorted by object */
};

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    return (a->object > b->object) - (a->object < b->object);
}

static bool find_place(const struct places *places, uint32_t object, uint32_t *ret)
{
    struct place wanted = {.object = object};
    const struct place *place =
        bsearch(&wanted, places->place, places->count, sizeof(*places->place), compare_places);
    if (place)
        *ret = place->module;
    return place != NULL;
}

/* A module that a program makes (types.ModuleType), and __main__, have None for a __spec__; what the import
 * system loads has a ModuleSpec, also where there is no file. */
static struct hs_error *find_made(struct hs_reader *reader, struct module *module)
{
    uint32_t spec;
    struct hs_error *error =
        hs_object_follow(reader, module->dict, HS_REF_GLOBAL, "__spec__", strlen("__spec__"), &spec);
    if (error || spec == HS_NO_OBJECT)
        return error;
    const struct hs_chunk *chunk;
    uint32_t index;
    error = hs_object_pin(reader, spec, &chunk, &index);
    if (error)
        return error;
    const struct hs_type *type = hs_reader_type(reader, hs_reader_shape(reader, chunk->shape[index])->type);
    module->made = !strcmp(type->name, "NoneType");
    hs_reader_release(reader, chunk);
    return NULL;
}

/* NULL if the snapshot knows no module of that name. */
static const struct module *module_named(const struct modules *modules, const char *name)
{
    if (!name || !modules->count)
        return NULL;
    struct module wanted = {.name = (char *)name};
    return bsearch(&wanted, modules->module, modules->count, sizeof(*modules->module), compare_by_name);
}

/* Adds the places of classes, each that of the module which defines it. */
static void place_classes(const struct hs_reader *reader, const struct modules *modules,
                          struct places *places)
{
    for (uint32_t i = 0; i < hs_reader_types(reader); i++) {
        const struct hs_type *type = hs_reader_type(reader, i);
        const struct module *module = module_named(modules, type->module);
        if (module && type->object != HS_NO_OBJECT)
            places->place[places->count++] =
                (struct place){type->object, (uint32_t)(module - modules->module)};
    }
}

/* Finds the namespaces, and makes the places. */
static struct hs_error *find_namespaces(struct hs_reader *reader, struct modules *modules, struct places *ret)
{
    size_t room = 2 * modules->count + hs_reader_types(reader);
    ret->place = malloc((room + 1) * sizeof(*ret->place));
    if (!ret->place)
        return &hs_error_memory;
    for (uint32_t i = 0; i < modules->count; i++) {
        struct module *module = &modules->module[i];
        struct hs_error *error = hs_object_follow(reader, module->object, HS_REF_MEMBER, "__dict__",
                                                  strlen("__dict__"), &module->dict);
        if (!error && module->dict != HS_NO_OBJECT && !has_file(module))
            error = find_made(reader, module);
        if (error)
            return error;
        ret->place[ret->count++] = (struct place){module->object, i};
        if (module->dict != HS_NO_OBJECT)
            ret->place[ret->count++] = (struct place){module->dict, i};
    }
    place_classes(reader, modules, ret);
    if (ret->count)
        qsort(ret->place, ret->count, sizeof(*ret->place), compare_places);
    return NULL;
}

static struct hs_error *add_import(struct modules *modules, uint32_t importer, uint32_t imported)
{
    if (importer == imported)
        return NULL;
    if (!(modules->imports & (modules->imports - 1))) {
        size_t room = modules->imports ? 2 * modules->imports : 1;
        struct import *grown = realloc(modules->import, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        modules->import = grown;
    }
    modules->import[modules->imports++] = (struct import){importer, imported};
    return NULL;
}

/* A global of `importer` tells of an import if it is a module, or a class of another module, or a function
 * whose globals are another module's (from x import f). */
static struct hs_error *add_global(struct hs_reader *reader, struct modules *modules,
                                   const struct places *places, uint32_t importer, uint32_t object)
{
    uint32_t imported;
    if (find_place(places, object, &imported))
        return add_import(modules, importer, imported);
    struct hs_error *error =
        hs_object_follow(reader, object, HS_REF_MEMBER, "__globals__", strlen("__globals__"), &object);
    if (error || object == HS_NO_OBJECT || !find_place(places, object, &imported))
        return error;
    return add_import(modules, importer, imported);
}

static struct hs_error *read_globals(struct hs_reader *reader, struct modules *modules,
                                     const struct places *places, uint32_t importer)
{
    const struct hs_chunk *chunk;
    uint32_t index;
    struct hs_error *error = hs_object_pin(reader, modules->module[importer].dict, &chunk, &index);
    if (error)
        return error;
    uint32_t refs = hs_chunk_refs(reader, chunk, index);
    for (uint32_t i = 0; !error && i < refs; i++) {
        struct hs_ref ref;
        hs_chunk_ref(reader, chunk, index, i, &ref);
        if (ref.kind == HS_REF_GLOBAL)
            error = add_global(reader, modules, places, importer, ref.dst);
    }
    hs_reader_release(reader, chunk);
    return error;
}

static struct hs_error *read_imports(struct hs_reader *reader, struct modules *modules)
{
    struct places places = {0};
    struct hs_error *error = find_namespaces(reader, modules, &places);
    for (uint32_t i = 0; !error && i < modules->count; i++)
        if (modules->module[i].dict != HS_NO_OBJECT)
            error = read_globals(reader, modules, &places, i);
    free(places.place);
    return error;
}

static int compare_imports(const void *left, const void *right)
{
    const struct import *a = left, *b = right;
    if (a->importer != b->importer)
        return a->importer < b->importer ? -1 : 1;
    return (a->imported > b->imported) - (a->imported < b->imported);
}

static void deepen(struct module *importer, const struct module *imported)
{
    if (importer->depth <= imported->depth)
        importer->depth = imported->depth + 1;
}

/* Depth-first over imports, a module after all that it imports; a circle is cut where names come first.
 * `next[i]` is the import of module i to look at next, `stack` has room for all modules. */
static void order_from(struct modules *modules, uint32_t from, size_t *next, uint32_t *stack, bool *seen,
                       size_t *order)
{
    size_t depth = 0;
    stack[depth++] = from;
    seen[from] = true;
    while (depth > 0) {
        uint32_t top = stack[depth - 1];
        if (next[top] == modules->imports || modules->import[next[top]].importer != top) {
            modules->module[top].order = (*order)++;
            depth--;
            if (depth > 0)
                deepen(&modules->module[stack[depth - 1]], &modules->module[top]);
            continue;
        }
        uint32_t imported = modules->import[next[top]++].imported;
        if (modules->module[imported].order != NOT_ORDERED)
            deepen(&modules->module[top], &modules->module[imported]);
        if (!seen[imported])
            stack[depth++] = imported;
        seen[imported] = true;
    }
}

static struct hs_error *order_modules(struct modules *modules)
{
    size_t *next = malloc((modules->count + 1) * sizeof(*next));
    uint32_t *stack = malloc((modules->count + 1) * sizeof(*stack));
    bool *seen = calloc(modules->count + 1, sizeof(*seen));
    struct hs_error *error = next && stack && seen ? NULL : &hs_error_memory;
    if (!error) {
        size_t at = 0, order = 0;
        if (modules->imports)
            qsort(modules->import, modules->imports, sizeof(*modules->import), compare_imports);
        for (uint32_t i = 0; i < modules->count; i++) {
            modules->module[i].order = NOT_ORDERED;
            next[i] = at;
            while (at < modules->imports && modules->import[at].importer == i)
                at++;
        }
        for (uint32_t i = 0; i < modules->count; i++)
            if (!seen[i])
                order_from(modules, i, next, stack, seen, &order);
    }
    free(next);
    free(stack);
    free(seen);
    return error;
}

static int compare_modules(const void *left, const void *right)
{
    const struct module *a = left, *b = right;
    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    return (a->order > b->order) - (a->order < b->order);
}

/* A GLOB pattern that matches `name` alone; malloc'ed. */
static char *quote_pattern(const char *name)
{
    char *pattern = malloc(3 * strlen(name) + 1), *end = pattern;
    if (!pattern)
        return NULL;
    for (; *name; name++)
        end += sprintf(end, strchr("*?[", *name) ? "[%c]" : "%c", *name);
    *end = '\0';
    return pattern;
}

static struct hs_error *insert_row(struct sqlite3 *db, sqlite3_stmt *statement, const char *name, int cost)
{
    char *pattern = quote_pattern(name);
    if (!pattern)
        return &hs_error_memory;
    sqlite3_bind_text(statement, 1, pattern, -1, free);
    sqlite3_bind_int(statement, 2, cost);
    int rc = sqlite3_step(statement);
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? NULL : hs_sqlite_error(db, "fill edge_cost");
}

/* Looking for each name among the rows is for the second snapshot of a connection: it takes a time that grows
 * with the square of the modules. */
static struct hs_error *prepare_insert(struct sqlite3 *db, sqlite3_stmt **ret)
{
    static const char any_sql[] =
        "SELECT 1 FROM temp.edge_cost WHERE kind = 'root:module' AND name <> '*' LIMIT 1";
    static const char insert_sql[] = "INSERT INTO temp.edge_cost (kind, name, holder, cost)"
                                     " VALUES ('root:module', ?1, '*', ?2)";
    static const char insert_new_sql[] = "INSERT INTO temp.edge_cost (kind, name, holder, cost)"
                                         " SELECT 'root:module', ?1, '*', ?2 WHERE NOT EXISTS (SELECT 1 FROM"
                                         " temp.edge_cost WHERE kind = 'root:module' AND name = ?1)";
    if (sqlite3_prepare_v2(db, any_sql, -1, ret, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "fill edge_cost");
    bool any = sqlite3_step(*ret) == SQLITE_ROW;
    sqlite3_finalize(*ret);
    if (sqlite3_prepare_v2(db, any ? insert_new_sql : insert_sql, -1, ret, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "fill edge_cost");
    return NULL;
}

static struct hs_error *insert_rows(struct sqlite3 *db, const struct modules *modules)
{
    sqlite3_stmt *statement;
    struct hs_error *error = prepare_insert(db, &statement);
    if (error)
        return error;
    for (size_t first = 0, next; !error && first < modules->count; first = next) {
        enum hs_origin origin = modules->module[first].origin;
        for (next = first; next < modules->count && modules->module[next].origin == origin;)
            next++;
        /* Each a rank of its own if there are enough; else at least importers and imported differ. */
        bool enough = next - first <= RANKS;
        for (size_t i = first; !error && i < next; i++) {
            const struct module *module = &modules->module[i];
            size_t rank = enough ? i - first : module->depth < RANKS ? module->depth : RANKS - 1;
            error = insert_row(db, statement, module->name, origin_cost[origin] + (int)rank);
        }
    }
    sqlite3_finalize(statement);
    return error;
}

static void find_origins(struct modules *modules)
{
    const char *standard = NULL;
    size_t bytes = standard_directory(modules, &standard);
    for (size_t i = 0; i < modules->count; i++)
        modules->module[i].origin = module_origin(&modules->module[i], standard, bytes);
}

static struct hs_error *read_sorted_modules(struct hs_reader *reader, struct modules *ret)
{
    struct hs_error *error = read_modules(reader, ret);
    if (!error && ret->count)
        qsort(ret->module, ret->count, sizeof(*ret->module), compare_by_name);
    return error;
}

struct hs_error *hs_type_origins(struct hs_reader *reader, uint8_t **ret)
{
    *ret = NULL;
    struct modules modules = {0};
    struct places places = {0};
    struct hs_error *error = read_sorted_modules(reader, &modules);
    if (!error) /* which were made by the program is seen in their namespaces */
        error = find_namespaces(reader, &modules, &places);
    free(places.place);
    uint32_t types = hs_reader_types(reader);
    uint8_t *origin = error ? NULL : malloc(types + (size_t)1);
    if (!error && !origin)
        error = &hs_error_memory;
    if (!error) {
        find_origins(&modules);
        for (uint32_t i = 0; i < types; i++) {
            const struct module *module = module_named(&modules, hs_reader_type(reader, i)->module);
            origin[i] = module ? module->origin : HS_ORIGIN_BUILTIN;
        }
        *ret = origin;
    }
    modules_deinit(&modules);
    return error;
}

struct hs_error *hs_edge_cost_add_modules(struct sqlite3 *db, struct hs_reader *reader)
{
    struct modules modules = {0};
    struct hs_error *error = read_sorted_modules(reader, &modules);
    if (!error)
        error = read_imports(reader, &modules);
    if (!error)
        error = order_modules(&modules);
    if (!error) {
        find_origins(&modules);
        if (modules.count)
            qsort(modules.module, modules.count, sizeof(*modules.module), compare_modules);
        error = insert_rows(db, &modules);
    }
    modules_deinit(&modules);
    return error;
}
