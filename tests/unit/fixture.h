/* Small heaps described by hand (or at random) and written as snapshots through the writer.
 *
 * Object ids count from 0 in the order of creation; addresses ascend with them. The fixture remembers every
 * reference, so that a test can compare what a reader says with a plain list. Failures of the fixture itself
 * end the test program.
 */
#ifndef HS_TESTS_UNIT_FIXTURE_H
#define HS_TESTS_UNIT_FIXTURE_H

#include "format/snapshot.h"
#include "format/writer.h"

struct fixture;

/* Comes with the builtin types `type` (number 0), `dict`, `list`, `str` and `module`, found by
 * fixture_find_type(). */
struct fixture *fixture_create(void);
void fixture_destroy(struct fixture *fixture);

/* A static type: instances do not refer to it. Gives its number. */
uint32_t fixture_builtin(struct fixture *fixture, const char *name);
/* A heap type, "webapp.DB": makes an object for the class, with its name as its value, to which every
 * instance refers. */
uint32_t fixture_class(struct fixture *fixture, const char *name);
uint32_t fixture_find_type(const struct fixture *fixture, const char *name);
/* The object of a class. */
uint32_t fixture_class_object(const struct fixture *fixture, uint32_t type);

/* A tracked object of 64 bytes, refcount 1, generation 2. */
uint32_t fixture_object(struct fixture *fixture, uint32_t type);
void fixture_set_size(struct fixture *fixture, uint32_t object, uint64_t bytes);
void fixture_set_refcount(struct fixture *fixture, uint32_t object, uint64_t refcount);
void fixture_set_length(struct fixture *fixture, uint32_t object, uint64_t length);
void fixture_set_ident(struct fixture *fixture, uint32_t object, uint16_t ident);
void fixture_set_generation(struct fixture *fixture, uint32_t object, uint8_t generation);
void fixture_set_value(struct fixture *fixture, uint32_t object, const char *text);
/* By default 0x7f0000000000 + 64 * id. Must keep addresses ascending with ids, and multiples of 16. */
void fixture_set_address(struct fixture *fixture, uint32_t object, uint64_t address);

/* A named reference; `name` may be NULL. All of an object's fields come before its tail. */
void fixture_field(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                   uint32_t dst);
/* The same, weak or borrowed. */
void fixture_weak(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                  uint32_t dst);
/* Makes an object's tail `tail` (ITEM, KEY, INTERNAL: any number of calls; PAIR: calls alternate key, value)
 * and adds to it. */
void fixture_tail(struct fixture *fixture, uint32_t src, enum hs_tail tail, uint32_t dst);
/* Adds a reference with a label of its own to a LABELLED tail. */
void fixture_labelled(struct fixture *fixture, uint32_t src, enum hs_ref_kind kind, const char *name,
                      bool owning, uint32_t dst);

void fixture_root(struct fixture *fixture, uint32_t object, enum hs_root_kind kind, const char *name);
/* A module: an object of type `module` whose namespace dict (a member __dict__) is given back in `ret_dict`,
 * a row of modules and a root. */
uint32_t fixture_module(struct fixture *fixture, const char *name, uint32_t *ret_dict);
/* A variable of a module: a GLOBAL reference from its namespace dict. */
void fixture_global(struct fixture *fixture, uint32_t dict, const char *name, uint32_t dst);
void fixture_fact(struct fixture *fixture, const char *name, const char *value);

/* What the snapshot should say of one reference. */
struct fixture_ref {
    uint32_t src, dst;
    uint32_t slot; /* HS_NO_LABEL if it has none */
    uint8_t kind;
    bool owning;
    const char *name;
};
size_t fixture_objects(const struct fixture *fixture);
uint32_t fixture_type_of(const struct fixture *fixture, uint32_t object);
const char *fixture_type_name(const struct fixture *fixture, uint32_t type);
/* The references of `object` in the order of the file, the one to its type included; gives their number.
 * `ret` has room for `room`. */
size_t fixture_refs(const struct fixture *fixture, uint32_t object, struct fixture_ref *ret, size_t room);

/* Random objects, references of all kinds of tails, two classes with the same name, a few modules as roots.
 * The same seed gives the same heap. */
struct fixture *fixture_random(uint32_t seed, uint32_t objects);

/* The story: module webapp with a dict _open_databases that holds `databases` objects of class webapp.DB,
 * each with a dict and a list. */
struct fixture *fixture_webapp(uint32_t databases);

/* Writes it all; replaces an existing file. */
void fixture_write(const struct fixture *fixture, const char *path);

/* A new directory for a test's files, and its removal with all that is in it. */
char *fixture_directory(void);
void fixture_remove(char *directory);

#endif
