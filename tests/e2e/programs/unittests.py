"""A unittest run that is under way: fixtures, mocks, a failure whose traceback holds frames, subtests, patches."""
import io
import logging
import unittest
import unittest.mock

import oracle_twin

registry = []
log = logging.getLogger("app")


class Service:
    def __init__(self, backend):
        self.backend = backend

    def fetch(self, key):
        log.info("fetch %s", key)
        return self.backend.get(key)


class ServiceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = {"rows": [[i] for i in range(500)]}

    def setUp(self):
        self.backend = unittest.mock.MagicMock(name="backend")
        self.service = Service(self.backend)
        registry.append(self.service)
        self.addCleanup(self.backend.reset_mock)

    def test_a_fetch(self):
        self.backend.get.return_value = [1, 2, 3]
        self.assertEqual(self.service.fetch("k"), [1, 2, 3])
        self.backend.get.assert_called_once_with("k")

    def test_b_failure(self):
        local = {"state": [self.service]}
        with self.assertLogs("app"):
            self.service.fetch("k")
        for number in range(3):
            with self.subTest(number=number):
                self.assertEqual(number, 1, local)

    @unittest.expectedFailure
    def test_c_expected(self):
        self.fail("as expected")

    def test_d_snapshot(self):
        with unittest.mock.patch.object(Service, "fetch", autospec=True) as fetch:
            fetch.side_effect = lambda this, key: [this, key]
            answer = self.service.fetch("patched")
            oracle_twin.take()
            self.assertEqual(answer[1], "patched")


stream = io.StringIO()
program = unittest.main(argv=["unittests"], exit=False, testRunner=unittest.TextTestRunner(stream))
assert len(program.result.failures) == 2 and program.result.testsRun == 4, stream.getvalue()
