/* The gate: suspects that are accepted, by what they are called rather than by addresses, and what is new or
 * gone.
 *
 * A signature is the path of the holder and the type of what grows:
 *
 *     {"heapdiff_baseline": 1, "accepted": [{"path": "webapp.cache[...]", "type": "webapp.Entry"}]}
 *
 * So that it is the same in every run, positions and keys in the path fold to [...] and digits of names to #.
 * People may edit the file: * in a path or type matches anything, and other keys (a note, say) are left
 * alone.
 */
#ifndef HS_DIFF_BASELINE_H
#define HS_DIFF_BASELINE_H

#include "diff/suspect.h"

#include <stdio.h>

struct hs_signature {
    char *path, *type; /* malloc'ed */
    bool seen;         /* a suspect has it */
};

struct hs_baseline {
    const char *file; /* the caller's */
    size_t count;
    struct hs_signature *accepted;
    size_t suspects;
    struct hs_signature *suspect; /* [suspects]; seen: it is accepted */
};
/* An all-zero struct is fine. */
void hs_baseline_deinit(struct hs_baseline *baseline);

/* The folded form of a path: "list(app.pool.values())[3].log_12" gives "app.pool[...].log_#". malloc'ed, NULL
 * when out of memory. */
char *hs_baseline_fold(const char *path);

/* Reads the accepted signatures. `ret` is to be deinited after an error, too. */
struct hs_error *hs_baseline_read(const char *file, struct hs_baseline *ret) HS_MUST_CHECK;
/* Compares the suspects with it. */
struct hs_error *hs_baseline_compare(struct hs_baseline *baseline,
                                     const struct hs_suspects *suspects) HS_MUST_CHECK;
/* Suspects that are not accepted. */
size_t hs_baseline_new(const struct hs_baseline *baseline);

/* A line that sums up, and one for each that is new or gone. */
void hs_baseline_text(const struct hs_baseline *baseline, FILE *file);

/* Writes a baseline that accepts these suspects. */
struct hs_error *hs_baseline_write(const char *file, bool overwrite,
                                   const struct hs_suspects *suspects) HS_MUST_CHECK;

#endif
