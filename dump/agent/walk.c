#include "dump/agent/walk.h"

#include "dump/agent/attributes.h"
#include "dump/agent/dicts.h"
#include "dump/agent/traverse.h"

enum {
    GC_POINTER_MASK = ~3, /* the low bits of GC list pointers are flags (Include/internal/pycore_gc.h) */
    CLASSES_STACK = 64 << 10,
};

bool hs_walk_init(struct hs_walk *walk, const struct hs_agent_request *request,
                  const struct hs_layout *layout, int stream)
{
    walk->layout = layout;
    walk->request = request;
    walk->symbols = &request->symbols;
    hs_probe_init(&walk->probe);
    uint64_t interpreter = hs_word(request->symbols.py_runtime, layout->runtime_interpreters_main);
    walk->stack = hs_pages_map(HS_WALK_STACK * sizeof *walk->stack);
    walk->traversal = hs_pages_map(sizeof *walk->traversal);
    return walk->stack && walk->traversal && hs_emit_init(&walk->emit, stream) &&
           hs_visited_init(&walk->visited, &walk->arena) &&
           hs_labels_init(&walk->labels, &walk->emit, &walk->arena, layout) &&
           hs_types_init(&walk->types, &walk->labels, &request->symbols, interpreter);
}

volatile uint64_t *hs_walk_progress(struct hs_walk *walk)
{
    return &walk->traversal->reports;
}

void hs_walk_reach(struct hs_walk *walk, uint64_t object)
{
    if (object >= 4096 && hs_visited_add(&walk->visited, object))
        hs_walk_push(walk, object);
}

static bool is_namespace(const struct hs_walk *walk, uint64_t dict)
{
    return hs_visited_plane_has(&walk->visited, HS_PLANE_NAMESPACE, dict);
}

static void mark_namespace(struct hs_walk *walk, uint64_t dict)
{
    if (dict)
        hs_visited_plane_add(&walk->visited, HS_PLANE_NAMESPACE, dict);
}

/* Marks the namespaces of all classes, from `object` down. Static types are in no list of the collector and
 * may have no instance, so this is how they are found; classes with several bases come by more than once, and
 * are entered once. */
static void mark_classes(struct hs_walk *walk)
{
    const struct hs_layout *layout = walk->layout;
    uint64_t *stack = hs_pages_map(CLASSES_STACK * sizeof *stack);
    if (!stack)
        hs_emit_exit(1);
    uint32_t depth = 0;
    stack[depth++] = walk->symbols->object_type;
    while (depth) {
        uint64_t type = stack[--depth];
        uint64_t dict = hs_type_dict(&walk->types, type);
        if (dict && is_namespace(walk, dict))
            continue;
        mark_namespace(walk, dict);
        if (!(hs_word(type, layout->tp_flags) & HS_TPFLAGS_HEAPTYPE)) {
            const char *name = (const char *)hs_word(type, layout->tp_name);
            hs_emit_root(&walk->emit, HS_ROOT_STATIC, type, name, hs_text_length(name));
            hs_walk_reach(walk, type);
        }
        uint64_t subclasses = hs_type_subclasses(&walk->types, type);
        if (!subclasses)
            continue;
        struct hs_entries entries;
        hs_entries_of_dict(layout, subclasses, &entries);
        for (uint64_t i = 0; i < entries.count && depth < CLASSES_STACK; i++) {
            uint64_t reference = hs_entry_value(&entries, i);
            uint64_t subclass = reference ? hs_word(reference, layout->weakref_object) : 0;
            if (subclass &&
                hs_word(hs_word(subclass, layout->ob_type), layout->tp_flags) & HS_TPFLAGS_TYPE_SUBCLASS)
                stack[depth++] = subclass;
        }
    }
    hs_pages_unmap(stack, CLASSES_STACK * sizeof *stack);
}

static void mark_tracked(struct hs_walk *walk, uint64_t object, unsigned generation)
{
    const struct hs_layout *layout = walk->layout;
    hs_visited_track(&walk->visited, object, generation);
    walk->tracked_objects++;
    struct hs_type_info *type = hs_type_of(&walk->types, object);
    if (type->body == HS_BODY_TYPE) {
        mark_namespace(walk, hs_type_dict(&walk->types, object));
    } else if (type->attributes) {
        uint64_t dict = hs_object_dict(layout, type, object);
        mark_namespace(walk, dict);
        if (dict && type->value == HS_VALUE_MODULE)
            hs_visited_plane_add(&walk->visited, HS_PLANE_GLOBALS, dict);
    }
}

