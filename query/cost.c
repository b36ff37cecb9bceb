#include "query/cost.h"

#include "format/lockdown.h"
#include "format/schema.h"
#include "format/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Later rows win. Why each is what it is:
 * - A step from an instance to its __dict__ is no step for people: obj.__dict__['x'] is obj.x.
 * - A key says less than a value about why something is kept, but caches are keyed by what they keep.
 * - A reference without a name explains little.
 * - Instances, functions and classes refer to their class, module and bases; a path through those says how
 *   the class is kept, which is not why the program keeps the object. They stay possible, since what only
 * they hold is held by them.
 * - Every logger leads to all loggers; they are kept by the module logging.
 * - IPython and the interactive interpreter keep recent results under names made of underscores.
 * - Roots: a frame that runs may just pass by, a module is there for good. */
const char hs_edge_cost_sql[] = "CREATE TEMP TABLE edge_cost (\n"
                                "  kind TEXT NOT NULL,\n"
                                "  name TEXT NOT NULL DEFAULT '*',\n"
                                "  holder TEXT NOT NULL DEFAULT '*',\n"
                                "  cost INTEGER CHECK (cost IS NULL OR typeof(cost) = 'integer' AND cost "
                                "BETWEEN kind NOT GLOB 'root:*' AND 10000)\n"
                                ");\n"
                                "CREATE INDEX temp.edge_cost_kind ON edge_cost (kind);\n"
                                "INSERT INTO temp.edge_cost (kind, name, holder, cost) VALUES\n"
                                "  ('attribute', '*', '*', 100),\n"
                                "  ('cell', '*', '*', 100),\n"
                                "  ('global', '*', '*', 100),\n"
                                "  ('item', '*', '*', 100),\n"
                                "  ('local', '*', '*', 100),\n"
                                "  ('member', '*', '*', 100),\n"
                                "  ('slot', '*', '*', 100),\n"
                                "  ('value', '*', '*', 100),\n"
                                "  ('key', '*', '*', 150),\n"
                                "  ('internal', '*', '*', 300),\n"
                                "  ('type', '*', '*', 2000),\n"
                                "  ('member', '__dict__', '*', 1),\n"
                                "  ('member', '__context__', '*', 200),\n"
                                "  ('attribute', 'manager', 'logging.*', 600),\n"
                                "  ('attribute', 'parent', 'logging.*', 600),\n"
                                "  ('attribute', 'root', 'logging.*', 600),\n"
                                "  ('member', '__cause__', '*', 200),\n"
                                "  ('member', 'f_back', '*', 1000),\n"
                                "  ('member', '__annotations__', '*', 300),\n"
                                "  ('member', '__class__', '*', 2000),\n"
                                "  ('member', '__objclass__', '*', 2000),\n"
                                "  ('member', '__base__', '*', 2500),\n"
                                "  ('member', '__bases__', '*', 2500),\n"
                                "  ('member', '__mro__', '*', 2500),\n"
                                "  ('member', '__subclasses__', '*', 2500),\n"
                                "  ('member', 'tp_*', '*', 2500),\n"
                                "  ('member', 'ht_*', '*', 2500),\n"
                                "  ('member', '__globals__', '*', 2500),\n"
                                "  ('member', 'f_globals', '*', 2500),\n"
                                "  ('member', '__builtins__', '*', 3000),\n"
                                "  ('member', 'f_builtins', '*', 3000),\n"
                                "  ('global', '_', '*', 250),\n"
                                "  ('global', '__', '*', 250),\n"
                                "  ('global', '___', '*', 250),\n"
                                "  ('global', '_[0-9]*', '*', 250),\n"
                                "  ('global', '__loader__', '*', 1000),\n"
                                "  ('global', '__spec__', '*', 1000),\n"
                                "  ('global', '__builtins__', '*', 3000),\n"
                                "  ('attribute', '*', 'heapdump.*', 5000),\n"
                                "  ('cell', '*', 'heapdump.*', 5000),\n"
                                "  ('internal', '*', 'heapdump.*', 5000),\n"
                                "  ('item', '*', 'heapdump.*', 5000),\n"
                                "  ('key', '*', 'heapdump.*', 5000),\n"
                                "  ('member', '*', 'heapdump.*', 5000),\n"
                                "  ('slot', '*', 'heapdump.*', 5000),\n"
                                "  ('value', '*', 'heapdump.*', 5000),\n"
                                "  ('root:module', '*', '*', 800),\n"
                                "  ('root:frame', '*', '*', 1000),\n"
                                "  ('root:thread', '*', '*', 1200),\n"
                                "  ('root:context', '*', '*', 1200),\n"
                                "  ('root:atexit', '*', '*', 1200),\n"
                                "  ('root:signal', '*', '*', 1200),\n"
                                "  ('root:interpreter', '*', '*', 1500),\n"
                                "  ('root:static', '*', '*', 2000),\n"
                                "  ('root:external', '*', '*', 2500);\n";

