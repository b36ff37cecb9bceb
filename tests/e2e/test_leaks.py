"""Each kind of leak is named, on every CPython here, and each program without one is met with silence."""
import unittest

import leak_cases
import leaks_inside
import support

SLOW = True
LONG = True


class Cases(unittest.TestCase):
    def judge(self, cases, steps):
        for version, python in sorted(support.interpreters().items()):
            for case in cases:
                with self.subTest(case=case.name, version=version):
                    self.assertIsNone(leaks_inside.judge(case, leaks_inside.run(case, python, steps)))

    def test_leaks(self):
        self.judge(leak_cases.LEAKS, [2, 3, 4, 5])

    def test_leaks_in_two_snapshots(self):
        self.judge(leak_cases.LEAKS, [2, 5])

    def test_no_leaks(self):
        self.judge(leak_cases.NO_LEAKS, [2, 3, 4, 5])


if __name__ == "__main__":
    unittest.main()
