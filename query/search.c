/* The retaining chain as a search in SQL.
 *
 * Backwards from the object, cheapest first (Dijkstra's algorithm): all objects at the lowest cost not looked
 * at yet are expanded by one run of a trigger, and rows inserted into chain_round run it again and again,
 * which is how SQL loops. Costs come from edge_cost. What is left when no cheaper path can follow are the
 * references on paths of least cost; of these a walk back from the object takes, at each step, the first in
 * order of (kind, name, type of the holder, slot, id): see explain.h, whose tree gives the same chain.
 *
 * Tables of the search, all in temp, kept from one search to the next:
 *   chain_task    one row: what is asked, and how far the search is
 *   chain_start   the objects that may begin a chain, with the cost of beginning there
 *   chain_avoid   what is left out: avoid.h
 *   chain_module  the modules: references to them are not followed
 *   chain_node    objects reached, with the cost of the best path from each to the object asked for
 *   chain_edge    references looked at; `cost` is that of the path which begins with this reference
 *   chain_least   of these, the ones on a path of least cost for their holder
 *   chain_pick    objects on a path of least cost from a start, and the reference to each that was chosen
 */
#include "query/avoid.h"
#include "query/chain.h"
#include "query/compute.h"

#include "format/schema.h"
#include "format/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* %w is the name of the schema, as an identifier. The trigger names its tables with schemas, because an
 * object of the user's in another schema may have the same name. */
static const char setup_sql[] =
    "CREATE TEMP TABLE IF NOT EXISTS chain_task (object INTEGER, type TEXT, level INTEGER, total INTEGER,\n"
    "  first_edge INTEGER, budget INTEGER, running INTEGER);\n"
    "CREATE TEMP TABLE IF NOT EXISTS chain_start (id INTEGER, cost INTEGER, kind TEXT, name TEXT);\n"
    "CREATE INDEX IF NOT EXISTS temp.chain_start_id ON chain_start (id);\n" HS_AVOID_SQL
    "CREATE TEMP TABLE IF NOT EXISTS chain_module (id INTEGER PRIMARY KEY);\n"
    "CREATE TEMP TABLE IF NOT EXISTS chain_node (id INTEGER PRIMARY KEY, cost INTEGER, type TEXT, open "
    "INTEGER);\n"
    "CREATE INDEX IF NOT EXISTS temp.chain_node_open ON chain_node (cost) WHERE open;\n"
    "CREATE TEMP TABLE IF NOT EXISTS chain_edge (number INTEGER PRIMARY KEY, holder INTEGER, object "
    "INTEGER,\n"
    "  cost INTEGER, kind TEXT, name TEXT, type TEXT, slot INTEGER);\n"
    "CREATE TEMP TABLE IF NOT EXISTS chain_least (number INTEGER PRIMARY KEY, holder INTEGER, object "
    "INTEGER,\n"
    "  kind TEXT, name TEXT, type TEXT, slot INTEGER);\n"
    "CREATE INDEX IF NOT EXISTS temp.chain_least_holder ON chain_least (holder);\n"
    "CREATE INDEX IF NOT EXISTS temp.chain_least_object ON chain_least (object);\n"
    "CREATE TEMP TABLE IF NOT EXISTS chain_pick (id INTEGER PRIMARY KEY, edge INTEGER);\n"
    "CREATE TEMP TABLE IF NOT EXISTS chain_round (number INTEGER, snapshot TEXT);\n";

