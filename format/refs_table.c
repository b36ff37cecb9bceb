/* The virtual table `refs`: one row for each reference from one object of a snapshot to another.
 *
 *   src     INTEGER  the holder, objects.id
 *   dst     INTEGER  what it refers to, objects.id
 *   kind    TEXT     attribute item key value slot local cell global type member internal
 *   name    TEXT     of the attribute, variable or namespace key; for a value of a plain dict the stored
 *                    value of its key, if there is one; else NULL
 *   slot    INTEGER  position in a list, tuple, dict or set, from 0 (a key and its value share one); NULL for
 *                    named references
 *   owning  INTEGER  0 for weak and borrowed references, which keep nothing alive
 *   rowid            src * 2^32 + position among the holder's references
 *
 * xBestIndex takes the first of these that fits; what it does not take SQLite checks itself:
 *   rowid = ?                  one reference
 *   src = ?                    what an object refers to
 *   dst = ?                    what refers to an object
 *   src < <= > >= ?            references of a stretch of ids, at most one bound on each side
 *   nothing                    all, in the order of src, or if that satisfies the ORDER BY, of dst or kind
 * and with any of these
 *   kind = ?                   (BINARY collation) passes over the objects that have no such references
 * ORDER BY and GROUP BY on src; dst; "dst, src"; kind; "kind, src"; rowid need no sorter, ascending or
 * descending.
 *
 * idxNum:
 *   bits 0-2   plan, enum plan below
 *   bits 3-7   those of format/vtab_plan.h
 *   bit  8     KIND: the kind in argv, after those
 * argv: the value of the equality, or the bounds; the kind.
 *
 * Plans by kind go over the references once for each kind. Plans by dst run over the reverse of the
 * references, which the first of them makes for the whole snapshot (format/lookup.h). They decode the chunk
 * of a holder only for kind, name, slot and owning.
 */
#include "format/attached.h"

#include "format/vtab_plan.h"

#include <string.h>

static const char declaration[] =
    "CREATE TABLE refs(src INTEGER, dst INTEGER, kind TEXT, name TEXT, slot INTEGER, owning INTEGER)";

enum plan {
    PLAN_SCAN = 0,
    PLAN_ROWID,
    PLAN_SRC,
    PLAN_DST,
    PLAN_BY_DST,
    PLAN_BY_KIND,
};
#define KIND 0x100

#define ALL_KINDS ((1u << HS_REF_KINDS) - 1)
/* In the order of their names. */
static const uint8_t sorted_kinds[HS_REF_KINDS] = {
    HS_REF_ATTRIBUTE, HS_REF_CELL,   HS_REF_GLOBAL, HS_REF_INTERNAL, HS_REF_ITEM,  HS_REF_KEY,
    HS_REF_LOCAL,     HS_REF_MEMBER, HS_REF_SLOT,   HS_REF_TYPE,     HS_REF_VALUE,
};

/* The column that the rowid counts as, when it comes to order. */
#define ROWID 8

struct cursor {
    sqlite3_vtab_cursor base;
    const struct hs_chunk *chunk; /* pinned: forwards the one of src, backwards perhaps another one */
    uint32_t node, node_end;      /* what is left of the ids walked over: src forwards, dst backwards */
    uint32_t src, dst;
    uint32_t position; /* among the references of src */
    /* Forwards: what is left of the references of src, as positions; backwards: of those to dst, as places in
     * lookup.in. Ascending from at, or descending from at_end - 1. */
    uint32_t at, at_end;
    const uint32_t *ref;     /* forwards: destinations of src in its chunk */
    uint32_t plain;          /* forwards: how many these are; position `plain` is the reference to the type */
    unsigned kinds;          /* bits 1 << enum hs_ref_kind: of the rows that are wanted */
    bool look;               /* some references of src are of other kinds */
    uint8_t kind, kinds_end; /* by kind: what is left of sorted_kinds */
    bool backwards;
    bool descending;
    bool labelled; /* label is of the current row */
    bool eof;
    struct hs_ref label;
};

