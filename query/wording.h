/* References and roots in words, as Python people write them. */
#ifndef HS_QUERY_WORDING_H
#define HS_QUERY_WORDING_H

#include "format/text.h"
#include "query/chain.h"

/* How a step is written: ".name", "[3]", ".values()[3]", "local job", "element #2". `kind` is an enum
 * hs_ref_kind, `holder` the type name of the object that holds it (may be NULL), `slot` may be HS_NO_LABEL.
 * malloc'ed. */
struct hs_error *hs_ref_format(uint8_t kind, const char *name, size_t name_bytes, uint32_t slot,
                               const char *holder, char **ret) HS_MUST_CHECK;

/* The same for many references of that kind and name: "[...]" whatever the index or key. malloc'ed. */
struct hs_error *hs_ref_format_any(uint8_t kind, const char *name, size_t name_bytes, const char *holder,
                                   char **ret) HS_MUST_CHECK;

/* The same for a step of a chain and the one before it: the key of a dict instead of a number, where it is
 * known. */
struct hs_error *hs_step_format(const struct hs_step *step, char **ret) HS_MUST_CHECK;

/* A root in words: "local job of serve() in thread worker-1", "interpreter builtins"; `kind` is an enum
 * hs_root_kind, `name` and `thread` may be NULL. */
void hs_root_format(struct hs_text *text, unsigned kind, const char *name, const char *thread);

#endif
