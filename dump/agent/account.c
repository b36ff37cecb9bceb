#include "dump/agent/account.h"

#include "dump/agent/attributes.h"
#include "dump/agent/emit.h"
#include "dump/agent/facts.h"

enum {
    THREADS_MAX = 1 << 16,
    INTERPRETERS_MAX = 1 << 10,
    /* The thread's control block, at whose start a thread's ident points, is the highest part of its stack:
       nptl/descr.h. */
    CONTROL_BLOCK_BYTES = 2304,
    BLOCK_ALIGNMENT = 16,
    POOLED_MAX = 512, /* larger blocks are malloc's, with a header of their own */
};

/* What the pages of one mapping are told apart by. */
struct scan {
    struct hs_account *account;
    struct hs_residency residency;
    uint64_t stack_end; /* below it are stacks, if nothing else is */
    uint32_t arena;     /* the next of pymalloc's */
};

/* The highest end of a stack in the mapping; 0 if no thread has its stack there. */
static uint64_t find_stack(const struct hs_mapping *mapping, const struct hs_layout *layout, uint64_t runtime)
{
    uint64_t end = 0;
    uint64_t interpreter = hs_word(runtime, layout->runtime_interpreters_head);
    for (unsigned i = 0; interpreter && i < INTERPRETERS_MAX; i++) {
        uint64_t thread = hs_word(interpreter, layout->interpreter_threads_head);
        for (unsigned j = 0; thread && j < THREADS_MAX; j++) {
            uint64_t ident = hs_word(thread, layout->thread_ident);
            if (ident >= mapping->start && ident < mapping->end && ident + CONTROL_BLOCK_BYTES > end)
                end = ident + CONTROL_BLOCK_BYTES;
            thread = hs_word(thread, layout->thread_next);
        }
        interpreter = hs_word(interpreter, layout->interpreter_next);
    }
    return end;
}

/* The end of the arena of pymalloc that holds `address`, 0 if none does. */
static uint64_t pass_arena(struct scan *scan, uint64_t address)
{
    struct hs_account *account = scan->account;
    while (scan->arena < account->pymalloc.count && account->pymalloc.arena[scan->arena].end <= address)
        scan->arena++;
    if (scan->arena == account->pymalloc.count || account->pymalloc.arena[scan->arena].start > address)
        return 0;
    uint64_t end = account->pymalloc.arena[scan->arena].end;
    account->arenas += end - address;
    account->arenas_missing += hs_residency_missing(&scan->residency, address, end);
    return end;
}

/* Says for each page that is in memory whose it is. */
static void scan_pages(struct scan *scan)
{
    struct hs_account *account = scan->account;
    uint64_t address = scan->residency.start;
    while (address < scan->residency.end) {
        uint64_t end = pass_arena(scan, address);
        if (!end && hs_resident(&scan->residency, address)) {
            end = hs_heap_add_other(&account->heap, &scan->residency, address);
            if (!end)
                end = hs_heap_add_mapped(&account->heap, &scan->residency, address);
            if (!end)
                *(address < scan->stack_end ? &account->stacks : &account->anonymous) += HS_PAGE_BYTES;
        }
        address = end ? end : address + HS_PAGE_BYTES;
    }
}

static void count_pools(struct hs_account *account, const struct hs_mappings *mappings)
{
    for (uint32_t i = 0; i < mappings->count; i++) {
        const struct hs_mapping *mapping = &mappings->item[i];
        struct hs_residency residency;
        if (mapping->kind != HS_MAPPING_ANONYMOUS || !mapping->usable || !mapping->anonymous ||
            !hs_residency_init(&residency, mapping))
            continue;
        hs_pymalloc_census(&account->pymalloc, &residency);
        hs_residency_deinit(&residency);
    }
}

static void add_mapping(struct scan *scan, const struct hs_mapping *mapping, const struct hs_layout *layout,
                        uint64_t runtime)
{
    struct hs_account *account = scan->account;
    if (mapping->kind == HS_MAPPING_FILE) {
        account->files += mapping->anonymous;
    } else if (mapping->kind == HS_MAPPING_STACK) {
        account->stacks += mapping->anonymous;
    } else if (mapping->anonymous && mapping->usable && hs_residency_init(&scan->residency, mapping)) {
        scan->stack_end = find_stack(mapping, layout, runtime);
        if (mapping->kind == HS_MAPPING_HEAP)
            hs_heap_add_main(&account->heap, &scan->residency);
        else
            scan_pages(scan);
        hs_residency_deinit(&scan->residency);
    } else {
        account->anonymous += mapping->anonymous;
    }
}

