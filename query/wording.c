#include "query/wording.h"

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

struct hs_error *hs_ref_format_any(uint8_t kind, const char *name, size_t name_bytes, const char *holder,
                                   char **ret)
{
    bool element = kind == HS_REF_ITEM || kind == HS_REF_VALUE;
    if (!element)
        return hs_ref_format(kind, name, name_bytes, HS_NO_LABEL, holder, ret);
    *ret = strdup("[...]");
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
