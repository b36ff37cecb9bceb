#include "diff/picture.h"

#include "query/picture.h"

static struct hs_error *draw_suspects(const struct hs_report *report, struct hs_drawing *drawing)
{
    struct hs_reader *reader = report->loaded[report->snapshots - 1].reader;
    struct hs_error *error = NULL;
    for (size_t i = 0; !error && i < report->suspects->count && i < HS_PICTURE_SUSPECTS; i++)
        error = hs_picture_chain(drawing, reader, &report->suspects->suspect[i].place.chain);
    return error;
}

struct hs_error *hs_report_draw(const struct hs_report *report, const char *path, bool overwrite)
{
    if (!report->suspects->count)
        return hs_error_create(HS_ERROR_USAGE, "%s: not drawn, since nothing grows like a leak", path);
    struct hs_drawing *drawing = NULL;
    struct hs_error *error = hs_drawing_create(NULL, HS_DRAW_DOWN, &drawing);
    if (!error)
        error = draw_suspects(report, drawing);
    if (!error)
        error = hs_drawing_write(drawing, path, overwrite);
    hs_drawing_destroy(drawing);
    return error;
}
