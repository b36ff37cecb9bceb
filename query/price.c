#include "query/price.h"

#include <stdlib.h>

/* A table by (class of the holder's type, label), and one by (class, kind) for references without a label.
 * Filled on demand: most labels occur under one class. */
struct price_list {
    const struct hs_graph *graph;
    const struct hs_costs *costs;
    uint32_t labels;
    uint16_t *of_label; /* [classes][labels] */
    uint16_t *of_kind;  /* [classes][HS_REF_KINDS] */
};
#define UNKNOWN (UINT16_MAX - 1)

static void price_list_deinit(struct price_list *list)
{
    free(list->of_label);
    free(list->of_kind);
}

static struct hs_error *price_list_init(const struct hs_graph *graph, const struct hs_costs *costs,
                                        struct price_list *ret)
{
    size_t classes = hs_costs_classes(costs), labels = hs_reader_labels(graph->reader);
    *ret = (struct price_list){.graph = graph, .costs = costs, .labels = (uint32_t)labels};
    ret->of_label = malloc((classes * labels + 1) * sizeof(*ret->of_label));
    ret->of_kind = malloc((classes * HS_REF_KINDS + 1) * sizeof(*ret->of_kind));
    if (!ret->of_label || !ret->of_kind) {
        price_list_deinit(ret);
        return &hs_error_memory;
    }
    for (size_t i = 0; i < classes * labels; i++)
        ret->of_label[i] = UNKNOWN;
    for (uint32_t i = 0; i < classes; i++)
        for (unsigned kind = 0; kind < HS_REF_KINDS; kind++)
            ret->of_kind[i * HS_REF_KINDS + kind] = hs_costs_of_class(costs, i, kind, NULL);
    return NULL;
}

/* The price of the edge at `edge`, whose holder's type is of `class`. */
static inline uint16_t find_price(const struct price_list *list, uint32_t class, uint64_t edge)
{
    uint8_t flags = list->graph->out_flags[edge];
    if (flags & HS_EDGE_BORROWED)
        return HS_COST_NEVER;
    uint32_t number = list->graph->out_label[edge];
    if (number == HS_NO_LABEL)
        return list->of_kind[class * HS_REF_KINDS + flags];
    uint16_t *price = &list->of_label[(size_t) class * list->labels + number];
    if (*price == UNKNOWN) {
        const struct hs_label *label = hs_reader_label(list->graph->reader, number);
        *price = hs_costs_of_class(list->costs, class, label->kind, label->name);
    }
    return *price;
}

static void leave_out(const struct hs_graph *graph, const struct hs_avoid *avoid, uint16_t *price)
{
    for (size_t i = 0; i < avoid->count; i++) {
        const struct hs_avoided *row = &avoid->row[i];
        if (row->holder == HS_NO_OBJECT)
            continue;
        for (uint64_t edge = graph->out_start[row->holder]; edge < graph->out_start[row->holder + 1]; edge++)
            if (row->object == HS_NO_OBJECT || row->object == graph->out_dst[edge])
                price[edge] = HS_COST_NEVER;
    }
}

struct hs_error *hs_prices_create(const struct hs_graph *graph, const struct hs_costs *costs, uint16_t **ret)
{
    struct price_list list;
    struct hs_error *error = price_list_init(graph, costs, &list);
    if (error)
        return error;
    uint16_t *price = malloc((graph->edges + 1) * sizeof(*price));
    for (uint32_t node = 0; price && node < graph->nodes; node++) {
        uint32_t class = hs_costs_class(costs, graph->type[node]);
        for (uint64_t edge = graph->out_start[node]; edge < graph->out_start[node + 1]; edge++)
            price[edge] = find_price(&list, class, edge);
    }
    price_list_deinit(&list);
    if (price)
        leave_out(graph, hs_costs_avoid(costs), price);
    *ret = price;
    return price ? NULL : &hs_error_memory;
}
