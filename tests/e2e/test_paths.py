"""The paths that heapquery prints are expressions: in the program that was snapped they evaluate to the object."""
import os
import tempfile
import unittest

import support
from support import HEAPQUERY, check


class Paths(unittest.TestCase):
    def test_paths_evaluate(self):
        program = os.path.join(support.HERE, "programs", "paths.py")
        for version, python in support.interpreters().items():
            with self.subTest(version), tempfile.TemporaryDirectory() as directory:
                out = check([python, program, HEAPQUERY, os.path.join(directory, "paths.db")])
                last = out.splitlines()[-1].split()
                self.assertEqual((last[0], last[2], last[1]), ("ok", "of", last[3]), out)
                self.assertGreater(int(last[1]), 35)


if __name__ == "__main__":
    unittest.main()
