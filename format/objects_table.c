/* The virtual table `objects`: one row for each object of a snapshot.
 *
 *   id             INTEGER  rank of the address, from 0; the rowid too
 *   address        INTEGER  ascends with id
 *   type_id        INTEGER  types.id
 *   type           TEXT     types.name: webapp.DB, dict
 *   shallow_bytes  INTEGER  what sys.getsizeof says
 *   refcount       INTEGER  as stored in the object
 *   generation     INTEGER  0, 1, 2; 3 is the permanent one (gc.freeze); NULL if it is not tracked
 *   tracked        INTEGER  0 or 1
 *   interpreter    INTEGER  0: the main one
 *   length         INTEGER  ob_size in items; NULL if the type has none
 *   ident          INTEGER  16-bit hash of the pointers to its storage outside of it; NULL if it has none
 *   value          TEXT     a name, or by values policy a preview; NULL if none is stored
 *   allocated_at   TEXT     FILE:LINE, where the program traced its allocations; else NULL
 *
 * Hidden, so that SELECT * does not compute them; from hs_derived_ops, NULL without (format/session.h):
 *   in_refs, external_refs, reachable, distance, parent_id, dominator_id, retained_bytes, path
 *
 * xBestIndex takes the first of these that fits; what it does not take SQLite checks itself:
 *   id = ?, rowid = ?          one object
 *   address = ?                at most one object, by binary search
 *   type_id = ?                the objects of a type
 *   type = ?                   the objects of the types of that name (BINARY collation)
 *   id, rowid < <= > >= ?      a stretch of ids, and so of addresses, at most one bound on each side
 *   address < <= > >= ?        the same
 *   nothing                    all, in the order of id, or if that satisfies the ORDER BY, of type_id or type
 * ORDER BY and GROUP BY, ascending or descending, on id, rowid, address, type_id, type and what follows from
 * them ("type, type_id, id") need no sorter. Row estimates are exact where the value is known when the
 * statement is prepared.
 *
 * idxNum:
 *   bits 0-2   plan, enum plan below
 *   bits 3-7   those of format/vtab_plan.h
 *   bit  8     BY_ADDRESS: the bounds are addresses and not ids
 * argv: the value of the equality, or the bounds.
 *
 * A column that no query asks for is not decoded: the chunk of a row is pinned when the first of its columns
 * is read, and stays so while the cursor is inside it.
 */
#include "format/attached.h"

#include "format/session.h"
#include "format/vtab_plan.h"

#include <string.h>

static const char declaration[] =
    "CREATE TABLE objects(id INTEGER, address INTEGER, type_id INTEGER, type TEXT, shallow_bytes INTEGER,"
    " refcount INTEGER, generation INTEGER, tracked INTEGER, interpreter INTEGER, length INTEGER, ident "
    "INTEGER,"
    " value TEXT, allocated_at TEXT, in_refs INTEGER HIDDEN, external_refs INTEGER HIDDEN, reachable INTEGER "
    "HIDDEN,"
    " distance INTEGER HIDDEN, parent_id INTEGER HIDDEN, dominator_id INTEGER HIDDEN,"
    " retained_bytes INTEGER HIDDEN, path TEXT HIDDEN)";

enum plan {
    PLAN_SCAN = 0,
    PLAN_ID,
    PLAN_ADDRESS,
    PLAN_TYPE_ID,
    PLAN_TYPE,
    PLAN_BY_TYPE_ID,
    PLAN_BY_TYPE,
};
#define BY_ADDRESS 0x100

/* Rows come from a sequence of spans, each of consecutive places: ids (SCAN, ID, ADDRESS), or places in
 * lookup.type_object. The spans are those of the types by_name[i] (by name) or i (by number). What is left of
 * spans and of types is walked upwards from the first or, descending, downwards from the end. */
