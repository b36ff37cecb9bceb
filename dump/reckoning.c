#include "dump/reckoning.h"

#include <stdio.h>
#include <stdlib.h>

struct hs_error *hs_reckoning_init(struct hs_reckoning *reckoning, uint32_t objects)
{
    *reckoning = (struct hs_reckoning){.objects = objects};
    reckoning->refcount = calloc((size_t)objects + 1, sizeof(reckoning->refcount[0]));
    reckoning->known = calloc((size_t)objects + 1, sizeof(reckoning->known[0]));
    return reckoning->refcount && reckoning->known ? NULL : &hs_error_memory;
}

void hs_reckoning_deinit(struct hs_reckoning *reckoning)
{
    free(reckoning->refcount);
    free(reckoning->known);
    *reckoning = (struct hs_reckoning){0};
}

void hs_reckoning_root(struct hs_reckoning *reckoning, uint32_t object, enum hs_root_kind kind)
{
    /* Modules are owned by the dict sys.modules, which counts already. */
    if (kind != HS_ROOT_MODULE)
        reckoning->known[object]++;
}

bool hs_reckoning_take(struct hs_reckoning *reckoning, uint32_t object)
{
    bool immortal = reckoning->refcount[object] == UINT32_MAX;
    if (reckoning->known[object] >= (immortal ? 1 : reckoning->refcount[object]))
        return false;
    reckoning->known[object]++;
    return true;
}

static struct hs_error *write_object(const struct hs_reckoning *reckoning, uint32_t object,
                                     struct hs_writer *writer)
{
    uint32_t refcount = reckoning->refcount[object], known = reckoning->known[object];
    struct hs_root_row row = {
        .object = object, .kind = HS_ROOT_STATIC, .name = "immortal", .thread = HS_NO_THREAD};
    if (refcount == UINT32_MAX)
        return known ? NULL : hs_writer_add_root(writer, &row);
    if (refcount <= known)
        return NULL;
    char name[32];
    snprintf(name, sizeof(name), "%u reference%s", refcount - known, refcount - known == 1 ? "" : "s");
    row = (struct hs_root_row){object, HS_ROOT_EXTERNAL, name, HS_NO_THREAD, refcount - known};
    return hs_writer_add_root(writer, &row);
}

struct hs_error *hs_reckoning_write(const struct hs_reckoning *reckoning, struct hs_writer *writer)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < reckoning->objects; i++)
        error = write_object(reckoning, i, writer);
    return error;
}
