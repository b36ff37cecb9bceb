/* Reading this process's own memory without the risk of a fault.
 *
 * Before a layout is known to fit, its offsets may lead anywhere. The kernel reads for us and says EFAULT:
 * through process_vm_readv on the process itself or, where a seccomp filter forbids that, by writing to a
 * pipe.
 */
#ifndef HS_DUMP_AGENT_PROBE_H
#define HS_DUMP_AGENT_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one read may ask for: a pipe takes a page without blocking. */
#define HS_PROBE_MAX 4096

struct hs_probe {
    long pid;
    int pipe[2]; /* -1, -1 until process_vm_readv turns out to be forbidden */
};

void hs_probe_init(struct hs_probe *probe);
void hs_probe_deinit(struct hs_probe *probe);

/* Copies `size` bytes (at most HS_PROBE_MAX) from `address`; false, and `ret` undefined, if not all can be
 * read. */
bool hs_probe_read(struct hs_probe *probe, uint64_t address, size_t size, void *ret);

/* The word at address + offset; 0 if it cannot be read. */
uint64_t hs_probe_word(struct hs_probe *probe, uint64_t address, int32_t offset);

#endif