static int refs_connect(sqlite3 *db, void *catalog, int argc, const char *const *argv, sqlite3_vtab **ret,
                        char **ret_message)
{
    (void)argc;
    return hs_vtab_connect(db, catalog, argv[1], declaration, ret, ret_message);
}

/* Not the same function as xConnect: see objects_table.c. */
static int refs_create(sqlite3 *db, void *catalog, int argc, const char *const *argv, sqlite3_vtab **ret,
                       char **ret_message)
{
    return refs_connect(db, catalog, argc, argv, ret, ret_message);
}

/* Planning. */

static int same_column(int column)
{
    return column < 0 ? ROWID : column;
}

struct wanted {
    int rowid, src, dst, lower, upper, kind;
};

static void want(struct wanted *wanted, sqlite3_index_info *info, int index)
{
    int column = info->aConstraint[index].iColumn;
    switch (info->aConstraint[index].op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
        if (column < 0)
            wanted->rowid = index;
        else if (column == HS_REFS_SRC)
            wanted->src = index;
        else if (column == HS_REFS_DST)
            wanted->dst = index;
        else if (column == HS_REFS_KIND && !sqlite3_stricmp(sqlite3_vtab_collation(info, index), "BINARY"))
            wanted->kind = index;
        break;
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
        if (column == HS_REFS_SRC)
            wanted->lower = index;
        break;
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE:
        if (column == HS_REFS_SRC)
            wanted->upper = index;
        break;
    }
}

static void order(sqlite3_index_info *info, const int *key, int keys, unsigned constant)
{
    hs_vtab_order(info, key, keys, constant, ROWID, same_column);
}

/* All references, or those of a stretch of src. Gives the next place in argv. */
static int plan_all(sqlite3_index_info *info, const struct wanted *wanted, uint64_t rows)
{
    static const int by_src[] = {HS_REFS_SRC, ROWID}, by_rowid[] = {ROWID};
    static const int by_dst[] = {HS_REFS_DST, HS_REFS_SRC, ROWID},
                     by_kind[] = {HS_REFS_KIND, HS_REFS_SRC, ROWID};
    unsigned constant = wanted->kind >= 0 ? 1u << HS_REFS_KIND : 0;
    int place = 1;
    rows = hs_vtab_use_bounds(info, wanted->lower, wanted->upper, &place, rows);
    hs_vtab_estimate(info, rows, HS_COST_LOOKUP);
    order(info, by_src, 2, constant);
    if (!info->orderByConsumed)
        order(info, by_rowid, 1, constant);
    if (info->orderByConsumed || !info->nOrderBy || place > 1)
        return place;
    order(info, by_dst, 3, constant);
    if (info->orderByConsumed) {
        info->idxNum |= PLAN_BY_DST;
        hs_vtab_estimate(info, rows, (double)rows / 2);
        return place;
    }
    order(info, by_kind, 3, constant);
    if (info->orderByConsumed) {
        info->idxNum |= PLAN_BY_KIND;
        hs_vtab_estimate(info, rows, (double)rows);
    }
    return place;
}

static int refs_best_index(sqlite3_vtab *vtab, sqlite3_index_info *info)
{
    static const int by_rowid[] = {ROWID}, by_src[] = {HS_REFS_SRC, ROWID};
    const struct hs_attached *attached = ((struct hs_vtab *)vtab)->attached;
    uint64_t refs = hs_reader_refs(attached->reader);
    uint64_t degree = attached->lookup.objects ? refs / attached->lookup.objects + 1 : 1;
    struct wanted wanted = {.rowid = -1, .src = -1, .dst = -1, .lower = -1, .upper = -1, .kind = -1};
    for (int i = 0; i < info->nConstraint; i++)
        if (info->aConstraint[i].usable)
            want(&wanted, info, i);
    int place = 2;
    info->idxNum = PLAN_SCAN;
    if (wanted.rowid >= 0) {
        info->idxNum = PLAN_ROWID;
        info->idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
        info->orderByConsumed = info->nOrderBy > 0;
        hs_vtab_use(info, wanted.rowid, 1, true);
        hs_vtab_estimate(info, 1, HS_COST_LOOKUP);
    } else if (wanted.src >= 0) {
        info->idxNum = PLAN_SRC;
        hs_vtab_use(info, wanted.src, 1, true);
        hs_vtab_estimate(info, degree, HS_COST_LOOKUP);
        order(info, by_rowid, 1, 1u << HS_REFS_SRC);
    } else if (wanted.dst >= 0) {
        info->idxNum = PLAN_DST;
        hs_vtab_use(info, wanted.dst, 1, true);
        hs_vtab_estimate(info, degree, HS_COST_REVERSE);
        order(info, by_src, 2, 1u << HS_REFS_DST);
    } else {
        place = plan_all(info, &wanted, refs);
    }
    if (wanted.kind >= 0) {
        info->idxNum |= KIND;
        hs_vtab_use(info, wanted.kind, place, true);
        info->estimatedRows = info->estimatedRows / 4 + 1;
    }
    return SQLITE_OK;
}