struct cursor {
    sqlite3_vtab_cursor base;
    const struct hs_chunk *chunk; /* pinned; not always the one of the current row */
    uint32_t id;                  /* the current row */
    uint32_t here;                /* its place */
    uint32_t place, place_end;    /* what is left of the span */
    uint32_t type, type_end;      /* what is left of the types */
    uint32_t typed_as;            /* type of the span */
    bool typed;                   /* places are of lookup.type_object */
    bool by_name;
    bool descending;
    bool eof;
};

static int objects_connect(sqlite3 *db, void *catalog, int argc, const char *const *argv, sqlite3_vtab **ret,
                           char **ret_message)
{
    (void)argc;
    return hs_vtab_connect(db, catalog, argv[1], declaration, ret, ret_message);
}

/* SQLite makes a module eponymous whose xCreate is its xConnect; such a table would read no particular
 * schema. */
static int objects_create(sqlite3 *db, void *catalog, int argc, const char *const *argv, sqlite3_vtab **ret,
                          char **ret_message)
{
    return objects_connect(db, catalog, argc, argv, ret, ret_message);
}

/* Planning. */

static int same_column(int column)
{
    return column < 0 || column == HS_OBJECTS_ADDRESS ? HS_OBJECTS_ID : column;
}

/* Usable constraints of interest, by index into aConstraint; -1 for none. */
struct wanted {
    int id, address, type_id, type;
    int lower, upper;
    bool by_address; /* the bounds */
};

static bool is_lower(int op)
{
    return op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE;
}

static bool is_upper(int op)
{
    return op == SQLITE_INDEX_CONSTRAINT_LT || op == SQLITE_INDEX_CONSTRAINT_LE;
}

static void want_bound(struct wanted *wanted, int index, int op, bool address)
{
    bool have_bound = wanted->lower >= 0 || wanted->upper >= 0;
    if (have_bound && wanted->by_address != address)
        return;
    int *side = is_lower(op) ? &wanted->lower : &wanted->upper;
    if (*side < 0) {
        *side = index;
        wanted->by_address = address;
    }
}

static void want(struct wanted *wanted, sqlite3_index_info *info, int index)
{
    int column = info->aConstraint[index].iColumn, op = info->aConstraint[index].op;
    bool equal = op == SQLITE_INDEX_CONSTRAINT_EQ;
    switch (column) {
    case -1:
    case HS_OBJECTS_ID:
    case HS_OBJECTS_ADDRESS:
        if (is_lower(op) || is_upper(op))
            want_bound(wanted, index, op, column == HS_OBJECTS_ADDRESS);
        else if (equal)
            *(column == HS_OBJECTS_ADDRESS ? &wanted->address : &wanted->id) = index;
        break;
    case HS_OBJECTS_TYPE_ID:
        if (equal)
            wanted->type_id = index;
        break;
    case HS_OBJECTS_TYPE:
        if (equal && !sqlite3_stricmp(sqlite3_vtab_collation(info, index), "BINARY"))
            wanted->type = index;
        break;
    }
}

/* The value of a constraint, if it is known before the statement runs. */
static sqlite3_value *known_value(sqlite3_index_info *info, int index)
{
    sqlite3_value *value = NULL;
#if SQLITE_VERSION_NUMBER >= 3038000
    if (sqlite3_libversion_number() >= 3038000 && sqlite3_vtab_rhs_value(info, index, &value))
        value = NULL;
#else
    (void)info, (void)index;
#endif
    return value;
}

static uint64_t objects_of_types(const struct hs_lookup *lookup, uint32_t first, uint32_t end)
{
    uint64_t objects = 0;
    for (uint32_t i = first; i < end; i++)
        objects += hs_reader_type(lookup->reader, lookup->by_name[i])->objects;
    return objects;
}

