#include "query/asset.h"

#include <string.h>

const struct hs_asset *hs_asset_find(const char *name)
{
    for (const struct hs_asset *asset = hs_assets; asset->name; asset++)
        if (!strcmp(asset->name, name))
            return asset;
    return NULL;
}
