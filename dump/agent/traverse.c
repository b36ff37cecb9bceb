#include "dump/agent/traverse.h"

typedef int (*visitor)(uint64_t target, void *walk);

static void run(struct hs_walk *walk, const struct hs_type_info *type, uint64_t object, visitor visit)
{
    struct hs_traversal *traversal = walk->traversal;
    uint64_t function = hs_word(type->address, walk->layout->tp_traverse);
    traversal->count = 0;
    traversal->type_dropped = !type->heap;
    if (++traversal->number == 0)
        traversal->number = 1;
    walk->fault.running = traversal->number;
    ((int (*)(uint64_t, visitor, void *))function)(object, visit, walk);
    walk->fault.running = 0;
}

/* The implied reference of an instance to its heap type is reported by most traversals, once. */
static bool is_type(struct hs_walk *walk, uint64_t target)
{
    struct hs_traversal *traversal = walk->traversal;
    traversal->reports++;
    if (traversal->type_dropped || target != walk->type->address)
        return false;
    traversal->type_dropped = true;
    return true;
}

static int keep(uint64_t target, void *context)
{
    struct hs_walk *walk = context;
    struct hs_traversal *traversal = walk->traversal;
    if (is_type(walk, target) || !target)
        return 0;
    if (traversal->count < HS_TRAVERSE_KEPT)
        traversal->kept[traversal->count] = target;
    traversal->count++;
    return 0;
}

static bool take_name(struct hs_traversal *traversal, uint64_t target)
{
    for (uint32_t i = 0; i < traversal->named_count; i++) {
        struct hs_named *named = &traversal->named[i];
        if (named->target == target && !named->matched) {
            named->matched = true;
            return true;
        }
    }
    return false;
}

static int match(uint64_t target, void *context)
{
    struct hs_walk *walk = context;
    if (is_type(walk, target) || !target)
        return 0;
    walk->traversal->count++;
    walk->traversal->left -= take_name(walk->traversal, target);
    return 0;
}

void hs_traverse_match(struct hs_walk *walk, struct hs_type_info *type, uint64_t object)
{
    struct hs_traversal *traversal = walk->traversal;
    run(walk, type, object, keep);
    traversal->left = traversal->count;
    if (traversal->count > HS_TRAVERSE_KEPT) {
        run(walk, type, object, match);
    } else {
        for (uint64_t i = 0; i < traversal->count; i++) {
            if (!take_name(traversal, traversal->kept[i]))
                continue;
            traversal->kept[i] = 0;
            traversal->left--;
        }
    }
    for (uint32_t i = 0; i < traversal->named_count; i++)
        if (!traversal->named[i].visited && traversal->named[i].target)
            traversal->named[i].matched = true;
}

static void write_one(struct hs_walk *walk, uint64_t target)
{
    if (walk->run == HS_RUN_ENTRIES) {
        hs_run_close(walk, true);
        hs_run_open(walk, HS_VARINT_MAX);
    }
    hs_walk_reference(walk, target);
    walk->run++;
}

static int write_left(uint64_t target, void *context)
{
    struct hs_walk *walk = context;
    if (!is_type(walk, target) && target && !take_name(walk->traversal, target))
        write_one(walk, target);
    return 0;
}

void hs_traverse_write_left(struct hs_walk *walk, struct hs_type_info *type, uint64_t object)
{
    struct hs_traversal *traversal = walk->traversal;
    hs_run_open(walk, HS_VARINT_MAX);
    if (traversal->count > HS_TRAVERSE_KEPT) {
        for (uint32_t i = 0; i < traversal->named_count; i++)
            traversal->named[i].matched = false;
        run(walk, type, object, write_left);
    } else {
        for (uint64_t i = 0; i < traversal->count; i++)
            if (traversal->kept[i])
                write_one(walk, traversal->kept[i]);
    }
    hs_run_close(walk, false);
}
