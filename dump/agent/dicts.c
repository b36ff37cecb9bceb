#include "dump/agent/dicts.h"

#include "dump/agent/sys.h"
#include "dump/agent/text.h"
#include "dump/agent/types.h"

uint64_t hs_entries_find(const struct hs_layout *layout, const struct hs_entries *entries, const char *key)
{
    size_t bytes = hs_text_length(key);
    for (uint64_t i = 0; i < entries->count; i++) {
        uint64_t name = hs_entry_key(entries, i);
        if (!name ||
            !(hs_word(hs_word(name, layout->ob_type), layout->tp_flags) & HS_TPFLAGS_UNICODE_SUBCLASS))
            continue;
        char scratch[64];
        const char *text;
        if (hs_word(name, layout->str_length) == bytes &&
            hs_str_utf8(layout, name, scratch, sizeof scratch, &text) == bytes &&
            memcmp(text, key, bytes) == 0)
            return hs_entry_value(entries, i);
    }
    return 0;
}

uint64_t hs_dict_find(const struct hs_layout *layout, uint64_t dict, const char *key)
{
    struct hs_entries entries;
    hs_entries_of_dict(layout, dict, &entries);
    return hs_entries_find(layout, &entries, key);
}
