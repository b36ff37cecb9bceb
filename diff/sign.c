/* Signing: from the explaining tree of one snapshot to the group of each of its objects. */
#include "diff/group.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* Longer names keep their numbers. */
#define NAME_FOLDED 256

struct signer {
    struct hs_groups *groups;
    const struct hs_graph *graph;
    const struct hs_roots *roots;
    const struct hs_tree *tree;
    uint32_t *type;       /* [types]: number of each type's name */
    uint32_t *label_edge; /* [labels]: number of the edge that a label makes, HS_NO_LABEL until asked */
    uint32_t kind_edge[HS_REF_KINDS]; /* the same for references without a label */
    uint32_t *group;                  /* [nodes]: the result */
    struct hs_names tool;             /* functions of this project's Python package that were running */
};

/* The name without the numbers in it: what is called item_1, item_2 ... is one place. */
static struct hs_error *add_name(struct signer *signer, const char *name, uint32_t bytes, uint32_t *ret)
{
    char folded[NAME_FOLDED];
    uint32_t length = 0;
    if (bytes > sizeof(folded))
        return hs_names_add(&signer->groups->names, name, bytes, ret);
    for (uint32_t i = 0; i < bytes; i++) {
        bool digit = name[i] >= '0' && name[i] <= '9';
        if (!digit)
            folded[length++] = name[i];
        else if (!length || folded[length - 1] != '#')
            folded[length++] = '#';
    }
    return hs_names_add(&signer->groups->names, folded, length, ret);
}

static struct hs_error *make_edge(struct signer *signer, uint8_t kind, const char *name, uint32_t bytes,
                                  uint32_t *ret)
{
    struct hs_edge edge = {.kind = kind, .name = HS_NO_LABEL};
    bool element = kind == HS_REF_ITEM || kind == HS_REF_KEY || kind == HS_REF_VALUE;
    if (name && !element) {
        struct hs_error *error = add_name(signer, name, bytes, &edge.name);
        if (error)
            return error;
    }
    return hs_groups_edge(signer->groups, &edge, ret);
}

/* The edge by which the tree reaches an object that is not a root's. */
static struct hs_error *find_edge(struct signer *signer, uint32_t object, uint32_t *ret)
{
    const struct hs_graph *graph = signer->graph;
    uint64_t at = graph->out_start[signer->tree->parent[object]] + signer->tree->position[object];
    uint32_t number = graph->out_label[at];
    uint8_t kind = graph->out_flags[at] & HS_EDGE_KIND;
    uint32_t *edge = number == HS_NO_LABEL ? &signer->kind_edge[kind] : &signer->label_edge[number];
    struct hs_error *error = NULL;
    if (*edge == HS_NO_LABEL && number == HS_NO_LABEL) {
        error = make_edge(signer, kind, NULL, 0, edge);
    } else if (*edge == HS_NO_LABEL) {
        const struct hs_label *label = hs_reader_label(graph->reader, number);
        error = make_edge(signer, label->kind, label->name, label->bytes, edge);
    }
    *ret = *edge;
    return error;
}

/* Is the root a variable of the package's own frames? The name is FUNCTION.VARIABLE, or FUNCTION for what
 * is on its stack. */
static bool is_tool_root(const struct signer *signer, const struct hs_root *root)
{
    if (root->kind != HS_ROOT_FRAME || !root->name)
        return false;
    for (uint32_t i = 0; i < signer->tool.count; i++) {
        uint32_t bytes = signer->tool.bytes[i];
        if (!strncmp(root->name, signer->tool.text[i], bytes) &&
            (!root->name[bytes] || root->name[bytes] == '.'))
            return true;
    }
    return false;
}

static struct hs_error *find_root_edge(struct signer *signer, uint32_t object, uint32_t *ret)
{
    const struct hs_root *root = &signer->roots->root[signer->tree->root[object]];
    struct hs_edge edge = {.root = true, .kind = root->kind, .name = HS_NO_LABEL};
    const char *name = is_tool_root(signer, root) ? HS_GROUP_TOOL : root->name;
    struct hs_error *error = NULL;
    if (name && root->kind != HS_ROOT_EXTERNAL) /* there it only counts */
        error = add_name(signer, name, (uint32_t)strlen(name), &edge.name);
    return error ? error : hs_groups_edge(signer->groups, &edge, ret);
}

