"""Pages in a real browser: Debian's Chromium, remotely controlled by tests/web/look.js."""
import json
import os
import shutil
import unittest

import support

CHROMIUM = "/usr/bin/chromium"
MODULES = os.path.join(support.BUILD, "tests", "web", "node_modules")
LIBRARIES = os.path.join(support.BUILD, "web", "node_modules")


def need():
    """Skips the test case where this machine has no browser, or the build no libraries."""
    node = shutil.which("node") or shutil.which("nodejs")
    if not node:
        raise unittest.SkipTest("node is not installed")
    if not os.access(CHROMIUM, os.X_OK):
        raise unittest.SkipTest("chromium is not installed")
    for path in (MODULES, LIBRARIES):
        if not os.path.isdir(path):
            raise unittest.SkipTest("npm could not fetch %s; try: make web" % path)
    return node


def look(path, check, *words):
    """What look.js saw of the page at `path`: the facts of that check, and everything that a page must not do."""
    script = os.path.join(support.ROOT, "tests", "web", "look.js")
    text = support.check([need(), script, path, check, *words], env=dict(os.environ, NODE_PATH=MODULES), timeout=240)
    return json.loads(text)


def check_quiet(case, facts, path):
    """Nothing ran that should not, nothing was asked of the network, nothing complained."""
    case.assertEqual(facts["messages"], [])
    case.assertEqual(facts["requests"], ["file://" + path])
    case.assertEqual(facts["dialogs"], 0)
    case.assertIsNone(facts.get("hacked"))


def check_readable(case, facts):
    case.assertEqual(facts["text"], {"small": [], "overlapping": []})