static struct hs_error *run(struct sqlite3 *db, const char *sql, const char *action)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL : hs_sqlite_error(db, action);
}

struct hs_error *hs_edge_cost_install(struct sqlite3 *db)
{
    if (sqlite3_table_column_metadata(db, "temp", "edge_cost", NULL, NULL, NULL, NULL, NULL, NULL) ==
        SQLITE_OK)
        return NULL;
    return run(db, hs_edge_cost_sql, "make edge_cost");
}

/* Compiled form. */

enum { ROOT_KIND = HS_REF_KINDS, COST_KINDS = HS_REF_KINDS + HS_ROOT_KINDS };

struct rule {
    char *name;      /* GLOB pattern, NULL for "*" */
    uint32_t holder; /* index in hs_costs.holder, 0 for "*" */
    uint16_t cost;
    bool literal; /* the name has no wildcards */
};

struct rules {
    size_t count;
    struct rule *rule; /* the first that matches counts */
};

struct hs_costs {
    const struct hs_avoid *avoid; /* NULL: nothing */
    struct rules rules[COST_KINDS];
    uint32_t holders;
    char **holder; /* [holders] GLOB patterns on type names; the first is "*" */
    uint32_t types;
    uint32_t *class_of_type; /* [types] */
    uint32_t classes;
    uint8_t *class_match; /* [classes][holders] 1 where the pattern matches the types of the class */
};

/* "attribute" .., "root:module" ..; -1 if it is none: such a row matches nothing. */
static int cost_kind(const char *name)
{
    if (!strncmp(name, "root:", 5)) {
        for (unsigned kind = 0; kind < HS_ROOT_KINDS; kind++)
            if (!strcmp(name + 5, hs_root_kind_name(kind)))
                return (int)(ROOT_KIND + kind);
        return -1;
    }
    for (unsigned kind = 0; kind < HS_REF_KINDS; kind++)
        if (!strcmp(name, hs_ref_kind_name(kind)))
            return (int)kind;
    return -1;
}

/* Makes room for one more entry of an array that doubles when its count reaches a power of two. */
static void *grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    return realloc(array, (count ? 2 * count : 1) * size);
}

static struct hs_error *holder_number(struct hs_costs *costs, const char *pattern, uint32_t *ret)
{
    for (uint32_t i = 0; i < costs->holders; i++)
        if (!strcmp(costs->holder[i], pattern)) {
            *ret = i;
            return NULL;
        }
    char **grown = grow(costs->holder, costs->holders, sizeof(*grown));
    if (!grown)
        return &hs_error_memory;
    costs->holder = grown;
    char *copy = strdup(pattern);
    if (!copy)
        return &hs_error_memory;
    costs->holder[costs->holders] = copy;
    *ret = costs->holders++;
    return NULL;
}

static uint16_t checked_cost(sqlite3_stmt *statement, int column, int kind)
{
    if (sqlite3_column_type(statement, column) == SQLITE_NULL)
        return HS_COST_NEVER;
    /* The table's own CHECK says the same; a table that a user made anew may not have one. */
    int64_t cost = sqlite3_column_int64(statement, column);
    int64_t least = kind < ROOT_KIND;
    return (uint16_t)(cost < least ? least : cost > HS_COST_MAX ? HS_COST_MAX : cost);
}

