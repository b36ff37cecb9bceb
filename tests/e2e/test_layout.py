"""The agent takes a layout only if it fits: what it refuses, with which words, and that nothing faults on the way."""
import json
import os
import unittest

import support

OK, BAD_REQUEST, UNSUPPORTED, MISMATCH, FREE_THREADED = 0, -1, -2, -3, -7
REFUSED = {
    "unsupported": (UNSUPPORTED, "no layout is known"),
    "debug build": (UNSUPPORTED, "use a release build"),
    "another version": (MISMATCH, "does not fit: "),
    "free-threaded": (FREE_THREADED, "free-threaded"),
    "runtime in no man's land": (MISMATCH, "does not fit: "),
    "a wrong type": (MISMATCH, "does not fit: the size of str"),
    "no address": (BAD_REQUEST, "missing"),
    "protocol": (BAD_REQUEST, ""),
}


class LayoutTest(unittest.TestCase):
    def ask(self, python, case):
        agent = os.path.join(support.LIB, "heapdump-agent.so")
        target = os.path.join(support.HERE, "layout_target.py")
        return json.loads(support.check([python, target, agent, case]))

    def test_refused(self):
        for version, python in support.interpreters().items():
            for case, (code, words) in REFUSED.items():
                with self.subTest(version=version, case=case):
                    error, detail, _ = self.ask(python, case)
                    self.assertEqual(error, code, detail)
                    self.assertIn(words, detail)

    def test_fits(self):
        for version, python in support.interpreters().items():
            with self.subTest(version=version):
                self.assertGreater(self.ask(python, "plain")[2], 100000)

    def test_process_vm_readv_forbidden(self):
        for version, python in support.interpreters().items():
            with self.subTest(version=version):
                error, detail, size = self.ask(python, "seccomp")
                self.assertEqual(error, OK, detail)
                self.assertGreater(size, 100000)


if __name__ == "__main__":
    unittest.main()
