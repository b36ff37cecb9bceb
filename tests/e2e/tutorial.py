"""Replays docs/tutorial.md: the commands of its console blocks, one after the other, in a copy of tests/demo.

usage: python3 tests/e2e/tutorial.py    writes what the commands say now into the page, where it says what they said then

A block is

    ```console
    $ command
    what it said
    ```

and may have several commands. Lines that begin with "> " go on with a command.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import support

PAGE = os.path.join(support.ROOT, "docs", "tutorial.md")
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def commands(block):
    """[(lines of the command, lines of what it said)] of a block's text."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append(([line], []))
        elif line.startswith("> ") and not found[-1][1]:
            found[-1][0].append(line)
        else:
            found[-1][1].append(line)
    return found


class Replay:
    def __init__(self):
        self.directory = tempfile.mkdtemp()
        self.demo = shutil.copytree(os.path.join(support.ROOT, "tests", "demo"), os.path.join(self.directory, "demo"))
        self.env = support.environment(PATH=support.BIN + os.pathsep + "/usr/bin:/bin", TMPDIR=self.directory)

    def run(self, lines):
        """What a command says, lines; standard error is part of it."""
        command = "\n".join(line[2:] for line in lines)
        done = subprocess.run(["/bin/sh", "-c", command], cwd=self.demo, env=self.env, stdin=subprocess.DEVNULL, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return [line.rstrip() for line in done.stdout.splitlines()], done.returncode

    def close(self):
        shutil.rmtree(self.directory)


def write():
    replay = Replay()

    def renew(found):
        said = ["```console"]
        for lines, _ in commands(found.group(1)):
            said += lines + replay.run(lines)[0]
        return "\n".join(said + ["```"])
    with open(PAGE) as file:
        text = file.read()
    text = BLOCK.sub(renew, text)
    replay.close()
    with open(PAGE, "w") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(write())
