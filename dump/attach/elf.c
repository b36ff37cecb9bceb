#include "dump/attach/elf.h"

#include "dump/attach/remote.h"

#include <string.h>

#define NAME_MAX_BYTES 64 /* of a symbol that somebody asks for */

static struct hs_error *not_elf(const struct hs_mapping *mapping)
{
    return hs_error_create(HS_ERROR_NOT_SNAPSHOT, "%s: is no loaded ELF file of this machine", mapping->path);
}

static struct hs_error *read_dynamic(struct hs_elf *elf, const Elf64_Phdr *segment)
{
    Elf64_Dyn entry[HS_ELF_DYNAMIC];
    size_t count = segment->p_memsz / sizeof(entry[0]);
    if (count > HS_ELF_DYNAMIC)
        count = HS_ELF_DYNAMIC;
    struct hs_error *error =
        hs_remote_read(elf->pid, elf->bias + segment->p_vaddr, entry, count * sizeof(entry[0]));
    if (error)
        return error;
    for (size_t i = 0; i < count && entry[i].d_tag != DT_NULL; i++) {
        /* The loader of glibc relocates these addresses in place, that of musl does not. */
        uint64_t address = entry[i].d_un.d_ptr;
        if (address < elf->bias)
            address += elf->bias;
        if (entry[i].d_tag == DT_SYMTAB)
            elf->symbols = address;
        else if (entry[i].d_tag == DT_STRTAB)
            elf->strings = address;
        else if (entry[i].d_tag == DT_GNU_HASH)
            elf->gnu_hash = address;
        else if (entry[i].d_tag == DT_HASH)
            elf->hash = address;
    }
    return NULL;
}

struct hs_error *hs_elf_open(pid_t pid, const struct hs_mapping *mapping, struct hs_elf *ret)
{
    Elf64_Ehdr header;
    *ret = (struct hs_elf){.pid = pid, .base = mapping->start, .path = mapping->path};
    struct hs_error *error = hs_remote_read(pid, mapping->start, &header, sizeof(header));
    if (error)
        return error;
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 ||
        header.e_phnum > HS_ELF_SEGMENTS)
        return not_elf(mapping);
    ret->segments = header.e_phnum;
    error = hs_remote_read(pid, mapping->start + header.e_phoff, ret->segment,
                           ret->segments * sizeof(ret->segment[0]));
    if (error)
        return error;
    const Elf64_Phdr *first = NULL, *dynamic = NULL;
    for (size_t i = 0; i < ret->segments; i++) {
        const Elf64_Phdr *segment = &ret->segment[i];
        if (segment->p_type == PT_LOAD && segment->p_offset == 0 && !first)
            first = segment;
        if (segment->p_type == PT_DYNAMIC)
            dynamic = segment;
    }
    if (!first || !dynamic || first->p_vaddr > mapping->start)
        return not_elf(mapping);
    ret->bias = mapping->start - first->p_vaddr;
    return read_dynamic(ret, dynamic);
}

/* Is symbol number `index` a definition of `name`? */
static struct hs_error *match(const struct hs_elf *elf, uint32_t index, const char *name, uint64_t *ret,
                              uint64_t *ret_size)
{
    Elf64_Sym symbol;
    struct hs_error *error =
        hs_remote_read(elf->pid, elf->symbols + (uint64_t)index * sizeof(symbol), &symbol, sizeof(symbol));
    if (error)
        return error;
    char found[NAME_MAX_BYTES];
    size_t bytes = strlen(name) + 1;
    if (bytes > sizeof(found) || symbol.st_shndx == SHN_UNDEF ||
        ELF64_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC)
        return NULL;
    error = hs_remote_read(elf->pid, elf->strings + symbol.st_name, found, bytes);
    if (error)
        return error;
    if (memcmp(found, name, bytes) != 0)
        return NULL;
    *ret = elf->bias + symbol.st_value;
    if (ret_size)
        *ret_size = symbol.st_size;
    return NULL;
}

static uint32_t gnu_hash(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static struct hs_error *find_gnu(const struct hs_elf *elf, const char *name, uint64_t *ret,
                                 uint64_t *ret_size)
{
    struct {
        uint32_t buckets, first_symbol, bloom_words, bloom_shift;
    } table;
    struct hs_error *error = hs_remote_read(elf->pid, elf->gnu_hash, &table, sizeof(table));
    if (error)
        return error;
    if (table.buckets == 0)
        return NULL;
    uint32_t wanted = gnu_hash(name);
    uint64_t buckets = elf->gnu_hash + sizeof(table) + UINT64_C(8) * table.bloom_words;
    uint64_t chains = buckets + UINT64_C(4) * table.buckets;
    uint32_t index;
    error = hs_remote_read(elf->pid, buckets + UINT64_C(4) * (wanted % table.buckets), &index, sizeof(index));
    if (error || index < table.first_symbol)
        return error;
    for (int i = 0; i < HS_ELF_CHAIN && *ret == 0; i++, index++) {
        uint32_t hash;
        error = hs_remote_read(elf->pid, chains + UINT64_C(4) * (index - table.first_symbol), &hash,
                               sizeof(hash));
        if (!error && (hash | 1) == (wanted | 1))
            error = match(elf, index, name, ret, ret_size);
        if (error || (hash & 1))
            return error;
    }
    return NULL;
}

static uint32_t elf_hash(const char *name)
{
    uint32_t hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + (unsigned char)*name;
        uint32_t high = hash & 0xf0000000;
        hash = (hash ^ high >> 24) & ~high;
    }
    return hash;
}

static struct hs_error *find_sysv(const struct hs_elf *elf, const char *name, uint64_t *ret,
                                  uint64_t *ret_size)
{
    uint32_t table[2]; /* buckets, chains */
    struct hs_error *error = hs_remote_read(elf->pid, elf->hash, table, sizeof(table));
    if (error || table[0] == 0)
        return error;
    uint64_t buckets = elf->hash + sizeof(table), chains = buckets + UINT64_C(4) * table[0];
    uint32_t index;
    error =
        hs_remote_read(elf->pid, buckets + UINT64_C(4) * (elf_hash(name) % table[0]), &index, sizeof(index));
    for (int i = 0; !error && i < HS_ELF_CHAIN && *ret == 0 && index != STN_UNDEF && index < table[1]; i++) {
        error = match(elf, index, name, ret, ret_size);
        if (!error)
            error = hs_remote_read(elf->pid, chains + UINT64_C(4) * index, &index, sizeof(index));
    }
    return error;
}

struct hs_error *hs_elf_symbol(const struct hs_elf *elf, const char *name, uint64_t *ret, uint64_t *ret_size)
{
    *ret = 0;
    if (ret_size)
        *ret_size = 0;
    if (!elf->symbols || !elf->strings)
        return NULL;
    if (elf->gnu_hash)
        return find_gnu(elf, name, ret, ret_size);
    return elf->hash ? find_sysv(elf, name, ret, ret_size) : NULL;
}