/* Walking. */

static int refs_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret)
{
    (void)vtab;
    struct cursor *cursor = sqlite3_malloc(sizeof(*cursor));
    if (!cursor)
        return SQLITE_NOMEM;
    *cursor = (struct cursor){.eof = true};
    *ret = &cursor->base;
    return SQLITE_OK;
}

static int refs_close(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    hs_lookup_unpin(hs_vtab_attached(&cursor->base)->reader, &cursor->chunk);
    sqlite3_free(cursor);
    return SQLITE_OK;
}

/* Makes `src` the holder whose references are walked over. */
static struct hs_error *enter_src(struct cursor *cursor, uint32_t src)
{
    struct hs_attached *attached = hs_vtab_attached(&cursor->base);
    struct hs_reader *reader = attached->reader;
    struct hs_error *error = hs_lookup_pin(reader, src, HS_PART_REFS, &cursor->chunk);
    if (error)
        return error;
    const struct hs_chunk *chunk = cursor->chunk;
    uint32_t index = src - chunk->first;
    if (cursor->kinds != ALL_KINDS) {
        error = hs_lookup_learn_shapes(&attached->lookup);
        if (error)
            return error;
        unsigned kinds = attached->lookup.shape_kinds[chunk->shape[index]];
        if (!(kinds & cursor->kinds))
            return NULL;
        cursor->look = (kinds & ~cursor->kinds) != 0;
    }
    cursor->src = src;
    cursor->ref = chunk->dst + chunk->ref_start[index];
    cursor->plain = chunk->ref_start[index + 1] - chunk->ref_start[index];
    cursor->at = 0;
    cursor->at_end = hs_chunk_refs(reader, chunk, index);
    return NULL;
}

static void enter_dst(struct cursor *cursor, uint32_t dst)
{
    const struct hs_lookup *lookup = &hs_vtab_attached(&cursor->base)->lookup;
    cursor->dst = dst;
    cursor->at = lookup->in_start[dst];
    cursor->at_end = lookup->in_start[dst + 1];
}

static struct hs_error *need_label(struct cursor *cursor)
{
    if (cursor->labelled)
        return NULL;
    struct hs_reader *reader = hs_vtab_attached(&cursor->base)->reader;
    struct hs_error *error = hs_lookup_pin(reader, cursor->src, HS_PART_REFS, &cursor->chunk);
    if (error)
        return error;
    hs_chunk_ref(reader, cursor->chunk, cursor->src - cursor->chunk->first, cursor->position, &cursor->label);
    cursor->labelled = true;
    return NULL;
}

/* By kind: starts over with the next one. */
static bool next_kind(struct cursor *cursor)
{
    if (cursor->kind == cursor->kinds_end)
        return false;
    uint8_t at = cursor->descending ? --cursor->kinds_end : cursor->kind++;
    cursor->kinds = 1u << sorted_kinds[at];
    cursor->node = 0;
    cursor->node_end = hs_vtab_attached(&cursor->base)->lookup.objects;
    return true;
}