/* Signs an object whose holder is signed. */
static struct hs_error *sign_one(struct signer *signer, uint32_t object)
{
    uint32_t holder = signer->tree->parent[object], edge = 0;
    struct hs_error *error =
        holder == HS_NO_OBJECT ? find_root_edge(signer, object, &edge) : find_edge(signer, object, &edge);
    uint32_t above = holder == HS_NO_OBJECT ? HS_NO_GROUP : signer->group[holder];
    if (!error)
        error = hs_groups_child(signer->groups, above, edge, signer->type[signer->graph->type[object]],
                                &signer->group[object]);
    return error;
}

static struct hs_error *sign_all(struct signer *signer, size_t snapshot)
{
    struct hs_groups *groups = signer->groups;
    memset(signer->group, 0xff, signer->graph->nodes * sizeof(*signer->group));
    for (uint32_t i = 0; i < signer->tree->reached; i++) {
        uint32_t object = signer->tree->order[i];
        struct hs_error *error = sign_one(signer, object);
        if (error)
            return error;
        size_t at = signer->group[object] * groups->snapshots + snapshot;
        groups->objects[at]++;
        groups->bytes[at] += signer->graph->size[object];
    }
    return NULL;
}

/* Functions that ran in the package's files and nowhere else. */
static struct hs_error *read_tool_functions(struct signer *signer)
{
    static const char sql[] =
        "SELECT function FROM frames GROUP BY function "
        "HAVING min(file GLOB '*/heapdump/_snap.py' OR file GLOB '*/heapdump/__init__.py')";
    struct sqlite3 *db = hs_reader_db(signer->graph->reader);
    sqlite3_stmt *statement = NULL;
    struct hs_error *error = NULL;
    int status = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (status == SQLITE_OK)
        status = sqlite3_step(statement);
    for (; !error && status == SQLITE_ROW; status = sqlite3_step(statement)) {
        const char *name = (const char *)sqlite3_column_text(statement, 0);
        uint32_t number;
        if (name)
            error = hs_names_add(&signer->tool, name, (uint32_t)strlen(name), &number);
    }
    if (!error && status != SQLITE_DONE)
        error = hs_error_create(HS_ERROR_SQL, "%s: cannot read the table frames: %s",
                                hs_reader_path(signer->graph->reader), sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    return error;
}

static struct hs_error *prepare(struct signer *signer)
{
    struct hs_reader *reader = signer->graph->reader;
    size_t types = hs_reader_types(reader), labels = hs_reader_labels(reader);
    signer->type = malloc((types + 1) * sizeof(*signer->type));
    signer->label_edge = malloc((labels + 1) * sizeof(*signer->label_edge));
    signer->group = malloc(((size_t)signer->graph->nodes + 1) * sizeof(*signer->group));
    if (!signer->type || !signer->label_edge || !signer->group)
        return &hs_error_memory;
    memset(signer->label_edge, 0xff, labels * sizeof(*signer->label_edge));
    memset(signer->kind_edge, 0xff, sizeof(signer->kind_edge));
    for (uint32_t i = 0; i < types; i++) {
        const char *name = hs_reader_type(reader, i)->name;
        struct hs_error *error =
            hs_names_add(&signer->groups->names, name, (uint32_t)strlen(name), &signer->type[i]);
        if (error)
            return error;
    }
    return read_tool_functions(signer);
}

struct hs_error *hs_groups_sign(struct hs_groups *groups, size_t snapshot, const struct hs_graph *graph,
                                const struct hs_roots *roots, const struct hs_tree *tree, uint32_t **ret)
{
    struct signer signer = {.groups = groups, .graph = graph, .roots = roots, .tree = tree};
    struct hs_error *error = prepare(&signer);
    if (!error)
        error = sign_all(&signer, snapshot);
    free(signer.type);
    free(signer.label_edge);
    hs_names_deinit(&signer.tool);
    if (error)
        free(signer.group);
    else
        *ret = signer.group;
    return error;
}
