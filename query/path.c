/* Python expressions for chains.
 *
 * An expression grows at both ends: `x` becomes `list(x.values())[3]`. The pieces put in front are kept in a
 * list, written in reverse at the end, so that a path of a million steps costs no more than its length.
 */
#include "query/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct path {
    char **front; /* malloc'ed, the outermost last */
    size_t fronts;
    char *back;
    size_t back_bytes, back_room;
    bool failed; /* out of memory */
};

static void path_deinit(struct path *path)
{
    for (size_t i = 0; i < path->fronts; i++)
        free(path->front[i]);
    free(path->front);
    free(path->back);
}

static void put_bytes(struct path *path, const char *text, size_t bytes)
{
    if (path->back_room - path->back_bytes <= bytes) {
        size_t room = 2 * (path->back_room + bytes) + 64;
        char *grown = realloc(path->back, room);
        if (!grown) {
            path->failed = true;
            return;
        }
        path->back = grown;
        path->back_room = room;
    }
    memcpy(path->back + path->back_bytes, text, bytes);
    path->back_bytes += bytes;
}

static void put(struct path *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static void put_index(struct path *path, const char *before, uint32_t index, const char *after)
{
    char digits[16];
    snprintf(digits, sizeof(digits), "%u", index);
    put(path, before);
    put(path, digits);
    put(path, after);
}

/* Takes over `front`, which may be NULL when memory has run out. */
static void wrap_owned(struct path *path, char *front)
{
    bool full = !(path->fronts & (path->fronts - 1));
    char **grown = path->front;
    if (front && full)
        grown = realloc(path->front, (path->fronts ? 2 * path->fronts : 1) * sizeof(*grown));
    if (!front || !grown) {
        free(front);
        path->failed = true;
        return;
    }
    path->front = grown;
    path->front[path->fronts++] = front;
}

static void wrap(struct path *path, const char *front)
{
    wrap_owned(path, strdup(front));
}

static void put_literal(struct path *path, const char *text)
{
    char *literal = hs_python_literal(text, strlen(text));
    if (literal)
        put(path, literal);
    else
        path->failed = true;
    free(literal);
}

static char *path_finish(struct path *path)
{
    size_t bytes = path->back_bytes + 1;
    for (size_t i = 0; i < path->fronts; i++)
        bytes += strlen(path->front[i]);
    char *text = path->failed ? NULL : malloc(bytes), *end = text;
    if (!text)
        return NULL;
    for (size_t i = path->fronts; i-- > 0;)
        end = stpcpy(end, path->front[i]);
    memcpy(end, path->back, path->back_bytes);
    end[path->back_bytes] = '\0';
    return text;
}

char *hs_python_literal(const char *text, size_t bytes)
{
    char *literal = malloc(4 * bytes + 3), *end = literal;
    if (!literal)
        return NULL;
    *end++ = '\'';
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        /* U+2028 .. U+202E and U+2066 .. U+2069 break lines or turn the direction of the text around. */
        bool invisible = c == 0xe2 && i + 2 < bytes &&
                         (((unsigned char)text[i + 1] == 0x80 && (unsigned char)text[i + 2] >= 0xa8 &&
                           (unsigned char)text[i + 2] <= 0xae) ||
                          ((unsigned char)text[i + 1] == 0x81 && (unsigned char)text[i + 2] >= 0xa6 &&
                           (unsigned char)text[i + 2] <= 0xa9));
        if (invisible) {
            unsigned code =
                0x2000u | ((unsigned char)text[i + 1] & 0x3fu) << 6 | ((unsigned char)text[i + 2] & 0x3fu);
            end += sprintf(end, "\\u%04x", code & 0xffffu);
            i += 2;
        } else if (c == '\'' || c == '\\') {
            *end++ = '\\';
            *end++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            end += sprintf(end, "\\x%02x", c);
        } else {
            *end++ = (char)c;
        }
    }
    *end++ = '\'';
    *end = '\0';
    return literal;
}

static bool is_keyword(const char *name)
{
    static const char *const keywords[] = {
        "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
        "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
        "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
        "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield",
    };
    for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
        if (!strcmp(name, keywords[i]))
            return true;
    return false;
}

