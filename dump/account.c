#include "dump/account.h"

#include <stdio.h>
#include <stdlib.h>

struct hs_error *hs_account_init(struct hs_account *account, uint32_t objects)
{
    *account = (struct hs_account){.objects = objects};
    account->refcount = calloc((size_t)objects + 1, sizeof(account->refcount[0]));
    account->known = calloc((size_t)objects + 1, sizeof(account->known[0]));
    return account->refcount && account->known ? NULL : &hs_error_memory;
}

void hs_account_deinit(struct hs_account *account)
{
    free(account->refcount);
    free(account->known);
    *account = (struct hs_account){0};
}

void hs_account_root(struct hs_account *account, uint32_t object, enum hs_root_kind kind)
{
    /* Modules are owned by the dict sys.modules, which counts already. */
    if (kind != HS_ROOT_MODULE)
        account->known[object]++;
}

static struct hs_error *write_object(const struct hs_account *account, uint32_t object,
                                     struct hs_writer *writer)
{
    uint32_t refcount = account->refcount[object], known = account->known[object];
    if (refcount == UINT32_MAX)
        return known ? NULL : hs_writer_add_root(writer, object, HS_ROOT_STATIC, "immortal");
    if (refcount <= known)
        return NULL;
    char name[32];
    snprintf(name, sizeof(name), "%u reference%s", refcount - known, refcount - known == 1 ? "" : "s");
    return hs_writer_add_root(writer, object, HS_ROOT_EXTERNAL, name);
}

struct hs_error *hs_account_write(const struct hs_account *account, struct hs_writer *writer)
{
    struct hs_error *error = NULL;
    for (uint32_t i = 0; !error && i < account->objects; i++)
        error = write_object(account, i, writer);
    return error;
}
