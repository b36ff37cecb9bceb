"""Every command of docs/tutorial.md works, in its order, and says what the page says it does, but for the numbers."""
import re
import unittest

import support
import tutorial


def pattern(line):
    """A line without what differs from run to run: numbers with their units, and how columns are aligned."""
    line = re.sub(r"[+-]?\d[\d,.]*( [kM]?B\b)?", "N", line)
    return re.sub(r"\s+", " ", line).strip()


def is_key(line):
    """Does the line name what the page is about? Others (how many dicts there are) may differ on another system."""
    return re.search(r"webapp|Site|DB\b|_site_stack|OK|FAILED", line) is not None


class Tutorial(unittest.TestCase):
    def test_commands(self):
        with open(tutorial.PAGE) as file:
            blocks = tutorial.BLOCK.findall(file.read())
        self.assertGreater(len(blocks), 5)
        replay = tutorial.Replay()
        self.addCleanup(replay.close)
        keys = 0
        for block in blocks:
            for lines, documented in tutorial.commands(block):
                said, status = replay.run(lines)
                with self.subTest(lines[0]):
                    self.assertIn(status, (0, 1), said)  # 1: tests failed, as the page wants them to
                    here = {pattern(line) for line in said}
                    for line in filter(is_key, documented):
                        keys += 1
                        self.assertIn(pattern(line), here, "\n".join(said))
        self.assertGreater(keys, 20)


if __name__ == "__main__":
    unittest.main()
