/* The rows of edge_cost for modules: where the code of a module comes from, and who imports whom. */
#include "query/cost.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From what explains best to what explains least. */
enum origin {
    ORIGIN_APPLICATION = 0,
    ORIGIN_SITE,     /* installed packages */
    ORIGIN_STANDARD, /* the standard library */
    ORIGIN_BUILTIN,  /* built in or frozen: no file */
    ORIGIN_OWN,      /* this tool */
    ORIGINS,
};
static const int origin_cost[ORIGINS] = {0, 300, 600, 800, 9000};

/* Modules of one origin differ by less than one ordinary step. */
#define RANKS 100

struct module {
    char *name;
    char *file; /* NULL if it has none */
    enum origin origin;
};

struct modules {
    size_t count;
    struct module *module;
};

static void modules_deinit(struct modules *modules)
{
    for (size_t i = 0; i < modules->count; i++) {
        free(modules->module[i].name);
        free(modules->module[i].file);
    }
    free(modules->module);
}

static struct hs_error *add_module(struct modules *modules, const char *name, const char *file)
{
    if (!(modules->count & (modules->count - 1))) {
        size_t room = modules->count ? 2 * modules->count : 1;
        struct module *grown = realloc(modules->module, room * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        modules->module = grown;
    }
    struct module module = {.name = strdup(name ? name : ""), .file = file ? strdup(file) : NULL};
    modules->module[modules->count++] = module;
    return module.name && (module.file || !file) ? NULL : &hs_error_memory;
}

static struct hs_error *read_modules(struct hs_reader *reader, struct modules *ret)
{
    sqlite3 *db = hs_reader_db(reader);
    sqlite3_stmt *statement;
    /* The names that roots have are what the rows must match; a module may be known by several. */
    if (sqlite3_prepare_v2(db,
                           "SELECT DISTINCT r.name, m.file FROM roots r LEFT JOIN modules m"
                           " ON m.object_id = r.object_id AND m.name = r.name WHERE r.kind = 'module'",
                           -1, &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read modules");
    struct hs_error *error = NULL;
    int rc;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        error = add_module(ret, (const char *)sqlite3_column_text(statement, 0),
                           (const char *)sqlite3_column_text(statement, 1));
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

static enum origin module_origin(const struct module *module, const char *standard, size_t standard_bytes)
{
    if (!strcmp(module->name, "heapdump") || !strncmp(module->name, "heapdump.", 9))
        return ORIGIN_OWN;
    if (!module->file || module->file[0] == '<')
        return strcmp(module->name, "__main__") ? ORIGIN_BUILTIN : ORIGIN_APPLICATION;
    if (strstr(module->file, "/site-packages/") || strstr(module->file, "/dist-packages/"))
        return ORIGIN_SITE;
    if (strstr(module->file, "/lib-dynload/") ||
        (standard_bytes && !strncmp(module->file, standard, standard_bytes)))
        return ORIGIN_STANDARD;
    return ORIGIN_APPLICATION;
}

static int compare_modules(const void *left, const void *right)
{
    const struct module *a = left, *b = right;
    if (a->origin != b->origin)
        return a->origin < b->origin ? -1 : 1;
    return strcmp(a->name, b->name);
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

static struct hs_error *insert_rows(struct sqlite3 *db, const struct modules *modules)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db,
                           "INSERT INTO temp.edge_cost (kind, name, holder, cost)"
                           " SELECT 'root:module', ?1, '*', ?2 WHERE NOT EXISTS"
                           " (SELECT 1 FROM temp.edge_cost WHERE kind = 'root:module' AND name = ?1)",
                           -1, &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "fill edge_cost");
    struct hs_error *error = NULL;
    for (size_t first = 0, next; !error && first < modules->count; first = next) {
        enum origin origin = modules->module[first].origin;
        for (next = first; next < modules->count && modules->module[next].origin == origin;)
            next++;
        size_t spread = next - first > RANKS ? next - first : RANKS;
        for (size_t i = first; !error && i < next; i++)
            error = insert_row(db, statement, modules->module[i].name,
                               origin_cost[origin] + (int)((i - first) * RANKS / spread));
    }
    sqlite3_finalize(statement);
    return error;
}

struct hs_error *hs_edge_cost_add_modules(struct sqlite3 *db, struct hs_reader *reader)
{
    struct modules modules = {0};
    struct hs_error *error = read_modules(reader, &modules);
    if (!error) {
        const char *standard = NULL;
        size_t bytes = standard_directory(&modules, &standard);
        for (size_t i = 0; i < modules.count; i++)
            modules.module[i].origin = module_origin(&modules.module[i], standard, bytes);
        qsort(modules.module, modules.count, sizeof(*modules.module), compare_modules);
        error = insert_rows(db, &modules);
    }
    modules_deinit(&modules);
    return error;
}
