#include "query/picture.h"

#include "format/publish.h"
#include "query/inspect.h"
#include "query/page.h"
#include "query/picture_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points of the smallest text in a picture (draw.c). */
#define SMALLEST_POINTS 10.0
/* With fewer boxes nothing would be left to see; such a picture may be larger than its budget. */
#define BOXES_LEAST 5
/* What a page takes of a screen around the picture, in pixels. */
#define PAGE_WIDTH  56
#define PAGE_HEIGHT 140

struct hs_error *hs_picture_budget_parse(const char *text, struct hs_picture_budget *ret)
{
    *ret = (struct hs_picture_budget){.width = HS_PICTURE_WIDTH, .height = HS_PICTURE_HEIGHT};
    if (!text)
        return NULL;
    unsigned first = 0, second = 0;
    int used = 0, fields = sscanf(text, "%6u%nx%6u%n", &first, &used, &second, &used);
    bool digits = text[0] >= '0' && text[0] <= '9';
    bool boxes = digits && fields == 1 && !text[used] && first <= HS_PICTURE_MOST;
    bool pixels = digits && fields == 2 && !text[used] && first >= 200 && second >= 200;
    if (pixels)
        *ret = (struct hs_picture_budget){.width = first, .height = second};
    else if (boxes)
        *ret = (struct hs_picture_budget){.boxes = first, .everything = first == 0};
    else
        return hs_error_create(
            HS_ERROR_USAGE,
            "--budget %s: expected boxes (40, at most %d), pixels (1920x1080, at least 200x200) or "
            "0 for everything",
            text, HS_PICTURE_MOST);
    if (boxes && first && first < 2)
        ret->boxes = 2;
    return NULL;
}

static struct hs_error *draw_boxes(const struct hs_picture *picture, const struct hs_sketch *sketch,
                                   struct hs_drawing *drawing)
{
    struct hs_error *error = NULL;
    for (uint32_t box = 0; box < sketch->boxes && !error; box++)
        if (!sketch->box[box].gone)
            error = hs_picture_box(picture, sketch, box, drawing);
    return error;
}

static struct hs_error *draw_arrows(const struct hs_sketch *sketch, struct hs_drawing *drawing)
{
    struct hs_error *error = NULL;
    for (size_t i = 0; i < sketch->arrows && !error; i++) {
        const struct hs_sketch_arrow *arrow = &sketch->arrow[i];
        if (arrow->count && !sketch->box[arrow->src].gone && !sketch->box[arrow->dst].gone)
            error = hs_picture_arrow(arrow, drawing);
    }
    return error;
}

static struct hs_error *draw(const struct hs_picture *picture, const struct hs_sketch *sketch,
                             enum hs_draw_direction direction, const struct hs_draw_wanted *wanted,
                             struct hs_drawn *ret)
{
    struct hs_drawing *drawing = NULL;
    bool page = wanted->format == HS_DRAW_HTML;
    struct hs_error *error = hs_drawing_create(page ? NULL : picture->title, direction, &drawing);
    if (error)
        return error;
    error = draw_boxes(picture, sketch, drawing);
    if (!error)
        error = hs_picture_roots(picture, sketch, drawing);
    if (!error)
        error = draw_arrows(sketch, drawing);
    if (!error)
        error = hs_drawing_render(drawing, wanted, ret);
    hs_drawing_destroy(drawing);
    return error;
}

/* What is to be drawn with `boxes` boxes. */
static struct hs_error *draw_some(const struct hs_picture *picture, size_t boxes,
                                  const struct hs_draw_wanted *wanted, struct hs_drawn *ret,
                                  size_t *ret_boxes)
{
    struct hs_sketch sketch;
    struct hs_error *error = hs_sketch_copy(picture->sketch, &sketch);
    if (!error && !picture->budget.everything)
        error = hs_sketch_fold(&sketch, HS_PLUMBING_ALWAYS, true);
    if (!error && boxes)
        error = hs_sketch_fit(&sketch, boxes);
    if (!error)
        error = draw(picture, &sketch, picture->direction, wanted, ret);
    bool fits = error || ret->data;
    if (!fits)
        error = draw(picture, &sketch, picture->direction == HS_DRAW_RIGHT ? HS_DRAW_DOWN : HS_DRAW_RIGHT,
                     wanted, ret);
    if (!error)
        *ret_boxes = hs_sketch_drawn(&sketch);
    hs_sketch_deinit(&sketch);
    return error;
}

