#!/usr/bin/env python3
"""Makes the C tables of what pages are made of: our style sheets and scripts, and npm's where they were fetched.

usage: embed.py DIR OUT.c        DIR holds node_modules, or not
       embed.py --licences DIR TO    copies the licences of what was fetched into the directory TO
"""
import base64
import hashlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OWN = ["page.css", "page.js", "graph.js", "report.css", "report.js", "plot.css", "plot.js"]
LIBRARIES = {
    "svg-pan-zoom.js": "svg-pan-zoom/dist/svg-pan-zoom.min.js",
    "d3-hierarchy.js": "d3-hierarchy/dist/d3-hierarchy.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def licence_of(directory, path):
    return os.path.join(directory, "node_modules", path.split("/")[0], "LICENSE")


def library(directory, path):
    """A library with its licence in front, which goes wherever it goes."""
    text = read(directory, "node_modules", path)
    licence = read(licence_of(directory, path)).strip().replace("*/", "* /")
    return "/*! {}\n{}\n*/\n{}".format(path.split("/")[0], licence, text)


def texts(directory):
    for name in OWN:
        yield name, read(HERE, name)
    if os.path.isdir(os.path.join(directory, "node_modules")):
        for name, path in LIBRARIES.items():
            yield name, library(directory, path)


def c_array(data):
    lines = [data[i:i + 24] for i in range(0, len(data), 24)]
    return ",\n".join(",".join(str(byte) for byte in line) for line in lines)


def tables(directory):
    code = ["/* Made by query/web/embed.py. */", '#include "query/asset.h"', ""]
    rows = []
    for number, (name, text) in enumerate(texts(directory)):
        # What would end the element that it is put into.
        assert "</script" not in text.lower() and "</style" not in text.lower() and "<!--" not in text, name
        data = text.encode()
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        code.append("static const unsigned char asset_{}[] = {{\n{}\n}};".format(number, c_array(data)))
        rows.append('    {{"{0}", (const char *)asset_{1}, sizeof(asset_{1}), "sha256-{2}"}},'.format(name, number, digest))
    code += ["const struct hs_asset hs_assets[] = {", *rows, "    {0},", "};"]
    return "\n".join(code) + "\n"


def main():
    if sys.argv[1] == "--licences":
        directory, to = sys.argv[2:]
        for path in LIBRARIES.values():
            if os.path.exists(licence_of(directory, path)):
                with open(os.path.join(to, "LICENSE." + path.split("/")[0]), "w", encoding="utf-8") as file:
                    file.write(read(licence_of(directory, path)))
        return
    directory, out = sys.argv[1:]
    code = tables(directory)
    with open(out, "w", encoding="ascii") as file:
        file.write(code)


if __name__ == "__main__":
    main()
