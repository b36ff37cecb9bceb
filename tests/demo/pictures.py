"""Makes the pictures of docs/graphs.md: what refers to the last database of the leaking test suite, as it was drawn in 2008 and
as heapquery draws it, and what grows, as heapdiff draws it.

usage: /usr/bin/python3 pictures.py BUILD DIRECTORY      (Debian's Python, for python3-objgraph; needs graphviz)

Prints the number of boxes of each picture, and what it takes on a screen of 96 dots an inch.
"""
import gc
import io
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
# Deep enough that objgraph draws the 185 boxes of the story.
DEPTH = 13
# The preview of the old picture, in inches.
PREVIEW = "9.5,5"


def run(*argv, **options):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, **options).stdout


def pixels(svg):
    width, height = re.search(rb'<svg width="(\d+)pt" height="(\d+)pt"', svg).groups()
    return round(int(width) * 4 / 3), round(int(height) * 4 / 3)


def say(name, boxes, size):
    print("%-14s %4d boxes  %5d x %d pixels" % (name, boxes, *size))


def draw_old(last, path):
    import objgraph

    dot = io.StringIO()
    objgraph.show_backrefs([last], max_depth=DEPTH, too_many=10, output=dot)
    dot = dot.getvalue().encode()
    say(os.path.basename(path), len(re.findall(rb"\[label=", dot)), pixels(run("dot", "-Tsvg", input=dot)))
    with open(path, "wb") as file:
        file.write(run("dot", "-Tpng", "-Gsize=" + PREVIEW, "-Gdpi=96", input=dot))


def draw_new(path, *argv):
    svg = path[:-4] + ".svg"
    for output in (path, svg):
        run(*[word.replace("OUTPUT", output) for word in argv], "-f")
        os.chmod(output, 0o644)
    with open(svg, "rb") as file:
        text = file.read()
    os.unlink(svg)
    say(os.path.basename(path), len(re.findall(rb'<g id="b\d+" class="node', text)), pixels(text))


def main():
    build, directory = map(os.path.abspath, sys.argv[1:])
    sys.path[:0] = [os.path.join(build, "python"), HERE]
    import heapdump
    import run_suite

    os.makedirs(directory, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        before, after = os.path.join(work, "before.db"), os.path.join(work, "after.db")
        run_suite.run_once()
        gc.collect()
        heapdump.snap(before)
        for _ in range(run_suite.REPETITIONS - 1):
            run_suite.run_once()
        gc.collect()
        heapdump.snap(after)
        webapp = sys.modules["webapp.objectdb"]
        # The last by address, which heapquery calls DB[-1].
        last = max((thing for thing in gc.get_objects() if type(thing) is webapp.DB), key=id)
        tool = os.path.join(build, "bin", "heapquery")
        draw_old(last, os.path.join(directory, "old.png"))
        draw_new(os.path.join(directory, "backrefs.png"), tool, "backrefs", after, "webapp.objectdb.DB[-1]", "-o", "OUTPUT")
        draw_new(os.path.join(directory, "chain.png"), tool, "chain", after, "webapp.objectdb.DB[-1]", "-o", "OUTPUT")
        draw_new(os.path.join(directory, "grows.png"), os.path.join(build, "bin", "heapdiff"), before, after,
                 "--graph", "OUTPUT")


if __name__ == "__main__":
    main()