/* Goes on to the next id that has references, and stands on the first of them; false at the end. */
static struct hs_error *next_node(struct cursor *cursor, bool *ret)
{
    struct hs_error *error = NULL;
    *ret = true;
    while (cursor->at == cursor->at_end && !error) {
        if (cursor->node == cursor->node_end) {
            if (next_kind(cursor))
                continue;
            *ret = false;
            return NULL;
        }
        uint32_t node = cursor->descending ? --cursor->node_end : cursor->node++;
        if (cursor->backwards)
            enter_dst(cursor, node);
        else
            error = enter_src(cursor, node);
    }
    return error;
}

static void take_row(struct cursor *cursor)
{
    uint32_t at = cursor->descending ? --cursor->at_end : cursor->at++;
    cursor->position = at;
    cursor->labelled = false;
    if (cursor->backwards) {
        struct hs_referrer in = hs_vtab_attached(&cursor->base)->lookup.in[at];
        cursor->src = in.src;
        cursor->position = in.position;
    }
}

static int refs_next(sqlite3_vtab_cursor *base)
{
    struct cursor *cursor = (struct cursor *)base;
    struct hs_error *error = NULL;
    bool wanted = false, more = true;
    while (!wanted && more && !error) {
        if (cursor->at == cursor->at_end)
            error = next_node(cursor, &more);
        if (error || !more)
            break;
        take_row(cursor);
        wanted = true;
        if (cursor->look) {
            error = need_label(cursor);
            wanted = cursor->kinds >> cursor->label.kind & 1;
        }
    }
    cursor->eof = !more;
    return hs_vtab_error(base->pVtab, error);
}

/* One reference: the rowid's high half is the holder, the low half the position. */
static int filter_rowid(struct cursor *cursor, sqlite3_value *value)
{
    struct hs_range range = {.low = INT64_MIN, .high = INT64_MAX};
    hs_range_narrow(&range, SQLITE_INDEX_CONSTRAINT_EQ, value);
    uint64_t src = (uint64_t)range.low >> 32;
    uint32_t position = (uint32_t)range.low;
    if (hs_range_is_empty(&range) || src >= hs_vtab_attached(&cursor->base)->lookup.objects)
        return SQLITE_OK;
    struct hs_error *error = enter_src(cursor, (uint32_t)src);
    if (error)
        return hs_vtab_error(cursor->base.pVtab, error);
    if (position >= cursor->at_end) {
        cursor->at = cursor->at_end;
        return SQLITE_OK;
    }
    cursor->at = position;
    cursor->at_end = position + 1;
    return SQLITE_OK;
}

/* The kind of that name as a bit; no bit for anything else. */
static unsigned kinds_named(sqlite3_value *value)
{
    if (sqlite3_value_type(value) != SQLITE_TEXT)
        return 0;
    const char *name = (const char *)sqlite3_value_text(value);
    size_t bytes = (size_t)sqlite3_value_bytes(value);
    for (unsigned kind = 0; kind < HS_REF_KINDS; kind++)
        if (name && strlen(hs_ref_kind_name(kind)) == bytes && !memcmp(hs_ref_kind_name(kind), name, bytes))
            return 1u << kind;
    return 0;
}

static int refs_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc, sqlite3_value **argv)
{
    (void)text;
    struct cursor *cursor = (struct cursor *)base;
    struct hs_attached *attached = hs_vtab_attached(&cursor->base);
    int which = plan & HS_PLAN_MASK;
    *cursor = (struct cursor){
        .base = cursor->base,
        .chunk = cursor->chunk,
        .kinds = plan & KIND ? kinds_named(argv[argc - 1]) : ALL_KINDS,
        .backwards = which == PLAN_DST || which == PLAN_BY_DST,
        .descending = (plan & HS_PLAN_DESCENDING) != 0,
        .eof = true,
    };
    if (!cursor->kinds)
        return SQLITE_OK;
    cursor->look = cursor->backwards && cursor->kinds != ALL_KINDS;
    if (which == PLAN_BY_KIND) {
        cursor->kinds_end = HS_REF_KINDS;
        return refs_next(base);
    }
    if (which == PLAN_ROWID) {
        int status = filter_rowid(cursor, *argv);
        return status ? status : refs_next(base);
    }
    struct hs_range range = {.low = 0, .high = (int64_t)attached->lookup.objects - 1};
    if (which == PLAN_SRC || which == PLAN_DST)
        hs_range_narrow(&range, SQLITE_INDEX_CONSTRAINT_EQ, *argv);
    else
        hs_vtab_narrow(&range, plan, argv);
    if (!hs_range_is_empty(&range)) {
        struct hs_error *error = cursor->backwards ? hs_lookup_need_referrers(&attached->lookup) : NULL;
        if (error)
            return hs_vtab_error(base->pVtab, error);
        cursor->node = (uint32_t)range.low;
        cursor->node_end = (uint32_t)range.high + 1;
    }
    return refs_next(base);
}