/* One round: the cheapest open objects become closed, and what refers to them open. */
static const char trigger_sql[] =
    "CREATE TEMP TRIGGER IF NOT EXISTS \"chain_round_%w\" BEFORE INSERT ON chain_round\n"
    "WHEN NEW.snapshot = %Q AND (SELECT running FROM chain_task)\n"
    "BEGIN\n"
    "  UPDATE chain_task SET level = (SELECT min(cost) FROM chain_node WHERE open),\n"
    "    first_edge = (SELECT coalesce(max(number), 0) FROM chain_edge);\n"
    "  UPDATE chain_task SET running = coalesce(level < total, 0);\n"
    "  UPDATE chain_task SET budget = budget - (SELECT count(*) FROM chain_node AS n\n"
    "      CROSS JOIN \"%w\".refs AS r ON r.dst = n.id WHERE n.open AND n.cost = level) WHERE running;\n"
    "  UPDATE chain_task SET running = 0 WHERE budget < 0;\n"
    "  INSERT INTO chain_edge (holder, object, cost, kind, name, type, slot)\n"
    "    SELECT holder, object, level + cost, kind, name, type, slot FROM (\n"
    "      SELECT r.src AS holder, r.dst AS object, t.level, t.total, r.kind, r.slot, o.type,\n"
    "        CASE r.kind WHEN 'value' THEN NULL ELSE r.name END AS name,\n"
    "        (SELECT e.cost FROM edge_cost AS e WHERE e.kind = r.kind AND o.type GLOB e.holder\n"
    "           AND CASE r.kind WHEN 'value' THEN '' ELSE coalesce(r.name, '') END GLOB e.name\n"
    "         ORDER BY e.rowid DESC LIMIT 1) AS cost\n"
    "      FROM chain_task AS t\n"
    "      CROSS JOIN chain_node AS n ON n.open AND n.cost = t.level\n"
    "      CROSS JOIN \"%w\".refs AS r ON r.dst = n.id\n"
    "      CROSS JOIN \"%w\".objects AS o ON o.id = r.src\n"
    "      WHERE t.running AND r.owning AND n.id NOT IN (SELECT id FROM chain_module)\n"
    "        AND NOT EXISTS (SELECT 1 FROM chain_avoid AS a WHERE a.holder = r.src\n"
    "          AND (a.object IS NULL OR a.object = r.dst))\n"
    "      LIMIT -1)\n" /* keeps SQLite from writing the search for the cost out three times */
    "    WHERE cost IS NOT NULL AND level + cost <= total;\n"
    "  UPDATE chain_node SET open = 0 WHERE open AND cost = (SELECT level FROM chain_task);\n"
    "  INSERT INTO chain_node (id, cost, type, open)\n"
    "    SELECT holder, min(cost), type, 1 FROM chain_edge\n"
    "    WHERE number > (SELECT first_edge FROM chain_task) GROUP BY holder\n"
    "    ON CONFLICT (id) DO UPDATE SET cost = excluded.cost WHERE excluded.cost < cost;\n"
    "  INSERT INTO chain_start (id, cost)\n"
    "    SELECT DISTINCT e.holder, 0 FROM chain_task AS t CROSS JOIN chain_edge AS e ON e.number > "
    "t.first_edge\n"
    "    WHERE t.type IS NOT NULL AND +e.type = t.type AND e.holder <> t.object\n"
    "      AND e.holder NOT IN (SELECT id FROM chain_start)\n"
    "      AND e.holder NOT IN (SELECT object FROM chain_avoid\n"
    "        WHERE holder IS NULL AND object IS NOT NULL);\n"
    "  UPDATE chain_task SET total = min(total, coalesce(\n"
    "    (SELECT min(e.cost + s.cost) FROM chain_edge AS e CROSS JOIN chain_start AS s ON s.id = e.holder\n"
    "     WHERE e.number > first_edge), total));\n"
    "END;\n";

static const char clear_sql[] = "DELETE FROM chain_task;\n"
                                "DELETE FROM chain_start;\n"
                                "DELETE FROM chain_module;\n"
                                "DELETE FROM chain_node;\n"
                                "DELETE FROM chain_edge;\n"
                                "DELETE FROM chain_least;\n"
                                "DELETE FROM chain_pick;\n";

