/* Naming an object: `webapp.DB[-1]`, `#123`, `0x7f..`. */
#ifndef HS_QUERY_OBJECT_H
#define HS_QUERY_OBJECT_H

#include "format/reader.h"

/* Finds the object that `text` names: a type and a Python index over its instances by address (webapp.DB[0],
 * DB[-1]; the bare class name where it is unique; the index may be left out where there is one instance),
 * #ID, or 0xADDRESS. Classes of the same name count as one. Errors (HS_ERROR_USAGE) say what is wrong and
 * what would be right. */
struct hs_error *hs_object_find(struct hs_reader *reader, const char *text, uint32_t *ret) HS_MUST_CHECK;

/* Finds a type by its name or unique bare name; of several of the same name the first. Errors list near
 * names. */
struct hs_error *hs_type_find(struct hs_reader *reader, const char *name, uint32_t *ret) HS_MUST_CHECK;

#endif
