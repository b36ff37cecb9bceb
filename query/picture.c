#include "query/picture.h"

#include "query/inspect.h"
#include "query/quantity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Types whose elements have no keys. */
static bool is_set(const char *type)
{
    return type && (!strcmp(type, "set") || !strcmp(type, "frozenset"));
}

struct hs_error *hs_ref_format(uint8_t kind, const char *name, size_t name_bytes, uint32_t slot,
                               const char *holder, char **ret)
{
    struct hs_text text = {0};
    bool numbered = slot != HS_NO_LABEL;
    switch (kind) {
    case HS_REF_ITEM:
        hs_text_puts(&text, "[");
        if (numbered)
            hs_text_printf(&text, "%u", slot);
        else if (name)
            hs_text_put(&text, name, name_bytes);
        hs_text_puts(&text, "]");
        break;
    case HS_REF_KEY:
        if (is_set(holder))
            hs_text_printf(&text, numbered ? "element #%u" : "element", slot);
        else
            hs_text_printf(&text, numbered ? ".keys()[%u]" : ".keys()", slot);
        break;
    case HS_REF_VALUE:
        if (name) {
            hs_text_puts(&text, "[");
            hs_text_put(&text, name, name_bytes);
            hs_text_puts(&text, "]");
        } else {
            hs_text_printf(&text, numbered ? ".values()[%u]" : ".values()", slot);
        }
        break;
    case HS_REF_LOCAL:
    case HS_REF_CELL:
        if (!name || (name_bytes == strlen("cell_contents") && !memcmp(name, "cell_contents", name_bytes))) {
            hs_text_puts(&text, kind == HS_REF_LOCAL ? "local" : ".cell_contents");
            break;
        }
        hs_text_puts(&text, kind == HS_REF_LOCAL ? "local " : "closure ");
        hs_text_put(&text, name, name_bytes);
        break;
    case HS_REF_TYPE:
        hs_text_puts(&text, "type");
        break;
    case HS_REF_INTERNAL:
        hs_text_puts(&text, "internal");
        if (name) {
            hs_text_puts(&text, " ");
            hs_text_put(&text, name, name_bytes);
        } else if (numbered) {
            hs_text_printf(&text, " #%u", slot);
        }
        break;
    default: /* attribute, slot, global, member: reached by a dot */
        hs_text_puts(&text, ".");
        if (name)
            hs_text_put(&text, name, name_bytes);
        else
            hs_text_puts(&text, "?");
    }
    *ret = hs_text_take(&text);
    return *ret ? NULL : &hs_error_memory;
}

struct hs_error *hs_step_format(const struct hs_step *step, char **ret)
{
    if (step->kind == HS_REF_VALUE && step->key) {
        *ret = NULL;
        return asprintf(ret, "[%s]", step->key) < 0 ? &hs_error_memory : NULL;
    }
    return hs_ref_format(step->kind, step->name, step->name ? strlen(step->name) : 0, step->index,
                         step[-1].type, ret);
}

struct hs_error *hs_picture_object(struct hs_drawing *drawing, struct hs_reader *reader, uint32_t object,
                                   bool target)
{
    if (hs_drawing_has(drawing, object))
        return NULL;
    struct hs_inspected inspected;
    struct hs_error *error = hs_inspect(reader, object, &inspected);
    if (error)
        return error;
    char size[HS_QUANTITY_MAX], length[HS_QUANTITY_MAX];
    struct hs_text note = {0};
    hs_text_puts(&note, hs_bytes_format(size, inspected.size));
    if (inspected.length != HS_NO_LENGTH && hs_draw_kind_of(inspected.type_name) == HS_DRAW_CONTAINER)
        hs_text_printf(&note, ", %s %s", hs_count_format(length, inspected.length),
                       inspected.length == 1 ? "item" : "items");
    hs_text_printf(&note, "   #%u", object);
    error = hs_text_error(&note);
    if (!error) {
        error = hs_drawing_node(drawing, &(struct hs_draw_node){
                                             .object = object,
                                             .kind = hs_draw_kind_of(inspected.type_name),
                                             .type = inspected.type_name,
                                             .value = inspected.value,
                                             .note = hs_text_string(&note),
                                             .target = target,
                                         });
    }
    hs_text_deinit(&note);
    hs_inspected_deinit(&inspected);
    return error;
}

void hs_root_format(struct hs_text *text, unsigned kind, const char *name, const char *thread)
{
    /* The root of a local variable is called FUNCTION.VARIABLE; the function's name may have dots. */
    const char *dot = name && kind == HS_ROOT_FRAME ? strrchr(name, '.') : NULL;
    if (kind == HS_ROOT_CONTEXT) /* is called like its thread */
        hs_text_puts(text, "context variables");
    else if (kind == HS_ROOT_THREAD && name && *name)
        hs_text_puts(text, name);
    else if (dot)
        hs_text_printf(text, "local %s of %.*s()", dot + 1, (int)(dot - name), name);
    else
        hs_text_printf(text, "%s%s%s", hs_root_kind_name(kind) ? hs_root_kind_name(kind) : "root",
                       name ? " " : "", name ? name : "");
    if (thread)
        hs_text_printf(text, " in thread %s", thread);
}

/* Where the chain starts, if that is not plain from the box. */
static struct hs_error *draw_root(struct hs_drawing *drawing, const struct hs_chain *chain)
{
    if (chain->root_kind >= HS_ROOT_KINDS || chain->root_kind == HS_ROOT_MODULE)
        return NULL;
    struct hs_text name = {0};
    hs_root_format(&name, chain->root_kind, chain->step[0].name, chain->thread);
    struct hs_error *error = hs_text_error(&name);
    if (!error)
        error = hs_drawing_root(drawing, chain->step[0].object, hs_text_string(&name));
    hs_text_deinit(&name);
    return error;
}

/* The arrow to a step from the one before it. */
static struct hs_error *draw_step(struct hs_drawing *drawing, const struct hs_step *step)
{
    char *label = NULL;
    struct hs_error *error = hs_step_format(step, &label);
    if (!error)
        error = hs_drawing_edge(drawing, step[-1].object, step->object, label, true, true);
    free(label);
    return error;
}

struct hs_error *hs_picture_chain(struct hs_drawing *drawing, struct hs_reader *reader,
                                  const struct hs_chain *chain)
{
    /* A linked list may be a chain of millions. */
    enum { MOST = 60, END = 20 };
    if (!chain->count)
        return NULL;
    struct hs_error *error = NULL;
    size_t skip = chain->count > MOST ? chain->count - 2 * END : 0;
    for (size_t i = 0; i < chain->count && !error; i++) {
        bool skipped = skip && i == END;
        if (skipped)
            i += skip;
        const struct hs_step *step = &chain->step[i];
        error = hs_picture_object(drawing, reader, step->object, i + 1 == chain->count);
        if (!error && skipped)
            error = hs_drawing_skip(drawing, chain->step[END - 1].object, step->object, skip);
        else if (!error && i)
            error = draw_step(drawing, step);
    }
    return error ? error : draw_root(drawing, chain);
}