/* Where chains begin: roots, with their costs. %s is a condition on them. */
static const char start_sql[] =
    "INSERT INTO chain_start (id, cost, kind, name)\n"
    "  SELECT object_id, cost, kind, name FROM (\n"
    "    SELECT r.object_id, r.kind, r.name,\n"
    "      (SELECT e.cost FROM edge_cost AS e WHERE e.kind = 'root:' || r.kind AND r.name GLOB e.name\n"
    "       ORDER BY e.rowid DESC LIMIT 1) AS cost\n"
    "    FROM \"%w\".roots AS r%s LIMIT -1)\n"
    "  WHERE cost IS NOT NULL AND object_id NOT IN\n"
    "    (SELECT coalesce(object, holder) FROM chain_avoid WHERE (object IS NULL) <> (holder IS NULL));\n";

/* The object asked for opens the search; a total higher than any cost says that no start is found yet. */
static const char open_sql[] =
    "INSERT INTO chain_module SELECT DISTINCT object_id FROM \"%w\".roots WHERE kind = 'module';\n"
    "INSERT INTO chain_task (object, type, total, budget, running) VALUES (%u, %Q, 4294967295, %lld, 1);\n"
    "INSERT INTO chain_node (id, cost, open) VALUES (%u, 0, 1);\n"
    "UPDATE chain_task SET total = coalesce((SELECT min(cost) FROM chain_start WHERE id = object), total);\n";

/* Rounds after the last one that finds work cost next to nothing, but not nothing. */
static const char loop_sql[] =
    "WITH RECURSIVE round(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM round WHERE number < %u)\n"
    "  INSERT INTO chain_round SELECT number, %Q FROM round;\n"
    "DELETE FROM chain_round;\n";

/* First the references that lie on some path of least cost, from the starts down; then, for each object on
 * such a path, the best of them, and none for an object where the chain may begin. */
static const char choose_sql[] =
    "INSERT INTO chain_least\n"
    "  SELECT e.number, e.holder, e.object, e.kind, e.name, e.type, e.slot\n"
    "  FROM chain_edge AS e CROSS JOIN chain_node AS n ON n.id = e.holder\n"
    "  WHERE n.cost = e.cost AND e.cost <= (SELECT total FROM chain_task);\n"
    "WITH RECURSIVE held(id) AS (\n"
    "    SELECT n.id FROM chain_start AS s CROSS JOIN chain_node AS n ON n.id = s.id\n"
    "    WHERE n.cost + s.cost = (SELECT total FROM chain_task)\n"
    "    UNION\n"
    "    SELECT l.object FROM held CROSS JOIN chain_least AS l ON l.holder = held.id)\n"
    "  INSERT INTO chain_pick (id) SELECT id FROM held;\n"
    "UPDATE chain_pick SET edge =\n"
    "  (SELECT l.number FROM chain_least AS l WHERE l.object = chain_pick.id\n"
    "     AND l.holder IN (SELECT p.id FROM chain_pick AS p)\n"
    "   ORDER BY l.kind, l.name, l.type, l.slot, l.holder LIMIT 1)\n"
    "  WHERE NOT EXISTS (SELECT 1 FROM chain_start AS s CROSS JOIN chain_node AS n ON n.id = s.id\n"
    "    WHERE s.id = chain_pick.id AND n.cost + s.cost = (SELECT total FROM chain_task));\n";

/* The chain, from its start: the last row is the object. */
static const char result_sql[] =
    "WITH RECURSIVE walk(back, id, edge) AS (\n"
    "    SELECT 0, p.id, p.edge FROM chain_pick AS p WHERE p.id = (SELECT object FROM chain_task)\n"
    "    UNION ALL\n"
    "    SELECT back + 1, p.id, p.edge FROM walk JOIN chain_least AS l ON l.number = walk.edge\n"
    "      JOIN chain_pick AS p ON p.id = l.holder)\n"
    "  SELECT row_number() OVER (ORDER BY back DESC) - 1 AS step, walk.id AS object_id, o.type,\n"
    "    coalesce(l.kind, s.kind) AS kind, CASE WHEN l.kind IS NULL THEN s.name ELSE l.name END AS name, "
    "l.slot\n"
    "  FROM walk JOIN \"%w\".objects AS o ON o.id = walk.id LEFT JOIN chain_least AS l ON l.number = "
    "walk.edge\n"
    "    LEFT JOIN chain_start AS s ON l.number IS NULL AND s.rowid = (SELECT f.rowid FROM chain_start AS f\n"
    "      WHERE f.id = walk.id ORDER BY f.cost, f.kind, f.name LIMIT 1)\n"
    "  ORDER BY back DESC;\n";

