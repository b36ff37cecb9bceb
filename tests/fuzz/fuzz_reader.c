/* Fuzzing the reader of whole files (libFuzzer): any bytes are refused in one line, or verify finds all well.
 *
 * Checksums keep most mutations out; those of the small tables, and of labels and shapes, are made good by
 * nobody, so what is tested is the way up to them: SQLite's header and pages, the schema, rows in wrong
 * places.
 */
#include "format/reader.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static char path[] = "/dev/shm/heapdump-fuzz-XXXXXX";

static void remove_file(void)
{
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static int fd = -1;
    if (fd < 0) {
        fd = mkstemp(path);
        atexit(remove_file);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, bytes, 0) != (ssize_t)bytes)
        abort();
    struct hs_reader *reader;
    struct hs_error *error = hs_reader_open(path, &reader);
    if (!error) {
        error = hs_reader_verify(reader);
        hs_reader_destroy(reader);
    }
    if (error && (strchr(error->message, '\n') || !strstr(error->message, path)))
        abort();
    hs_error_destroy(error);
    return 0;
}