static void add_fast_bins(struct hs_account *account, const struct hs_mappings *mappings)
{
    const struct hs_mapping *main = NULL;
    for (uint32_t i = 0; i < mappings->count; i++)
        if (mappings->item[i].kind == HS_MAPPING_HEAP)
            main = &mappings->item[i];
    for (uint32_t i = 0; main && i < mappings->count; i++) {
        const struct hs_mapping *data = &mappings->item[i];
        if (data->kind == HS_MAPPING_FILE && data->usable && data->anonymous &&
            hs_heap_add_fast_bins(&account->heap, data, main))
            break;
    }
}

void hs_account_take(struct hs_account *account, const struct hs_layout *layout, uint64_t runtime)
{
    struct hs_mappings mappings;
    *account = (struct hs_account){0};
    hs_heap_init(&account->heap);
    hs_mappings_read(&mappings);
    if (!mappings.complete || !hs_pymalloc_init(&account->pymalloc))
        return;
    count_pools(account, &mappings);
    struct scan scan = {.account = account};
    for (uint32_t i = 0; i < mappings.count; i++)
        add_mapping(&scan, &mappings.item[i], layout, runtime);
    add_fast_bins(account, &mappings);
    account->known = true;
}

static uint64_t rounded(uint64_t bytes)
{
    uint64_t header = bytes > POOLED_MAX ? sizeof(uint64_t) : 0;
    return (bytes + header + BLOCK_ALIGNMENT - 1) & ~(uint64_t)(BLOCK_ALIGNMENT - 1);
}

uint64_t hs_account_object(struct hs_account *account, const struct hs_layout *layout,
                           const struct hs_type_info *type, uint64_t object, uint64_t shallow)
{
    uint64_t bytes = rounded(shallow) + hs_size_beside(&type->size, object);
    if (type->body == HS_BODY_LIST) {
        uint64_t items = hs_word(object, layout->list_allocated) * sizeof(uint64_t);
        return rounded(shallow - items) + rounded(items);
    }
    if (type->attributes != HS_ATTRIBUTES_MANAGED)
        return bytes;
    uint64_t block = hs_pymalloc_block(&account->pymalloc, object);
    if (block > bytes)
        bytes = block; /* values inside the instance, which its shallow size leaves out */
    struct hs_instance instance;
    hs_attributes_find(layout, type, object, &instance);
    if (instance.state & HS_STATE_VALUES && layout->values_pointer != HS_LAYOUT_NONE)
        bytes += hs_pymalloc_block(&account->pymalloc, instance.values);
    return bytes;
}

void hs_account_write(const struct hs_account *account, struct hs_emit *emit, const struct hs_facts *facts)
{
    const struct hs_heap *heap = &account->heap;
    const struct hs_pymalloc *pymalloc = &account->pymalloc;
    hs_emit_fact(emit, "python_objects", (int64_t)account->objects);
    if (!account->known)
        return;
    int64_t files = facts->rss_files + (int64_t)account->files;
    int64_t allocators = (int64_t)(account->arenas - account->arenas_missing + heap->used + heap->free -
                                   heap->used_missing - heap->free_missing);
    int64_t others = files + (int64_t)(account->stacks + account->anonymous);
    hs_emit_fact(emit, "pymalloc_arenas", (int64_t)account->arenas);
    hs_emit_fact(emit, "pymalloc_used", (int64_t)pymalloc->used);
    hs_emit_fact(emit, "pymalloc_free", (int64_t)(account->arenas - pymalloc->used));
    hs_emit_fact(emit, "malloc_used", (int64_t)heap->used);
    hs_emit_fact(emit, "malloc_free", (int64_t)heap->free);
    hs_emit_fact(emit, "malloc_complete", heap->complete);
    hs_emit_fact(emit, "used_not_resident", (int64_t)heap->used_missing);
    hs_emit_fact(emit, "free_not_resident", (int64_t)(account->arenas_missing + heap->free_missing));
    hs_emit_fact(emit, "mapped_files", files);
    hs_emit_fact(emit, "thread_stacks", (int64_t)account->stacks);
    hs_emit_fact(emit, "anonymous", (int64_t)account->anonymous);
    hs_emit_fact(emit, "unexplained", facts->rss - allocators - others);
}