static uint64_t list_head(const struct hs_walk *walk, unsigned generation)
{
    const struct hs_layout *layout = walk->layout;
    uint64_t gc = hs_collector(layout, walk->symbols->py_runtime, walk->types.interpreter);
    if (generation == HS_GENERATION_PERMANENT)
        return gc + (uint64_t)layout->gc_permanent_generation;
    return gc + (uint64_t)(layout->gc_generations + (int32_t)generation * layout->gc_generation_bytes);
}

static uint64_t list_next(const struct hs_walk *walk, uint64_t node)
{
    return hs_word(node, walk->layout->gc_next) & (uint64_t)GC_POINTER_MASK;
}

/* Goes on where walk->list says, which is ahead of what is being looked at. */
static void __attribute__((noinline)) mark_lists(struct hs_walk *walk)
{
    for (; walk->list.generation <= HS_GENERATION_PERMANENT; walk->list.generation++, walk->list.node = 0) {
        uint64_t head = list_head(walk, walk->list.generation);
        if (!walk->list.node)
            walk->list.node = list_next(walk, head);
        while (walk->list.node != head) {
            uint64_t node = walk->list.node;
            walk->list.broken = true;
            walk->list.node = list_next(walk, node);
            walk->list.broken = false;
            __builtin_prefetch((const void *)walk->list.node);
            mark_tracked(walk, node + (uint64_t)walk->layout->gc_head_bytes, walk->list.generation);
        }
    }
}

static void __attribute__((noinline)) count_lists(struct hs_walk *walk)
{
    for (unsigned generation = 0; generation <= HS_GENERATION_PERMANENT; generation++) {
        uint64_t head = list_head(walk, generation);
        for (uint64_t node = list_next(walk, head); node != head; node = list_next(walk, node))
            walk->tracked_objects++;
    }
}

void hs_walk_count(struct hs_walk *walk)
{
    if (__builtin_setjmp(walk->fault.jump))
        hs_emit_exit(1);
    walk->fault.armed = true;
    count_lists(walk);
    walk->fault.armed = false;
}

void hs_walk_mark(struct hs_walk *walk)
{
    if (__builtin_setjmp(walk->fault.jump)) {
        hs_emit_rewind(&walk->emit);
        if (walk->list.broken)
            hs_emit_exit(1); /* a list without its end: what is missing cannot be known */
    }
    walk->fault.armed = true;
    mark_lists(walk);
    walk->fault.armed = false;
    mark_classes(walk);
}

/* The bitmap that the current pass goes over, NULL if the region has none. */
static uint64_t *pass_bits(const struct hs_walk *walk)
{
    return walk->pass == HS_PASS_TRACKED ? walk->region->tracked : walk->region->plane[HS_PLANE_PENDING];
}

static bool next_region(struct hs_walk *walk)
{
    uint64_t address = walk->region ? walk->region_address + (1u << HS_REGION_BITS) : 0;
    for (;;) {
        walk->region = hs_visited_next_region(&walk->visited, &address);
        walk->region_address = address;
        if (walk->region) {
            if (pass_bits(walk)) {
                walk->word = 0;
                return true;
            }
            address += 1u << HS_REGION_BITS;
            continue;
        }
        if (!walk->pending)
            return false;
        walk->pending = false;
        walk->pass = HS_PASS_PENDING;
        address = 0;
    }
}

/* The next object of the pass, in order of addresses; what waits on the stack comes first. */
static bool next_object(struct hs_walk *walk, uint64_t *ret)
{
    if (walk->depth) {
        *ret = walk->stack[--walk->depth];
        return true;
    }
    while (!walk->bits) {
        if (!walk->region || walk->word == HS_REGION_WORDS) {
            if (!next_region(walk))
                return false;
        }
        uint64_t *bits = &pass_bits(walk)[walk->word++];
        walk->bits = *bits;
        if (walk->pass == HS_PASS_PENDING)
            *bits = 0;
    }
    *ret = walk->region_address + ((uint64_t)(walk->word - 1) << 10) +
           ((uint64_t)__builtin_ctzll(walk->bits) << 4);
    walk->bits &= walk->bits - 1;
    return true;
}

static void __attribute__((noinline)) write_all(struct hs_walk *walk)
{
    uint64_t object;
    while (next_object(walk, &object))
        hs_object_write(walk, object);
}

void hs_walk_write(struct hs_walk *walk)
{
    if (__builtin_setjmp(walk->fault.jump))
        hs_object_recover(walk);
    walk->fault.armed = true;
    write_all(walk);
    walk->fault.armed = false;
}