/* How many references the search may look at before the tree is the quicker way, how many rounds it gets at a
 * time and altogether, and what a script for people gets: more than it needs. */
#define BUDGET        150000
#define ROUNDS        64
#define ROUNDS_IN_ALL 4096
#define SCRIPT_BUDGET 1000000000000
#define SCRIPT_ROUNDS 5000

static const char *start_condition(enum hs_chain_to to)
{
    return to == HS_TO_MODULE ? " WHERE r.kind = 'module'" : to == HS_TO_TYPE ? " WHERE 0" : "";
}

/* The statements that open a search, into `text`. */
static void write_start(sqlite3_str *text, const char *schema, uint32_t object, enum hs_chain_to to,
                        const char *type, long long budget)
{
    sqlite3_str_appendall(text, setup_sql);
    sqlite3_str_appendf(text, trigger_sql, schema, schema, schema, schema, schema);
    sqlite3_str_appendall(text, clear_sql);
    sqlite3_str_appendf(text, start_sql, schema, start_condition(to));
    sqlite3_str_appendf(text, open_sql, schema, object, to == HS_TO_TYPE ? type : NULL, budget, object);
}

struct hs_error *hs_chain_show_sql(const char *schema, uint32_t object, enum hs_chain_to to, const char *type,
                                   char **ret)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    sqlite3_str_appendf(
        text, "/* The tables of the search, a trigger that runs one round of it, and object %u. */\n",
        object);
    write_start(text, schema, object, to, type, SCRIPT_BUDGET);
    sqlite3_str_appendall(text, "\n-- The search. A very long chain may need more rounds.\n");
    sqlite3_str_appendf(text, loop_sql, SCRIPT_ROUNDS, schema);
    sqlite3_str_appendall(text, choose_sql);
    sqlite3_str_appendall(text, "\n-- The chain.\n");
    sqlite3_str_appendf(text, result_sql, schema);
    char *script = sqlite3_str_finish(text);
    *ret = script ? strdup(script) : NULL;
    sqlite3_free(script);
    return *ret ? NULL : &hs_error_memory;
}

/* Runs the statements that `text` holds, and frees it. */
static struct hs_error *run(struct sqlite3 *db, sqlite3_str *text)
{
    char *sql = sqlite3_str_finish(text);
    if (!sql)
        return &hs_error_memory;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_free(sql);
    return rc == SQLITE_OK ? NULL : hs_sqlite_error(db, "search for a chain");
}

struct outcome {
    bool running;
    bool gave_up; /* for the budget */
    uint32_t total;
};

static struct hs_error *read_outcome(struct sqlite3 *db, struct outcome *ret)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, "SELECT running, budget < 0, total FROM chain_task", -1, &statement, NULL) !=
        SQLITE_OK)
        return hs_sqlite_error(db, "search for a chain");
    int rc = sqlite3_step(statement);
    ret->running = sqlite3_column_int(statement, 0);
    ret->gave_up = sqlite3_column_int(statement, 1);
    ret->total = (uint32_t)sqlite3_column_int64(statement, 2);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? NULL : hs_sqlite_error(db, "search for a chain");
}