static struct hs_error *add_rule(struct hs_costs *costs, sqlite3_stmt *statement)
{
    const char *kind_name = (const char *)sqlite3_column_text(statement, 0);
    const char *name = (const char *)sqlite3_column_text(statement, 1);
    const char *holder = (const char *)sqlite3_column_text(statement, 2);
    int kind = kind_name ? cost_kind(kind_name) : -1;
    if (kind < 0 || !name || !holder)
        return NULL;
    struct rules *rules = &costs->rules[kind];
    struct rule *grown = grow(rules->rule, rules->count, sizeof(*grown));
    if (!grown)
        return &hs_error_memory;
    rules->rule = grown;
    struct rule rule = {.cost = checked_cost(statement, 3, kind)};
    struct hs_error *error = holder_number(costs, kind < ROOT_KIND ? holder : "*", &rule.holder);
    if (error)
        return error;
    if (strcmp(name, "*") && !(rule.name = strdup(name)))
        return &hs_error_memory;
    rule.literal = rule.name && !strpbrk(rule.name, "*?[");
    rules->rule[rules->count++] = rule;
    return NULL;
}

static struct hs_error *read_rules(struct sqlite3 *db, struct hs_costs *costs)
{
    uint32_t everything;
    struct hs_error *error = holder_number(costs, "*", &everything);
    if (error)
        return error;
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "SELECT kind, name, holder, cost FROM temp.edge_cost ORDER BY rowid DESC", -1,
                           &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read edge_cost");
    int rc;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        error = add_rule(costs, statement);
    if (!error && rc != SQLITE_DONE)
        error = hs_sqlite_error(db, "read edge_cost");
    sqlite3_finalize(statement);
    return error;
}

/* Puts a type with the class that has the same matches, or into a new one. `match` is [holders]. */
static struct hs_error *classify(struct hs_costs *costs, uint32_t type, const uint8_t *match)
{
    uint32_t class = 0;
    while (class < costs->classes &&
           memcmp(&costs->class_match[(size_t) class * costs->holders], match, costs->holders))
        class ++;
    costs->class_of_type[type] = class;
    if (class < costs->classes)
        return NULL;
    uint8_t *grown = grow(costs->class_match, costs->classes, costs->holders);
    if (!grown)
        return &hs_error_memory;
    costs->class_match = grown;
    memcpy(&grown[(size_t) class * costs->holders], match, costs->holders);
    costs->classes++;
    return NULL;
}

static struct hs_error *classify_types(struct hs_costs *costs, struct hs_reader *reader)
{
    costs->types = hs_reader_types(reader);
    costs->class_of_type = malloc((costs->types + (size_t)1) * sizeof(*costs->class_of_type));
    uint8_t *match = malloc(costs->holders);
    struct hs_error *error = costs->class_of_type && match ? NULL : &hs_error_memory;
    for (uint32_t type = 0; !error && type < costs->types; type++) {
        const char *name = hs_reader_type(reader, type)->name;
        for (uint32_t i = 0; i < costs->holders; i++)
            match[i] = i == 0 || sqlite3_strglob(costs->holder[i], name) == 0;
        error = classify(costs, type, match);
    }
    free(match);
    return error;
}

static struct hs_error *compile(struct sqlite3 *db, struct hs_reader *reader, struct hs_costs *costs)
{
    struct hs_error *error = read_rules(db, costs);
    return error ? error : classify_types(costs, reader);
}

/* As compile(), from a table made for the purpose, and changed by `sql`, which may be NULL. */
static struct hs_error *compile_defaults(const char *sql, struct hs_reader *reader, struct hs_costs *costs)
{
    sqlite3 *db = NULL;
    struct hs_error *error = NULL;
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        error = hs_sqlite_error(db, "make edge_cost");
    if (!error)
        error = hs_edge_cost_install(db);
    if (!error)
        error = hs_edge_cost_add_modules(db, reader);
    if (!error && sql)
        error = hs_lockdown_change(db, "edge_cost", "costs", sql);
    if (!error)
        error = compile(db, reader, costs);
    sqlite3_close(db);
    return error;
}