static uint64_t estimate_type(const struct hs_lookup *lookup, sqlite3_index_info *info, int index,
                              bool by_name)
{
    uint64_t guess = lookup->types ? lookup->objects / lookup->types + 1 : 1;
    sqlite3_value *value = known_value(info, index);
    if (!value)
        return guess;
    if (!by_name) {
        struct hs_range range = {.low = 0, .high = (int64_t)lookup->types - 1};
        hs_range_narrow(&range, SQLITE_INDEX_CONSTRAINT_EQ, value);
        return hs_range_is_empty(&range) ? 1 : hs_reader_type(lookup->reader, (uint32_t)range.low)->objects;
    }
    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return guess;
    uint32_t first, end;
    hs_lookup_types_named(lookup, (const char *)sqlite3_value_text(value), (size_t)sqlite3_value_bytes(value),
                          &first, &end);
    return objects_of_types(lookup, first, end);
}

static void order(sqlite3_index_info *info, const int *key, int keys, unsigned constant)
{
    hs_vtab_order(info, key, keys, constant, HS_OBJECTS_ID, same_column);
}

#define COLUMN(name) (1u << HS_OBJECTS_##name)

static void plan_all(const struct hs_lookup *lookup, sqlite3_index_info *info, const struct wanted *wanted)
{
    static const int by_id[] = {HS_OBJECTS_ID};
    static const int by_type_id[] = {HS_OBJECTS_TYPE_ID, HS_OBJECTS_ID};
    static const int by_type[] = {HS_OBJECTS_TYPE, HS_OBJECTS_TYPE_ID, HS_OBJECTS_ID};
    info->idxNum = PLAN_SCAN;
    int place = 1;
    uint64_t rows = hs_vtab_use_bounds(info, wanted->lower, wanted->upper, &place, lookup->objects);
    if (wanted->by_address)
        info->idxNum |= BY_ADDRESS;
    hs_vtab_estimate(info, rows, HS_COST_LOOKUP);
    order(info, by_id, 1, 0);
    if (info->orderByConsumed || !info->nOrderBy || wanted->lower >= 0 || wanted->upper >= 0)
        return;
    int first = info->aOrderBy[0].iColumn;
    if (first == HS_OBJECTS_TYPE_ID) {
        /* The name follows from the number. */
        info->idxNum = PLAN_BY_TYPE_ID;
        order(info, by_type_id, 2, COLUMN(TYPE));
    } else if (first == HS_OBJECTS_TYPE) {
        info->idxNum = PLAN_BY_TYPE;
        order(info, by_type, 3, 0);
    }
    if (info->orderByConsumed)
        hs_vtab_estimate(info, lookup->objects, (double)lookup->objects / 4);
    else
        info->idxNum = PLAN_SCAN;
}

static int objects_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    static const int by_id[] = {HS_OBJECTS_ID};
    static const int by_type_id[] = {HS_OBJECTS_TYPE_ID, HS_OBJECTS_ID};
    const struct hs_lookup *lookup = &((struct hs_vtab *)vtab)->attached->lookup;
    struct wanted wanted = {.id = -1, .address = -1, .type_id = -1, .type = -1, .lower = -1, .upper = -1};
    for (int i = 0; i < info->nConstraint; i++)
        if (info->aConstraint[i].usable)
            want(&wanted, info, i);
    if (wanted.id >= 0 || wanted.address >= 0) {
        bool id = wanted.id >= 0;
        info->idxNum = id ? PLAN_ID : PLAN_ADDRESS;
        hs_vtab_use(info, id ? wanted.id : wanted.address, 1, true);
        hs_vtab_estimate(info, 1, id ? HS_COST_LOOKUP : HS_COST_ADDRESS);
        info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
        info->orderByConsumed = info->nOrderBy > 0;
    } else if (wanted.type_id >= 0) {
        info->idxNum = PLAN_TYPE_ID;
        hs_vtab_use(info, wanted.type_id, 1, true);
        hs_vtab_estimate(info, estimate_type(lookup, info, wanted.type_id, false), HS_COST_LOOKUP);
        order(info, by_id, 1, COLUMN(TYPE_ID) | COLUMN(TYPE));
    } else if (wanted.type >= 0) {
        info->idxNum = PLAN_TYPE;
        /* SQLite checks again: a value that is no text is compared by rules of its own. */
        hs_vtab_use(info, wanted.type, 1, false);
        hs_vtab_estimate(info, estimate_type(lookup, info, wanted.type, true), HS_COST_LOOKUP);
        order(info, by_type_id, 2, COLUMN(TYPE));
    } else {
        plan_all(lookup, info, &wanted);
    }
    return SQLITE_OK;
}