static int refs_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->eof;
}

static int refs_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    const struct cursor *cursor = (struct cursor *)base;
    *ret = (sqlite3_int64)((uint64_t)cursor->src << 32 | cursor->position);
    return SQLITE_OK;
}

/* Columns. */

static uint32_t current_dst(const struct cursor *cursor)
{
    if (cursor->backwards)
        return cursor->dst;
    if (cursor->position < cursor->plain)
        return cursor->ref[cursor->position];
    struct hs_reader *reader = hs_vtab_attached(&cursor->base)->reader;
    uint32_t shape = cursor->chunk->shape[cursor->src - cursor->chunk->first];
    return hs_reader_type(reader, hs_reader_shape(reader, shape)->type)->object;
}

/* The value of a plain dict's key stands before it, and its object may have a stored value of its own. */
static struct hs_error *result_key(sqlite3_context *context, const struct cursor *cursor)
{
    struct hs_reader *reader = hs_vtab_attached(&cursor->base)->reader;
    const struct hs_chunk *chunk = cursor->chunk;
    uint32_t index = cursor->src - chunk->first;
    const struct hs_shape *shape = hs_reader_shape(reader, chunk->shape[index]);
    if (shape->tail != HS_TAIL_PAIR || cursor->position <= shape->fields)
        return NULL;
    const char *text;
    size_t bytes;
    struct hs_error *error =
        hs_reader_value(reader, chunk->dst[chunk->ref_start[index] + cursor->position - 1], &text, &bytes);
    if (!error && text)
        sqlite3_result_text64(context, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
    return error;
}

static struct hs_error *result_label(sqlite3_context *context, struct cursor *cursor, int column)
{
    struct hs_error *error = need_label(cursor);
    if (error)
        return error;
    const struct hs_ref *label = &cursor->label;
    switch (column) {
    case HS_REFS_KIND:
        sqlite3_result_text(context, hs_ref_kind_name(label->kind), -1, SQLITE_STATIC);
        break;
    case HS_REFS_NAME:
        if (label->name)
            sqlite3_result_text64(context, label->name, label->name_bytes, SQLITE_STATIC, SQLITE_UTF8);
        else if (label->kind == HS_REF_VALUE)
            return result_key(context, cursor);
        break;
    case HS_REFS_SLOT:
        if (label->slot != HS_NO_LABEL)
            sqlite3_result_int64(context, label->slot);
        break;
    case HS_REFS_OWNING:
        sqlite3_result_int(context, label->owning);
        break;
    }
    return NULL;
}

static int refs_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
    struct cursor *cursor = (struct cursor *)base;
    switch (column) {
    case HS_REFS_SRC:
        sqlite3_result_int64(context, cursor->src);
        return SQLITE_OK;
    case HS_REFS_DST:
        sqlite3_result_int64(context, current_dst(cursor));
        return SQLITE_OK;
    default:
        return hs_vtab_error(base->pVtab, result_label(context, cursor, column));
    }
}

const sqlite3_module hs_refs_module = {
    .xCreate = refs_create,
    .xConnect = refs_connect,
    .xBestIndex = refs_best_index,
    .xDisconnect = hs_vtab_disconnect,
    .xDestroy = hs_vtab_disconnect,
    .xOpen = refs_open,
    .xClose = refs_close,
    .xFilter = refs_filter,
    .xNext = refs_next,
    .xEof = refs_eof,
    .xColumn = refs_column,
    .xRowid = refs_rowid,
};
