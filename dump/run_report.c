#include "dump/run_report.h"

#include "format/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const char *before, const char *text)
{
    struct hs_text safe = {0};
    hs_text_terminal(&safe, text, strlen(text));
    fprintf(stderr, "heapdump: %s%s\n", before, hs_text_string(&safe));
    hs_text_deinit(&safe);
}

static void tell_line(struct hs_run_report *report, char *line)
{
    const char *kind = strsep(&line, " ");
    strsep(&line, " "); /* the pid */
    report->started |= !strcmp(kind, "start");
    if (!line)
        return;
    if (!strcmp(kind, "fail"))
        say("no snapshot: ", line);
    else if (!report->quiet && (!strcmp(kind, "done") || !strcmp(kind, "note")))
        say("", line);
    report->told |= !strcmp(kind, "done") || !strcmp(kind, "fail");
}

void hs_run_report_tell(struct hs_run_report *report)
{
    char line[HS_RUN_REPORT_LINE];
    int fd = open(report->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file) {
        if (fd >= 0)
            close(fd);
        return;
    }
    fseek(file, report->at, SEEK_SET);
    /* A line is written by one write(), so the last one is whole, or too long to be. */
    while (fgets(line, sizeof(line), file)) {
        report->at = ftell(file);
        line[strcspn(line, "\n")] = '\0';
        tell_line(report, line);
    }
    fclose(file);
}