/* Walking. */

static int objects_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret)
{
    (void)vtab;
    struct cursor *cursor = sqlite3_malloc(sizeof(*cursor));
    if (!cursor)
        return SQLITE_NOMEM;
    *cursor = (struct cursor){.eof = true};
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int objects_close(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    hs_lookup_unpin(hs_vtab_attached(&cursor->base)->reader, &cursor->chunk);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* Moves on to the next type that has objects. */
static bool next_span(struct cursor *cursor, const struct hs_lookup *lookup)
{
    while (cursor->type < cursor->type_end) {
        uint32_t at = cursor->descending ? --cursor->type_end : cursor->type++;
        cursor->typed_as = cursor->by_name ? lookup->by_name[at] : at;
        cursor->place = lookup->type_start[cursor->typed_as];
        cursor->place_end = lookup->type_start[cursor->typed_as + 1];
        if (cursor->place < cursor->place_end)
            return true;
    }
    return false;
}

static int objects_next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    const struct hs_lookup *lookup = &hs_vtab_attached(&cursor->base)->lookup;
    if (cursor->place == cursor->place_end && !next_span(cursor, lookup)) {
        cursor->eof = true;
        return SQLITE_OK;
    }
    cursor->here = cursor->descending ? --cursor->place_end : cursor->place++;
    cursor->id = cursor->typed ? lookup->type_object[cursor->here] : cursor->here;
    return SQLITE_OK;
}

/* Ids within bounds on ids or addresses. */
static struct hs_error *filter_range(struct cursor *cursor, struct hs_lookup *lookup, int plan,
                                     sqlite3_value **argv)
{
    bool by_address = plan & BY_ADDRESS;
    struct hs_range range = {.low = 0, .high = by_address ? INT64_MAX : (int64_t)lookup->objects - 1};
    hs_vtab_narrow(&range, plan, argv);
    if (hs_range_is_empty(&range))
        return NULL;
    if (!by_address) {
        cursor->place = (uint32_t)range.low;
        cursor->place_end = (uint32_t)range.high + 1;
        return NULL;
    }
    struct hs_error *error = hs_lookup_address(lookup, (uint64_t)range.low, &cursor->chunk, &cursor->place);
    if (!error)
        error = hs_lookup_address(lookup, (uint64_t)range.high + 1, &cursor->chunk, &cursor->place_end);
    return error;
}

static struct hs_error *filter_address(struct cursor *cursor, struct hs_lookup *lookup, sqlite3_value *value)
{
    struct hs_range range = {.low = INT64_MIN, .high = INT64_MAX};
    hs_range_narrow(&range, SQLITE_INDEX_CONSTRAINT_EQ, value);
    if (hs_range_is_empty(&range))
        return NULL;
    uint32_t id;
    struct hs_error *error = hs_lookup_address(lookup, (uint64_t)range.low, &cursor->chunk, &id);
    if (!error && hs_chunk_has(cursor->chunk, id) &&
        cursor->chunk->address[id - cursor->chunk->first] == (uint64_t)range.low) {
        cursor->place = id;
        cursor->place_end = id + 1;
    }
    return error;
}

static struct hs_error *filter_type(struct cursor *cursor, struct hs_lookup *lookup, int plan,
                                    sqlite3_value **argv)
{
    cursor->typed = true;
    cursor->by_name = plan == PLAN_TYPE || plan == PLAN_BY_TYPE;
    cursor->type_end = lookup->types;
    if (plan == PLAN_TYPE_ID) {
        struct hs_range range = {.low = 0, .high = (int64_t)lookup->types - 1};
        hs_range_narrow(&range, SQLITE_INDEX_CONSTRAINT_EQ, *argv);
        bool empty = hs_range_is_empty(&range);
        cursor->type = empty ? 0 : (uint32_t)range.low;
        cursor->type_end = empty ? 0 : (uint32_t)range.high + 1;
    } else if (plan == PLAN_TYPE && sqlite3_value_type(*argv) == SQLITE_TEXT) {
        hs_lookup_types_named(lookup, (const char *)sqlite3_value_text(*argv),
                              (size_t)sqlite3_value_bytes(*argv), &cursor->type, &cursor->type_end);
    }
    return cursor->type < cursor->type_end ? hs_lookup_need_types(lookup) : NULL;
}

static int objects_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                          sqlite3_value **argv)
{
    (void)text, (void)argc;
    struct cursor *cursor = (struct cursor *)base;
    struct hs_lookup *lookup = &hs_vtab_attached(&cursor->base)->lookup;
    /* The pinned chunk stays: in a join the next row is often in it. */
    *cursor = (struct cursor){
        .base = cursor->base, .chunk = cursor->chunk, .descending = (plan & HS_PLAN_DESCENDING) != 0};
    struct hs_error *error = NULL;
    switch (plan & HS_PLAN_MASK) {
    case PLAN_SCAN:
        error = filter_range(cursor, lookup, plan, argv);
        break;
    case PLAN_ID: {
        struct hs_range range = {.low = 0, .high = (int64_t)lookup->objects - 1};
        hs_range_narrow(&range, SQLITE_INDEX_CONSTRAINT_EQ, *argv);
        if (!hs_range_is_empty(&range)) {
            cursor->place = (uint32_t)range.low;
            cursor->place_end = cursor->place + 1;
        }
        break;
    }
    case PLAN_ADDRESS:
        error = filter_address(cursor, lookup, *argv);
        break;
    default:
        error = filter_type(cursor, lookup, plan & HS_PLAN_MASK, argv);
    }
    return error ? hs_vtab_error(base->pVtab, error) : objects_next(base);
}

