/* Drawings of what is in a snapshot: chains, referrers, referents. */
#ifndef HS_QUERY_PICTURE_H
#define HS_QUERY_PICTURE_H

#include "format/reader.h"
#include "format/text.h"
#include "query/chain.h"
#include "query/draw.h"

/* How a step is written: ".name", "[3]", ".values()[3]", "local job", "element #2". `kind` is an enum
 * hs_ref_kind, `holder` the type name of the object that holds it (may be NULL), `slot` may be HS_NO_LABEL.
 * malloc'ed. */
struct hs_error *hs_ref_format(uint8_t kind, const char *name, size_t name_bytes, uint32_t slot,
                               const char *holder, char **ret) HS_MUST_CHECK;

/* The same for a step of a chain and the one before it: the key of a dict instead of a number, where it is
 * known. */
struct hs_error *hs_step_format(const struct hs_step *step, char **ret) HS_MUST_CHECK;

/* A root in words: "local job of serve() in thread worker-1", "interpreter builtins"; `kind` is an enum
 * hs_root_kind, `name` and `thread` may be NULL. */
void hs_root_format(struct hs_text *text, unsigned kind, const char *name, const char *thread);

/* Adds the box of one object, if it has none yet. */
struct hs_error *hs_picture_object(struct hs_drawing *drawing, struct hs_reader *reader, uint32_t object,
                                   bool target) HS_MUST_CHECK;
/* Adds a chain; several chains of one snapshot may share boxes. Of a very long one the middle is left out, and
 * said. */
struct hs_error *hs_picture_chain(struct hs_drawing *drawing, struct hs_reader *reader,
                                  const struct hs_chain *chain) HS_MUST_CHECK;

#endif
