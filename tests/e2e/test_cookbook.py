"""Every statement of docs/cookbook.md runs on the snapshots of the demo and answers its question."""
import os
import re
import shutil
import tempfile
import unittest

import support


class Cookbook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        support.check([next(iter(support.interpreters().values())),
                       os.path.join(support.ROOT, "tests", "demo", "run_suite.py"), cls.directory])
        with open(os.path.join(support.ROOT, "docs", "cookbook.md")) as file:
            cls.recipes = dict(re.findall(r"^### (\d+)\. .*?^```sql\n(.*?)^```$", file.read(), re.M | re.S))

    def ask(self, number):
        sql = self.recipes[str(number)]
        names = ("before.db", "after.db") if "after." in sql else ("after.db",)
        return support.query([os.path.join(self.directory, name) for name in names], sql)

    def test_all_answer(self):
        self.assertEqual(sorted(map(int, self.recipes)), list(range(1, 21)))
        for number in self.recipes:
            with self.subTest(number):
                self.assertTrue(self.ask(number), "no rows")

    def test_answers(self):
        self.assertEqual(self.ask(7)[-1]["type"], "webapp.objectdb.DB")
        self.assertTrue(self.ask(8)[0]["expression"].startswith("webapp.site._site_stack["))
        own = {row["name"]: row["objects"] for row in self.ask(3)}
        self.assertEqual(own["webapp.objectdb.DB"], 20)
        self.assertIn("webapp.site._site_stack", [row["variable"] for row in self.ask(12)])
        self.assertIn(("db", 20), [(row["name"], row["times"]) for row in self.ask(11)] +
                      [("db", row["times"]) for row in self.ask(11)])
        grown = {row["path"]: (row["before"], row["after"]) for row in self.ask(18)}
        self.assertEqual(grown["webapp.site._site_stack"], (4, 20))
        changed = {row["name"]: (row["before"], row["after"]) for row in self.ask(16)}
        self.assertIn("dict", changed)
        self.assertIn("rss", [row["name"] for row in self.ask(19)])


if __name__ == "__main__":
    unittest.main()