static int objects_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->eof;
}

static int objects_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = ((struct cursor *)base)->id;
    return SQLITE_OK;
}

/* Columns. */

static void result_value(sqlite3_context *context, struct cursor *cursor, struct hs_error **error)
{
    const char *text;
    size_t bytes;
    *error = hs_reader_value(hs_vtab_attached(&cursor->base)->reader, cursor->id, &text, &bytes);
    if (!*error && text)
        sqlite3_result_text64(context, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void result_site(sqlite3_context *context, struct cursor *cursor, struct hs_error **error)
{
    const char *text;
    *error = hs_reader_allocated_at(hs_vtab_attached(&cursor->base)->reader, cursor->id, &text);
    if (!*error && text)
        sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void result_derived(sqlite3_context *context, struct cursor *cursor, enum hs_derived column,
                           struct hs_error **error)
{
    struct hs_attached *attached = hs_vtab_attached(&cursor->base);
    if (!attached->derived || !attached->derived->get)
        return;
    struct hs_derived_value value = {.null = true};
    *error =
        attached->derived->get(attached->context, attached->db, attached->reader, cursor->id, column, &value);
    if (*error || value.null)
        return;
    if (column == HS_DERIVED_PATH)
        sqlite3_result_text(context, value.text, -1, SQLITE_TRANSIENT);
    else
        sqlite3_result_int64(context, value.number);
}

static void result_type(sqlite3_context *context, struct cursor *cursor, int column, struct hs_error **error)
{
    const struct hs_attached *attached = hs_vtab_attached(&cursor->base);
    uint32_t type = cursor->typed_as;
    if (!cursor->typed) {
        *error = hs_lookup_pin(attached->reader, cursor->id, HS_PART_OBJECTS, &cursor->chunk);
        if (*error)
            return;
        uint32_t shape = cursor->chunk->shape[cursor->id - cursor->chunk->first];
        type = hs_reader_shape(attached->reader, shape)->type;
    }
    if (column == HS_OBJECTS_TYPE_ID)
        sqlite3_result_int64(context, type);
    else
        sqlite3_result_text(context, hs_reader_type(attached->reader, type)->name,
                            (int)attached->lookup.name_bytes[type], SQLITE_STATIC);
}

static void result_chunk_column(sqlite3_context *context, const struct hs_chunk *chunk, uint32_t index,
                                int column)
{
    switch (column) {
    case HS_OBJECTS_ADDRESS:
        sqlite3_result_int64(context, (sqlite3_int64)chunk->address[index]);
        break;
    case HS_OBJECTS_SHALLOW_BYTES:
        sqlite3_result_int64(context, (sqlite3_int64)chunk->size[index]);
        break;
    case HS_OBJECTS_REFCOUNT:
        sqlite3_result_int64(context, (sqlite3_int64)chunk->refcount[index]);
        break;
    case HS_OBJECTS_GENERATION:
        if (chunk->generation[index] != HS_GENERATION_UNTRACKED)
            sqlite3_result_int(context, chunk->generation[index]);
        break;
    case HS_OBJECTS_TRACKED:
        sqlite3_result_int(context, chunk->generation[index] != HS_GENERATION_UNTRACKED);
        break;
    case HS_OBJECTS_LENGTH:
        if (chunk->length[index] != HS_NO_LENGTH)
            sqlite3_result_int64(context, (sqlite3_int64)chunk->length[index]);
        break;
    case HS_OBJECTS_IDENT:
        if (chunk->ident[index])
            sqlite3_result_int(context, chunk->ident[index]);
        break;
    }
}

static void result_stored(sqlite3_context *context, struct cursor *cursor, int column,
                          struct hs_error **error)
{
    const struct hs_attached *attached = hs_vtab_attached(&cursor->base);
    if (column == HS_OBJECTS_SHALLOW_BYTES && cursor->typed &&
        attached->lookup.type_size[cursor->here] != HS_LARGE) {
        sqlite3_result_int64(context, attached->lookup.type_size[cursor->here]);
        return;
    }
    *error = hs_lookup_pin(attached->reader, cursor->id, HS_PART_OBJECTS, &cursor->chunk);
    if (!*error)
        result_chunk_column(context, cursor->chunk, cursor->id - cursor->chunk->first, column);
}

static int objects_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    struct cursor *cursor = (struct cursor *)base;
    struct hs_error *error = NULL;
    switch (column) {
    case HS_OBJECTS_ID:
        sqlite3_result_int64(context, cursor->id);
        return SQLITE_OK;
    case HS_OBJECTS_TYPE_ID:
    case HS_OBJECTS_TYPE:
        result_type(context, cursor, column, &error);
        break;
    case HS_OBJECTS_INTERPRETER:
        /* Snapshots of version 1 hold the main interpreter alone. */
        sqlite3_result_int(context, 0);
        return SQLITE_OK;
    case HS_OBJECTS_VALUE:
        result_value(context, cursor, &error);
        break;
    case HS_OBJECTS_ALLOCATED_AT:
        result_site(context, cursor, &error);
        break;
    default:
        if (column >= HS_OBJECTS_DERIVED)
            result_derived(context, cursor, (enum hs_derived)(column - HS_OBJECTS_DERIVED), &error);
        else
            result_stored(context, cursor, column, &error);
    }
    return error ? hs_vtab_error(base->pVtab, error) : SQLITE_OK;
}

const sqlite3_module hs_objects_module = {
    .xCreate = objects_create,
    .xConnect = objects_connect,
    .xBestIndex = objects_best_index,
    .xDisconnect = hs_vtab_disconnect,
    .xDestroy = hs_vtab_disconnect,
    .xOpen = objects_open,
    .xClose = objects_close,
    .xFilter = objects_filter,
    .xNext = objects_next,
    .xEof = objects_eof,
    .xColumn = objects_column,
    .xRowid = objects_rowid,
};
