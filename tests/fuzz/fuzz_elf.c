/* Fuzzing the reader of ELF files in another process's memory (libFuzzer): the bytes lie where a loaded file
 * would, and whatever they say of tables and chains, the look-ups end, and give an address or an error of one
 * line. */
#include "dump/attach/elf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the bytes are: far from everything else, where the sanitizer lets programs map memory. */
#define PLACE 0x200000000000
#define ROOM  (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void look_up(const struct hs_elf *elf, const char *name)
{
    uint64_t address, size;
    struct hs_error *error = hs_elf_symbol(elf, name, &address, &size);
    if (error && strchr(error->message, '\n'))
        abort();
    hs_error_destroy(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    static uint8_t *memory;
    if (!memory) {
        memory = mmap((void *)PLACE, ROOM, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
            abort();
    }
    if (bytes > ROOM)
        return 0;
    memset(memory, 0, ROOM);
    memcpy(memory, data, bytes);
    struct hs_mapping mapping = {
        .start = PLACE, .end = PLACE + ROOM, .read = true, .path = (char *)"fuzz.so"};
    struct hs_elf elf;
    struct hs_error *error = hs_elf_open(getpid(), &mapping, &elf);
    if (!error) {
        look_up(&elf, "PyInterpreterState_Get");
        look_up(&elf, "_PyRuntime");
        look_up(&elf, "");
    } else if (strchr(error->message, '\n')) {
        abort();
    }
    hs_error_destroy(error);
    return 0;
}
