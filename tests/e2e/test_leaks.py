"""Each leak is named, by its first suspect and with the table of known patterns empty, and what is no leak is met with
silence: every case on Debian's CPython, which has the libraries, and a few of each kind on every other."""
import contextlib
import os
import tempfile
import unittest

from leaks import runner
import support

SLOW = True

# Kinds that depend on how an interpreter lays out its objects, or names them.
FEW = ("registry", "lru_cache_on_method", "closures", "linked_list", "generators", "tasks", "modules", "attributes_by_name",
       "atexit", "threads_with_locals", "context_variable", "missing_decref", "bytearray", "queue_of_constant_length",
       "imports", "event_loop_per_run")


# What lets go of a leak, in the program.
CLEAR = {
    "registry": "_open.clear()",
    "lru_cache_on_method": "Report.total.cache_clear()",
    "list_of_tuples": "history.clear()",
    "deque": "queue.clear()",
    "inner_dict_grows": "tables['users'].clear()",
    "closures": "callbacks.clear()",
    "bound_methods": "signals.handlers.clear()",
    "linked_list": "_head = None",
    "tree": "root.children.clear()",
    "generators": "_streams.clear()",
    "exceptions": "errors.clear()",
    "two_holders": "by_id.clear(); by_name.clear()",
    "trie_of_dicts": "trie.clear()",
    "descriptor_keyed_by_instance": "Item.__dict__['price'].data.clear()",
    "log_records_kept": "memory.buffer.clear()",
    "crawler": "crawler.frontier.done.clear()",
    "jobqueue": "queue.attempts.clear()",
    "webframework": "app.middlewares[1].by_path.clear()",
}


def shallow_bytes(path):
    return support.query(path, "SELECT sum(shallow_bytes) AS bytes FROM objects")[0]["bytes"]


def main_python():
    """Debian's own interpreter, which has its libraries; else one that is here."""
    pythons = support.interpreters().values()
    return "/usr/bin/python3" if "/usr/bin/python3" in pythons else next(iter(pythons))


class Leaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.none = os.path.join(directory.name, "none.sql")
        with open(cls.none, "w") as file:
            file.write("DELETE FROM known_pattern")

    def check(self, python, cases, label):
        for needs, group in runner.groups(cases).items():
            if not runner.has(python, needs):
                for case in group:
                    with self.subTest(case=case.name):
                        self.skipTest("%s: no %s" % (label, ", ".join(needs)))
                continue
            with contextlib.closing(runner.Target(python, needs)) as target:
                for case in group:
                    with self.subTest(case=case.name, python=label), tempfile.TemporaryDirectory() as directory:
                        self.check_one(case, target.snap(case, directory, runner.STEPS))

    def check_one(self, case, files):
        self.assertIsNone(runner.judge(case, self.diff(files)))
        if case.holder and case.two:
            self.assertIsNone(runner.judge(case, self.diff([files[0], files[-1]])), "with two snapshots")

    def diff(self, files):
        """What heapdiff says while it knows no patterns."""
        report = runner.diff(files, "--patterns", self.none)
        self.assertEqual({suspect["pattern"] for suspect in report["suspects"]} - {None}, set())
        return report

    def test_all_on_one_python(self):
        leaks, silent = runner.all_cases()
        self.check(main_python(), leaks + silent, "Debian")

    def test_bytes_are_what_clearing_frees(self):
        leaks, _ = runner.all_cases()
        cases = [case for case in leaks if case.name in CLEAR]
        self.assertEqual(len(cases), len(CLEAR))
        with contextlib.closing(runner.Target(main_python(), ())) as target:
            for case in cases:
                with self.subTest(case=case.name), tempfile.TemporaryDirectory() as directory:
                    files = target.snap(case, directory, (2, 5), CLEAR[case.name])
                    freed = [shallow_bytes(path) - shallow_bytes(path.replace("rep", "cleared")) for path in files]
                    bytes_ = runner.diff(files)["suspects"][0]["bytes"]
                    self.assertAlmostEqual(bytes_ / (freed[1] - freed[0]), 1, delta=0.1)

    def test_a_few_on_the_others(self):
        leaks, silent = runner.all_cases()
        few = [case for case in leaks + silent if case.name in FEW]
        self.assertEqual(len(few), len(FEW))
        for version, python in sorted(support.interpreters().items()):
            if python != main_python():
                self.check(python, few, version)


if __name__ == "__main__":
    unittest.main()