static struct hs_error *create(struct sqlite3 *db, const char *sql, struct hs_reader *reader,
                               struct hs_costs **ret)
{
    struct hs_costs *costs = calloc(1, sizeof(*costs));
    if (!costs)
        return &hs_error_memory;
    struct hs_error *error = db ? compile(db, reader, costs) : compile_defaults(sql, reader, costs);
    if (error) {
        hs_costs_destroy(costs);
        return error;
    }
    *ret = costs;
    return NULL;
}

struct hs_error *hs_costs_create(struct sqlite3 *db, struct hs_reader *reader, struct hs_costs **ret)
{
    return create(db, NULL, reader, ret);
}

struct hs_error *hs_costs_create_changed(const char *sql, struct hs_reader *reader, struct hs_costs **ret)
{
    return create(NULL, sql, reader, ret);
}

void hs_costs_destroy(struct hs_costs *costs)
{
    if (!costs)
        return;
    for (unsigned kind = 0; kind < COST_KINDS; kind++) {
        for (size_t i = 0; i < costs->rules[kind].count; i++)
            free(costs->rules[kind].rule[i].name);
        free(costs->rules[kind].rule);
    }
    for (uint32_t i = 0; i < costs->holders; i++)
        free(costs->holder[i]);
    free(costs->holder);
    free(costs->class_of_type);
    free(costs->class_match);
    free(costs);
}

void hs_costs_set_avoid(struct hs_costs *costs, const struct hs_avoid *avoid)
{
    costs->avoid = avoid;
}

const struct hs_avoid *hs_costs_avoid(const struct hs_costs *costs)
{
    static const struct hs_avoid nothing = {0};
    return costs->avoid ? costs->avoid : &nothing;
}

static bool name_matches(const struct rule *rule, const char *name)
{
    if (!rule->name)
        return true;
    return rule->literal ? !strcmp(rule->name, name) : sqlite3_strglob(rule->name, name) == 0;
}

static uint16_t find_cost(const struct rules *rules, const char *name, const uint8_t *holder_match)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        if (holder_match[rule->holder] && name_matches(rule, name ? name : ""))
            return rule->cost;
    }
    return HS_COST_NEVER;
}

uint32_t hs_costs_classes(const struct hs_costs *costs)
{
    return costs->classes;
}

uint32_t hs_costs_class(const struct hs_costs *costs, uint32_t type)
{
    return costs->class_of_type[type];
}

uint16_t hs_costs_of_class(const struct hs_costs *costs, uint32_t class, unsigned kind, const char *name)
{
    return find_cost(&costs->rules[kind], name, &costs->class_match[(size_t) class * costs->holders]);
}

uint16_t hs_costs_ref(const struct hs_costs *costs, uint32_t holder_type, const struct hs_ref *ref)
{
    return hs_costs_of_class(costs, hs_costs_class(costs, holder_type), ref->kind, ref->name);
}

uint16_t hs_costs_root(const struct hs_costs *costs, const struct hs_root *root)
{
    static const uint8_t everything = 1; /* rules for roots have no holder but "*" */
    return find_cost(&costs->rules[ROOT_KIND + root->kind], root->name, &everything);
}

static uint64_t hash(uint64_t state, const void *bytes, size_t count)
{
    /* FNV-1a */
    for (size_t i = 0; i < count; i++)
        state = (state ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3;
    return state;
}

struct hs_error *hs_edge_cost_fingerprint(struct sqlite3 *db, uint64_t *ret)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "SELECT kind, name, holder, cost FROM temp.edge_cost ORDER BY rowid", -1,
                           &statement, NULL) != SQLITE_OK)
        return hs_sqlite_error(db, "read edge_cost");
    uint64_t state = 0xcbf29ce484222325;
    int rc;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        for (int column = 0; column < 4; column++) {
            const void *text = sqlite3_column_text(statement, column);
            int bytes = sqlite3_column_bytes(statement, column);
            state = hash(state, &bytes, sizeof(bytes));
            state = text ? hash(state, text, (size_t)bytes) : hash(state, "", 1);
        }
    struct hs_error *error = rc == SQLITE_DONE ? NULL : hs_sqlite_error(db, "read edge_cost");
    sqlite3_finalize(statement);
    *ret = state;
    return error;
}
