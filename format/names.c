/* The numbers of kinds as words: what SQL, reports and pictures show. */
#include "format/snapshot.h"

static const char *const ref_kinds[HS_REF_KINDS] = {
    [HS_REF_ATTRIBUTE] = "attribute", [HS_REF_ITEM] = "item",         [HS_REF_KEY] = "key",
    [HS_REF_VALUE] = "value",         [HS_REF_SLOT] = "slot",         [HS_REF_LOCAL] = "local",
    [HS_REF_CELL] = "cell",           [HS_REF_GLOBAL] = "global",     [HS_REF_TYPE] = "type",
    [HS_REF_MEMBER] = "member",       [HS_REF_INTERNAL] = "internal",
};

static const char *const root_kinds[HS_ROOT_KINDS] = {
    [HS_ROOT_MODULE] = "module",           [HS_ROOT_FRAME] = "frame",   [HS_ROOT_THREAD] = "thread",
    [HS_ROOT_INTERPRETER] = "interpreter", [HS_ROOT_ATEXIT] = "atexit", [HS_ROOT_SIGNAL] = "signal",
    [HS_ROOT_CONTEXT] = "context",         [HS_ROOT_STATIC] = "static", [HS_ROOT_EXTERNAL] = "external",
};

const char *hs_ref_kind_name(unsigned kind)
{
    return kind < HS_REF_KINDS ? ref_kinds[kind] : 0;
}

const char *hs_root_kind_name(unsigned kind)
{
    return kind < HS_ROOT_KINDS ? root_kinds[kind] : 0;
}