struct hs_error *hs_picture_render(const struct hs_picture *picture, enum hs_draw_format format,
                                   struct hs_drawn *ret, size_t *ret_boxes)
{
    struct hs_picture_budget budget = picture->budget;
    size_t drawn = 0;
    struct hs_draw_wanted wanted = {.format = format, .legend = format != HS_DRAW_HTML};
    size_t boxes = budget.boxes || budget.everything ? budget.boxes : HS_PICTURE_BOXES;
    bool fit = budget.width && format != HS_DRAW_DOT;
    if (fit) {
        bool page = format == HS_DRAW_HTML;
        wanted.screen_width = budget.width - (page ? PAGE_WIDTH : 0);
        wanted.screen_height =
            budget.height - (page ? budget.height > 2 * PAGE_HEIGHT ? PAGE_HEIGHT : budget.height / 2 : 0);
        wanted.width = wanted.screen_width * SMALLEST_POINTS / HS_PICTURE_LABEL_PIXELS;
        wanted.height = wanted.screen_height * SMALLEST_POINTS / HS_PICTURE_LABEL_PIXELS;
    }
    struct hs_error *error = draw_some(picture, boxes, &wanted, ret, &drawn);
    while (!error && !ret->data && drawn > BOXES_LEAST) {
        boxes = (drawn < boxes ? drawn : boxes) * 6 / 7;
        error = draw_some(picture, boxes, &wanted, ret, &drawn);
    }
    if (!error && !ret->data) {
        wanted.width = wanted.height = 0;
        error = draw_some(picture, boxes, &wanted, ret, &drawn);
    }
    if (ret_boxes)
        *ret_boxes = drawn;
    return error;
}

static struct hs_error *write_page(const struct hs_picture *picture, const struct hs_drawn *drawn,
                                   const char *path, bool overwrite)
{
    static const char *const scripts[] = {"svg-pan-zoom.js", "graph.js", NULL};
    static const char *const styles[] = {NULL};
    struct hs_page page = {.title = picture->title, .styles = styles, .scripts = scripts};
    struct hs_text html = {0};
    hs_page_begin(&html, &page);
    hs_page_graph(&html, "g1", picture->title, drawn->data, drawn->bytes);
    hs_page_end(&html, &page);
    struct hs_error *error = hs_page_write(&html, path, overwrite);
    hs_text_deinit(&html);
    return error;
}

static struct hs_error *write_file(const struct hs_drawn *drawn, const char *path, bool overwrite)
{
    struct hs_publish *publish;
    struct hs_error *error = hs_publish_create(path, overwrite, &publish);
    if (error)
        return error;
    error = hs_publish_write(publish, drawn->data, drawn->bytes);
    if (!error)
        error = hs_publish_commit(publish, NULL);
    hs_publish_destroy(publish);
    return error;
}

/* A file that cannot be written should be known before the work. */
static struct hs_error *check_writable(const char *path, bool overwrite)
{
    struct hs_publish *publish;
    struct hs_error *error = hs_publish_create(path, overwrite, &publish);
    if (!error)
        hs_publish_destroy(publish);
    return error;
}

struct hs_error *hs_picture_write(const struct hs_picture *picture, const char *path, bool overwrite,
                                  size_t *ret_boxes)
{
    enum hs_draw_format format;
    struct hs_drawn drawn = {0};
    struct hs_error *error = hs_draw_format_find(path, &format);
    if (!error)
        error = check_writable(path, overwrite);
    if (!error)
        error = hs_error_prefix(hs_picture_render(picture, format, &drawn, ret_boxes), "%s", path);
    if (!error)
        error = format == HS_DRAW_HTML ? write_page(picture, &drawn, path, overwrite)
                                       : write_file(&drawn, path, overwrite);
    free(drawn.data);
    return error;
}
