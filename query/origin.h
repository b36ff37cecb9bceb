/* Where code comes from: the application, a library, the interpreter. */
#ifndef HS_QUERY_ORIGIN_H
#define HS_QUERY_ORIGIN_H

#include "format/reader.h"

/* From what explains best to what explains least. */
enum hs_origin {
    HS_ORIGIN_APPLICATION = 0,
    HS_ORIGIN_SITE,     /* installed packages */
    HS_ORIGIN_STANDARD, /* the standard library */
    HS_ORIGIN_BUILTIN,  /* built in or frozen: no file */
    HS_ORIGIN_OWN,      /* this tool */
    HS_ORIGINS,
};

/* Where the module of each type comes from: `ret` becomes malloc'ed [hs_reader_types()], an enum hs_origin
 * each; HS_ORIGIN_BUILTIN for types of no module that the snapshot knows. */
struct hs_error *hs_type_origins(struct hs_reader *reader, uint8_t **ret) HS_MUST_CHECK;

#endif