/* Letters beyond ASCII are taken to be ones that identifiers may have. */
static bool is_identifier(const char *name)
{
    if (!*name || strchr("0123456789", *name))
        return false;
    for (const char *at = name; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (!(c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
            return false;
    }
    return !is_keyword(name);
}

static bool is_dotted(const char *name)
{
    char part[256];
    for (;; name++) {
        size_t bytes = strcspn(name, ".");
        if (bytes >= sizeof(part))
            return false;
        memcpy(part, name, bytes);
        part[bytes] = '\0';
        if (!is_identifier(part))
            return false;
        name += bytes;
        if (!*name)
            return true;
    }
}

static const char *bare_name(const char *type)
{
    const char *dot = strrchr(type, '.');
    return dot ? dot + 1 : type;
}

static bool type_is(const struct hs_step *step, const char *name)
{
    return !strcmp(bare_name(step->type), name);
}

/* Classes are instances of type, and of metaclasses, which are called so by convention. */
static bool is_class(const struct hs_step *step)
{
    const char *name = bare_name(step->type);
    size_t bytes = strlen(name);
    return !strcmp(name, "type") || !strcmp(name, "EnumType") ||
           (bytes >= 4 && !strcmp(name + bytes - 4, "Meta"));
}

static void put_thread(struct path *path, const struct hs_chain *chain)
{
    if (chain->thread) {
        put(path, " in thread ");
        put(path, chain->thread);
    }
}

static void put_frame(struct path *path, const struct hs_chain *chain, const char *name)
{
    const char *function = chain->function ? chain->function : name;
    size_t bytes = strlen(function);
    if (strlen(name) > bytes + 1) {
        put(path, "<local ");
        put(path, name + bytes + 1);
        put(path, " of ");
    } else {
        put(path, "<running ");
    }
    put(path, function);
    put(path, "()");
    put_thread(path, chain);
    put(path, ">");
}

static void put_root(struct path *path, const struct hs_chain *chain)
{
    const struct hs_step *first = &chain->step[0];
    const char *name = first->name ? first->name : "";
    switch (chain->root_kind) {
    case HS_ROOT_MODULE:
        if (chain->importable && is_dotted(name)) {
            put(path, name);
        } else {
            put(path, "sys.modules[");
            put_literal(path, name);
            put(path, "]");
        }
        return;
    case HS_ROOT_FRAME:
        put_frame(path, chain, name);
        return;
    case HS_ROOT_EXTERNAL:
        put(path, "<external: ");
        put(path, name);
        put(path, " of C code that no object owns>");
        return;
    case HS_ROOT_KINDS:
        put(path, "<");
        put(path, first->type);
        put_index(path, " #", first->object, ">");
        return;
    case HS_ROOT_CONTEXT: /* is called like its thread */
        put(path, "<context variables");
        put_thread(path, chain);
        put(path, ">");
        return;
    default:
        put(path, "<");
        put(path, chain->root_kind == HS_ROOT_THREAD && *name ? "" : hs_root_kind_name(chain->root_kind));
        put(path, chain->root_kind == HS_ROOT_THREAD || !*name ? "" : " ");
        put(path, name);
        put_thread(path, chain);
        put(path, ">");
    }
}

/* An attribute as the instance itself holds it. */
static void put_attribute(struct path *path, const char *name)
{
    if (is_identifier(name)) {
        put(path, ".");
        put(path, name);
        return;
    }
    wrap(path, "getattr(");
    put(path, ", ");
    put_literal(path, name);
    put(path, ")");
}

/* An attribute from the namespace of `owner`. Reading some attributes of classes runs their __get__, which
 * gives another object than the one that is there. */
static void put_from_namespace(struct path *path, const struct hs_step *owner, const struct hs_step *step)
{
    bool descriptor =
        is_class(owner) && (step->descriptor || type_is(step, "staticmethod") ||
                            type_is(step, "classmethod") || type_is(step, "classmethod_descriptor"));
    if (is_identifier(step->name) && !descriptor) {
        put_attribute(path, step->name);
        return;
    }
    wrap(path, "vars(");
    put(path, ")[");
    put_literal(path, step->name);
    put(path, "]");
}

/* What Python cannot name. The cache of functools.lru_cache is worth a name of its own. */
static void put_internal(struct path *path, const struct hs_step *holder, const struct hs_step *step)
{
    char *front;
    if (type_is(holder, "_lru_cache_wrapper") && type_is(step, "dict"))
        wrap(path, "<cache of ");
    else if (step->name && *step->name)
        wrap_owned(path, asprintf(&front, "<%s of ", step->name) < 0 ? NULL : front);
    else if (step->slot != HS_NO_LABEL)
        wrap_owned(path, asprintf(&front, "<reference %u of ", step->slot) < 0 ? NULL : front);
    else
        wrap(path, "<a reference of ");
    put(path, ">");
}

static void put_key(struct path *path, const struct hs_step *holder, const struct hs_step *step)
{
    /* Subclasses may have a __iter__ of their own; the position is that in the dict itself. */
    wrap(path, type_is(holder, "OrderedDict") ? "list(dict.keys(" : "list(");
    put_index(path, type_is(holder, "OrderedDict") ? "))[" : ")[", step->index, "]");
}

static void put_value(struct path *path, const struct hs_step *holder, const struct hs_step *step)
{
    bool plain = type_is(holder, "dict") || type_is(holder, "defaultdict") || type_is(holder, "Counter");
    if (step->key) {
        put(path, "[");
        put(path, step->key);
        put(path, "]");
    } else if (plain) {
        wrap(path, "list(");
        put_index(path, ".values())[", step->index, "]");
    } else {
        wrap(path, "list(dict.values(");
        put_index(path, "))[", step->index, "]");
    }
}

static void put_local(struct path *path, const struct hs_step *holder, const struct hs_step *step)
{
    const char *frame = type_is(holder, "frame")             ? ".f_locals["
                        : type_is(holder, "generator")       ? ".gi_frame.f_locals["
                        : type_is(holder, "coroutine")       ? ".cr_frame.f_locals["
                        : type_is(holder, "async_generator") ? ".ag_frame.f_locals["
                                                             : NULL;
    if (!frame) { /* a greenlet: which of its frames is not known */
        char *front;
        wrap_owned(path, asprintf(&front, "<local %s of ", step->name) < 0 ? NULL : front);
        put(path, ">");
        return;
    }
    put(path, frame);
    put_literal(path, step->name);
    put(path, "]");
}

static void put_member(struct path *path, const struct hs_step *holder, const struct hs_step *step)
{
    if (!strcmp(step->name, "__subclasses__"))
        put_internal(path, holder, step); /* Python has a method of this name, but not the dict behind it */
    else
        put_attribute(path, step->name);
}

static void put_step(struct path *path, const struct hs_step *holder, const struct hs_step *step)
{
    bool named = step->name && *step->name;
    switch (step->kind) {
    case HS_REF_ITEM:
        put_index(path, "[", step->index, "]");
        return;
    case HS_REF_KEY:
        put_key(path, holder, step);
        return;
    case HS_REF_VALUE:
        put_value(path, holder, step);
        return;
    case HS_REF_TYPE:
        wrap(path, "type(");
        put(path, ")");
        return;
    case HS_REF_CELL:
        if (type_is(holder, "cell") || !named) {
            put(path, ".cell_contents");
            return;
        }
        wrap(path, "inspect.getclosurevars(");
        put(path, ").nonlocals[");
        put_literal(path, step->name);
        put(path, "]");
        return;
    case HS_REF_LOCAL:
        if (named)
            put_local(path, holder, step);
        else
            put_internal(path, holder, step);
        return;
    case HS_REF_ATTRIBUTE:
    case HS_REF_GLOBAL:
    case HS_REF_SLOT:
    case HS_REF_MEMBER:
        if (!named)
            put_internal(path, holder, step);
        else if (step->kind == HS_REF_MEMBER)
            put_member(path, holder, step);
        else if (type_is(holder, "dict")) { /* a namespace that was not reached through its owner */
            put(path, "[");
            put_literal(path, step->name);
            put(path, "]");
        } else
            put_attribute(path, step->name);
        return;
    default:
        if (type_is(holder, "deque") && step->slot != HS_NO_LABEL)
            put_index(path, "[", step->slot, "]");
        else
            put_internal(path, holder, step);
    }
}

static bool is_namespace(const struct hs_step *step)
{
    return step->kind == HS_REF_MEMBER && step->name && !strcmp(step->name, "__dict__");
}

/* A namespace dict itself, or something in it that is no attribute. vars(class) is a proxy. */
static void put_namespace(struct path *path, const struct hs_step *owner)
{
    if (is_class(owner)) {
        wrap(path, "gc.get_referents(");
        put(path, ".__dict__)[0]");
    } else {
        put(path, ".__dict__");
    }
}

struct hs_error *hs_path_format(const struct hs_chain *chain, char **ret)
{
    struct path path = {0};
    if (chain->count == 0)
        put(&path, "<unreachable>");
    else
        put_root(&path, chain);
    for (size_t i = 1; i < chain->count; i++) {
        const struct hs_step *holder = &chain->step[i - 1], *step = &chain->step[i];
        if (!is_namespace(step)) {
            put_step(&path, holder, step);
            continue;
        }
        const struct hs_step *next = i + 1 < chain->count ? &chain->step[i + 1] : NULL;
        if (next && (next->kind == HS_REF_ATTRIBUTE || next->kind == HS_REF_GLOBAL) && next->name) {
            put_from_namespace(&path, holder, next);
            i++;
        } else {
            put_namespace(&path, holder);
        }
    }
    *ret = path_finish(&path);
    path_deinit(&path);
    return *ret ? NULL : &hs_error_memory;
}