/* Runs the search; `ret_done`: false if it gave up. */
static struct hs_error *search(struct sqlite3 *db, const char *schema, bool *ret_done, uint32_t *ret_total)
{
    struct outcome outcome = {.running = true};
    struct hs_error *error = NULL;
    for (unsigned rounds = 0; !error && outcome.running && rounds < ROUNDS_IN_ALL; rounds += ROUNDS) {
        sqlite3_str *text = sqlite3_str_new(db);
        sqlite3_str_appendf(text, loop_sql, ROUNDS, schema);
        error = run(db, text);
        if (!error)
            error = read_outcome(db, &outcome);
    }
    *ret_done = !outcome.running && !outcome.gave_up;
    *ret_total = outcome.total;
    if (error || !*ret_done)
        return error;
    sqlite3_str *text = sqlite3_str_new(db);
    sqlite3_str_appendall(text, choose_sql);
    return run(db, text);
}

static int kind_number(const char *name, bool root)
{
    for (unsigned kind = 0; name && kind < (root ? HS_ROOT_KINDS : HS_REF_KINDS); kind++)
        if (!strcmp(name, root ? hs_root_kind_name(kind) : hs_ref_kind_name(kind)))
            return (int)kind;
    return root ? HS_ROOT_KINDS : HS_REF_INTERNAL;
}

/* Appends the row on which `statement` stands. */
static struct hs_error *read_step(sqlite3_stmt *statement, struct hs_chain *chain)
{
    if (!(chain->count & (chain->count - 1))) {
        struct hs_step *grown = realloc(chain->step, (chain->count ? 2 * chain->count : 1) * sizeof(*grown));
        if (!grown)
            return &hs_error_memory;
        chain->step = grown;
    }
    bool first = chain->count == 0;
    int kind = kind_number((const char *)sqlite3_column_text(statement, 3), first);
    const char *name = (const char *)sqlite3_column_text(statement, 4);
    bool has_slot = sqlite3_column_type(statement, 5) != SQLITE_NULL;
    struct hs_step step = {
        .object = (uint32_t)sqlite3_column_int64(statement, 1),
        .kind = (uint8_t)(first && kind == HS_ROOT_KINDS ? 0 : kind),
        .slot = has_slot ? (uint32_t)sqlite3_column_int64(statement, 5) : HS_NO_LABEL,
        .name = name ? strdup(name) : NULL,
    };
    if (first)
        chain->root_kind = (uint8_t)kind;
    chain->step[chain->count++] = step;
    return name && !step.name ? &hs_error_memory : NULL;
}

static struct hs_error *read_chain(struct sqlite3 *db, const char *schema, struct hs_chain *chain)
{
    sqlite3_str *text = sqlite3_str_new(db);
    sqlite3_str_appendf(text, result_sql, schema);
    char *sql = sqlite3_str_finish(text);
    if (!sql)
        return &hs_error_memory;
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return hs_sqlite_error(db, "search for a chain");
    struct hs_error *error = NULL;
    while (!error && (rc = sqlite3_step(statement)) == SQLITE_ROW)
        error = read_step(statement, chain);
    if (!error && rc != SQLITE_DONE)
        error = hs_sqlite_error(db, "search for a chain");
    sqlite3_finalize(statement);
    return error;
}

struct hs_error *hs_chain_find(struct sqlite3 *db, const char *schema, struct hs_reader *reader,
                               uint32_t object, enum hs_chain_to to, const char *type, struct hs_chain *ret)
{
    *ret = (struct hs_chain){.root_kind = HS_ROOT_KINDS};
    sqlite3_str *text = sqlite3_str_new(db);
    write_start(text, schema, object, to, type, BUDGET);
    struct hs_error *error = run(db, text);
    bool done = false;
    if (!error)
        error = search(db, schema, &done, &ret->cost);
    if (!error && !done)
        return hs_chain_compute(db, reader, object, to, type, ret);
    if (!error)
        error = read_chain(db, schema, ret);
    if (!error)
        error = hs_chain_describe(reader, ret);
    if (error)
        hs_chain_deinit(ret);
    return error;
}
