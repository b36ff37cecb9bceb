"""The agent inside a target: faults, hostile classes, and what the target notices of a snapshot (nothing)."""
import json
import os
import tempfile
import unittest

import stream
import support

SLOW = True
AGENT = os.path.join(support.LIB, "heapdump-agent.so")
TARGET = os.path.join(support.HERE, "agent_target.py")
FAULTS = ("segmentation", "illegal", "division", "breakpoint", "stack", "abort")


def references(snapshot, address):
    """The references of one object that are not holes."""
    return [ref for ref in snapshot.objects[address].refs if ref.target]


class AgentCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "stream")

    def document(self, python, case, *arguments):
        """Runs a case of agent_target.py; gives what it says."""
        return json.loads(support.check([python, TARGET, AGENT, self.path, case, *arguments]))

    def snap(self, python, case, *arguments):
        """The same, and the decoded stream."""
        return self.document(python, case, *arguments), self.decode(self.path)

    def decode(self, path):
        with open(path, "rb") as file:
            snapshot = stream.Stream(file.read())
        dangling = [ref for item in snapshot.objects.values() for ref in item.refs
                    if ref.target and ref.target not in snapshot.objects]
        self.assertEqual(dangling, [])
        return snapshot

    def each(self, test):
        for version, python in support.interpreters().items():
            with self.subTest(version=version):
                test(python)

    def check_fault(self, python, fault):
        document, snapshot = self.snap(python, "fault", fault)
        opaque = [snapshot.types[number] for number in snapshot.opaque]
        self.assertEqual([kind.name for kind in opaque], ["__main__.Victim"])
        self.assertEqual(opaque[0].address, document["type"])
        for victim in document["victims"]:
            self.assertEqual(references(snapshot, victim), [])
        self.assertIn(document["bystander"], snapshot.objects)
        self.assertEqual(snapshot.facts["faults"], 1, "an opaque type is not traversed again")

    def test_fault_in_a_traversal_costs_its_references(self):
        pythons = sorted(support.interpreters().items())
        for number, fault in enumerate(FAULTS):
            version, python = pythons[number % len(pythons)]
            with self.subTest(fault=fault, version=version):
                self.check_fault(python, fault)

    def test_endless_traversal_is_ended(self):
        python = sorted(support.interpreters().items())[-1][1]
        self.check_fault(python, "loop")

    def test_damaged_type_costs_its_instances(self):
        version, python = sorted(support.interpreters().items())[-1]
        document = self.document(python, "damage")
        with open(self.path, "rb") as file:
            snapshot = stream.Stream(file.read())
        self.assertTrue(set(document["others"]) <= set(snapshot.objects), version)
        self.assertFalse(set(document["victims"]) & set(snapshot.objects))
        self.assertGreater(snapshot.facts["faults"], 0)

    def test_hostile_classes_are_never_entered(self):
        def test(python):
            document, snapshot = self.snap(python, "hostile")
            self.assertEqual(document["entered"], [])
            plain, mapping, sequence, *_ = document["objects"]
            self.assertIn(plain, [ref.target for ref in references(snapshot, mapping)])
            self.assertIn(plain, [ref.target for ref in references(snapshot, sequence)])
            self.assertTrue(set(document["objects"]) <= set(snapshot.objects))
        self.each(test)

    def test_mock_gains_no_call(self):
        def test(python):
            document, snapshot = self.snap(python, "mock")
            self.assertEqual(document["before"], document["after"])
            self.assertIn(document["mock"], snapshot.objects)
        self.each(test)

    def test_no_child_is_seen(self):
        def test(python):
            document = self.document(python, "child")
            self.assertEqual(document["seen"], [])
        self.each(test)

    def test_reaper_of_orphans_keeps_no_zombie(self):
        def test(python):
            document = self.document(python, "reaper")
            self.assertEqual(document["seen"], [])
            for number in range(3):
                self.assertGreater(os.path.getsize("%s.%d.db" % (self.path, number)), 0)
        self.each(test)

    def test_target_is_as_before(self):
        def test(python):
            document = self.document(python, "state")
            self.maxDiff = None
            self.assertEqual(document["before"], document["after"])
            self.assertLessEqual(abs(document["blocks"]), 8)
            self.assertLess(document["mappings"], 8, "each of eight snapshots leaves one")
        self.each(test)

    def test_threads_that_change_the_heap(self):
        def test(python):
            document = self.document(python, "threads")
            self.assertEqual(document["errors"], [])
            for path in document["streams"]:
                snapshot = self.decode(path)
                self.assertEqual(snapshot.facts["faults"], 0)
                names = {thread.name for thread in snapshot.threads}
                self.assertTrue({"MainThread", "worker-0", "worker-7"} <= names, names)
        self.each(test)

    def test_values_by_policy(self):
        def test(python):
            document = self.document(python, "values")
            names, short, full = (self.decode("%s.%d" % (self.path, policy)) for policy in (0, 1, 2))
            for address, text in document["values"]:
                self.assertNotIn(address, names.values)
                self.assertEqual(short.values[address], text[:64])
                self.assertEqual(full.values[address], text)
            kinds = {names.types[names.objects[address].type].name for address in names.values if address in names.objects}
            self.assertEqual(kinds & {"str", "bytes", "int", "float", "bool"}, set())
        self.each(test)

    def test_deep_structures(self):
        python = sorted(support.interpreters().items())[-1][1]
        document, snapshot = self.snap(python, "deep")
        links, at = 0, document["head"]
        while at:
            links += 1
            at = next((ref.target for ref in references(snapshot, at)
                       if snapshot.objects[ref.target].type == snapshot.objects[at].type), 0)
        self.assertEqual(links, 100000)
        depth, at = 0, document["nested"]
        while references(snapshot, at):
            depth += 1
            at = references(snapshot, at)[0].target
        self.assertEqual(depth, 100000)
        self.assertEqual(len(references(snapshot, document["wide"])), 50000)

    def test_reader_or_child_that_dies(self):
        def test(python):
            document = self.document(python, "killed")
            self.assertEqual(document["seen"], [])
        self.each(test)


if __name__ == "__main__":
    unittest.main()
