/* Which previews are not stored because a secret may be in them.
 *
 * In a snapshot with short values, whatever a name that looks secret (password, api_key, ...) refers to loses
 * its preview: the value of an attribute, variable or dict entry of that name, and everything inside a
 * built-in container there.
 */
#ifndef HS_DUMP_SECRET_H
#define HS_DUMP_SECRET_H

#include "dump/index.h"

/* True for names like password, DB_PASSWD, apiKey, auth_token: a word of the list stands in it, in any case.
 */
bool hs_name_is_secret(struct hs_span name);

/* True for types whose instances are data (str, bytes, int ...), as opposed to classes and functions, whose
 * value is a name. */
bool hs_type_is_data(const struct hs_index_type *type);

/* A malloc'ed bitmap over ids, bit (id & 63) of word (id / 64): objects whose preview must not be stored. */
struct hs_error *hs_secrets_find(const struct hs_index *index, uint64_t **ret) HS_MUST_CHECK;

#endif
