/* Fuzzing the collector (libFuzzer): any bytes in place of the agent's stream are either refused, and then
 * there is no file, or give a snapshot that the reader finds to be without fault.
 */
#include "dump/collect.h"
#include "format/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool condition, const struct hs_error *error)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", error ? error->message : "a file is there that should not be");
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    char path[64];
    snprintf(path, sizeof(path), "/dev/shm/fuzz_stream.%d.db", (int)getpid());
    int fd = memfd_create("stream", MFD_CLOEXEC);
    if (fd < 0 || pwrite(fd, data, bytes, 0) != (ssize_t)bytes)
        abort();
    struct hs_collect_options options = {
        .output = path,
        .overwrite = true,
        .values = bytes ? data[bytes - 1] % HS_VALUES_POLICIES : HS_VALUES_NAMES,
        .stall_ms = 1000,
    };
    struct hs_collect_result result;
    struct hs_error *error = hs_collect(fd, &options, &result);
    close(fd);
    if (error) {
        hs_error_destroy(error);
        require(access(path, F_OK) != 0, NULL);
        return 0;
    }
    struct hs_reader *reader;
    error = hs_reader_open(path, &reader);
    require(!error, error);
    error = hs_reader_verify(reader);
    require(!error, error);
    hs_reader_destroy(reader);
    unlink(path);
    return 0;
}
