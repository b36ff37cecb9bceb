#!/usr/bin/env python3
"""Makes the manual pages: of the tools from what they say with --help, of the file format from SPEC.md.

usage: manual.py BUILD DIR

So a page cannot know an option that the tool does not have, or miss one. Only what --help has no room for is in EXTRA.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TOOLS = {
    "heapdump": "write a snapshot of the heap of a Python process",
    "heapdiff": "say what grew between heap snapshots, and what holds it",
    "heapquery": "ask a heap snapshot what is in it and what keeps it alive",
}
DIFF_JSON = """
heapdiff --json prints one object. Arrays over snapshots are in the order of the command line.

  snapshots    file, label, taken_at, objects, bytes, rss
  types        type, count and bytes (arrays over snapshots), new, freed (null if the processes differ)
  suspects     rank, kind, type, counts (array over snapshots), objects, bytes, trend, holder (id, address, type, path),
               path, allocated_at, also_held_by,
               in_step_with (of native memory: the rank of the place whose objects come in step with it, or null),
               content (type, counts: what things of a library carry of the program's own, null if nothing),
               chain (to the content if there is one), pattern, advice
  memory       arrays over snapshots by name; null where a snapshot does not say
  blind_spots  sentences

Programs should allow for more keys than these.
"""
DUMP_JSON = """
heapdump snap --json prints one object:

  snap  file, pid, objects, refs, bytes (of the file), paused_ms

heapdump list --json prints one object per line:

  list  pid, parent, user, python, rss_bytes, age_s, threads, command, listening, can_snap, reason (null if it can)

Programs should allow for more keys than these.
"""
QUERY_JSON = """
SQL with --json prints an array of objects, a row each, whose keys are the names of the columns. The commands print the same, or one object:

  types     an array: type, objects, bytes, mean
  objects   an array: id, address, bytes, refcount, length, value
  show      id, address, type, value, bytes, length, refcount, generation, retained_bytes, external_refs, refs and backrefs
            (numbers by kind), path, allocated_at
  refs      an array: kind, name, slot, owning, id, type, bytes, value; backrefs the same
  chain     id, root, path, chain (an array: step, id, address, type, value, bytes, reference, kind, name, key, slot)
  retained  an array: retained, keeps, type, id, path
  tables    an array: table, columns, on_demand

Sizes are in bytes; what is unknown or does not apply is null. With --csv arrays come as a table with a header line. Programs should allow
for more keys than these.
"""
EXTRA = {"heapdiff": {"json": DIFF_JSON}, "heapdump": {"json": DUMP_JSON}, "heapquery": {"json": QUERY_JSON}}
ENVIRONMENT = """
  HEAPDUMP_VALUES  what snapshots hold of values if --values does not say: names (the default), short or full
"""


def escape(text):
    """Text in which troff sees no requests and no escapes, and a hyphen stays one that can be pasted."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def example(lines):
    return [".PP", ".nf", *(escape(line) for line in lines), ".fi"]


def paragraph(lines):
    return [".PP", *(escape(line.strip()) for line in lines)]


def options(lines):
    """Lines "  -f, --force   text", where the text may go on below itself."""
    page = []
    for line in lines:
        found = re.match(r" {1,6}(-.*?)(?: {2,}(\S.*))?$", line)
        if found:
            page += [".TP", ".B " + escape(found.group(1))]
            text = found.group(2)
        else:
            text = line.strip()
        if text:
            page.append(escape(text))
    return page


def block(lines):
    if any(re.match(r" {1,6}-", line) for line in lines):
        return options(lines)
    if all(line.startswith(" ") for line in lines):
        return example(lines)
    if len(lines) > 1 and lines[0].endswith(":") and all(line.startswith("  ") for line in lines[1:]):
        return paragraph(lines[:1]) + block(lines[1:])
    if any(re.match(r" {4,}\S|\S.*? {3,}\S", line) for line in lines):
        return example(lines)
    return paragraph(lines)


def blocks(text):
    """The parts of a text that empty lines separate, as lists of lines."""
    return [part.split("\n") for part in re.split(r"\n\n+", text.strip("\n")) if part.strip()]


def show_help(program, *command):
    return subprocess.run([program, *command, "--help"], check=True, stdout=subprocess.PIPE, text=True).stdout


def split_usage(text):
    """The usage, without that word, and the rest."""
    usage, rest = text.split("\n\n", 1)
    assert usage.startswith("usage: "), usage
    return [line[len("usage: "):] for line in usage.split("\n")], rest


def commands(program):
    """The commands that --help lists, in its order."""
    text = show_help(program)
    return [name for name in re.findall(r"^  ([a-z]+) {2,}[a-z]", text, re.M)]


def header(name, section, version, what):
    return ['.TH {} {} "" "heapsnap {}" "Heap snapshots"'.format(name.upper(), section, version),
            ".SH NAME", "{} \\- {}".format(name, escape(what))]


def tool_page(program, name, version):
    usage, rest = split_usage(show_help(program))
    page = header(name, 1, version, TOOLS[name])
    page += [".SH SYNOPSIS", ".nf", *map(escape, usage), ".fi", ".SH DESCRIPTION"]
    for part in blocks(rest):
        page += block(part)
    for command in commands(program):
        usage, rest = split_usage(show_help(program, command))
        page += ['.SH "{} {}"'.format(name, command).upper(), ".nf", *map(escape, usage), ".fi"]
        for part in blocks(rest):
            page += block(part)
    for title, text in EXTRA.get(name, {}).items():
        page.append(".SH " + title.upper())
        for part in blocks(text):
            page += block(part)
    if name == "heapdump":
        page += [".SH ENVIRONMENT"] + block(ENVIRONMENT.strip("\n").split("\n"))
    others = sorted(other for other in TOOLS if other != name)
    page += [".SH SEE ALSO", ", ".join("\\fB{}\\fR(1)".format(other) for other in others) + ", \\fBheapsnap\\fR(5)"]
    return page


def format_page(version):
    """SPEC.md, which stays readable as it is: headings, paragraphs, code and tables."""
    page = header("heapsnap", 5, version, "the heap snapshot file")
    with open(os.path.join(ROOT, "SPEC.md")) as file:
        text = file.read()
    parts = re.split(r"^(```.*?^```$)", text, flags=re.M | re.S)
    for number, part in enumerate(parts):
        if number % 2:
            page += example(part.split("\n")[1:-1])
            continue
        for lines in blocks(part):
            page += format_block(lines)
    return page + [".SH SEE ALSO", "\\fBheapdump\\fR(1), \\fBheapquery\\fR(1)"]


def format_block(lines):
    page = []
    while lines and lines[0].startswith("#"):
        level, title = re.match(r"(#+) (.*)", lines.pop(0)).groups()
        macro = ".SS" if len(level) > 2 else ".SH"
        page.append('{} "{}"'.format(macro, escape(title if len(level) > 1 else "DESCRIPTION").replace('"', "\\(dq")))
    if not lines:
        return page
    is_list = any(re.match(r" *([-*]|\d+\.) ", line) for line in lines)
    if lines[0].startswith("|") or lines[0].startswith("    ") or is_list:
        return page + example(lines)
    return page + paragraph(lines)


def main():
    build, directory = sys.argv[1:]
    with open(os.path.join(ROOT, "VERSION")) as file:
        version = file.read().strip()
    pages = {"man1/{}.1".format(name): tool_page(os.path.join(build, "bin", name), name, version) for name in TOOLS}
    pages["man5/heapsnap.5"] = format_page(version)
    for path, page in pages.items():
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write("\n".join(page) + "\n")


if __name__ == "__main__":
    main()
