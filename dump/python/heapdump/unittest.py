"""Fails the unittest tests that leak, and says what they leak and who holds it.

    python -m heapdump.unittest --repeat 5 tests.test_db
    python -m heapdump.unittest --repeat 5 discover -s tests

What follows the options is what `python -m unittest` takes. Each test runs five times, with setUp() and tearDown(); setUpClass()
and setUpModule() run once, as ever.
"""

import argparse
import copy
import functools
import sys
import unittest

from heapdump import _growth

RUNS = 5


class _OneOfMany(object):
    """Stands between a test that runs several times and the result, which hears of one run: of success only at the
    end, of trouble at once."""

    def __init__(self, result):
        self._result = result
        self.started = False
        self.ended = False  # with anything but success: there is no point in another run

    def __getattr__(self, name):
        return getattr(self._result, name)

    def startTest(self, test):
        if not self.started:
            self._result.startTest(test)
        self.started = True

    def stopTest(self, test):
        pass  # finish() says so

    def addSuccess(self, test):
        pass

    def addDuration(self, test, elapsed):
        pass

    def addSubTest(self, test, subtest, error):
        if error is not None:
            self.ended = True
            self._result.addSubTest(test, subtest, error)

    def _end(self, method, *args):
        self.ended = True
        getattr(self._result, method)(*args)

    def addError(self, test, error):
        self._end("addError", test, error)

    def addFailure(self, test, error):
        self._end("addFailure", test, error)

    def addSkip(self, test, reason):
        self._end("addSkip", test, reason)

    def addExpectedFailure(self, test, error):
        self._end("addExpectedFailure", test, error)

    def addUnexpectedSuccess(self, test):
        self._end("addUnexpectedSuccess", test)

    def finish(self, test, trouble):
        """Ends the test: `trouble` is None, or an exception."""
        if trouble is not None:
            _tell(self._result, test, trouble)
        elif not self.ended:
            self._result.addSuccess(test)
        self._result.stopTest(test)


class _LaterRound(_OneOfMany):
    """A later round of the whole run: told is what fails."""

    def startTest(self, test):
        pass

    def addSkip(self, test, reason):
        pass

    def addExpectedFailure(self, test, error):
        pass


def _tell(result, test, trouble):
    """Adds `trouble` to the result as what it is: a leak is a failure, no snapshot is an error."""
    try:
        raise trouble
    except _growth.Leak:
        result.addFailure(test, sys.exc_info())
    except _growth.heapdump.Error:
        result.addError(test, sys.exc_info())


def _judge(meter):
    """The Leak, or None."""
    verdict = meter.verdict()
    return _growth.Leak(verdict.text) if verdict else None


def _run_repeatedly(test, options, record, result=None):
    """In place of test.run(): every run is that of a new copy."""
    one = _OneOfMany(result)
    meter = _growth.Meter(test.id(), options.heapdump_repeat, options.heapdump_dir)
    trouble = None
    try:
        for run in range(1, options.heapdump_repeat + 1):
            fresh = copy.copy(test)
            type(test).run(fresh, one)
            fresh = None
            if record:
                record.add(test.id(), run)
            if one.ended or result.shouldStop:
                break
            meter.after(run)
        else:
            trouble = _judge(meter)
    except _growth.heapdump.Error as error:
        trouble = error
    if trouble is None:
        meter.remove()
    one.finish(test, trouble)
    return result


def _suites(suite):
    """The suite and all suites in it, then the tests."""
    suites, tests, waiting = [], [], [suite]
    while waiting:
        for part in waiting.pop():
            if isinstance(part, unittest.BaseTestSuite):
                waiting.append(part)
                suites.append(part)
            else:
                tests.append(part)
    return [suite] + suites, tests


class _Rounds(unittest.TestSuite):
    """A suite that runs as a whole, several times."""

    def __init__(self, suite, options, record):
        unittest.TestSuite.__init__(self, [suite])
        self._options = options
        self._record = record
        self._round = 0

    def _run_test(self, test, result=None):
        """In place of test.run(): every run is that of a new copy."""
        type(test).run(copy.copy(test), result)
        if self._record:
            self._record.add(test.id(), self._round)
        return result

    def run(self, result, debug=False):
        (suite,) = list(self)
        suites, tests = _suites(suite)
        for part in suites:
            part._cleanup = False  # a suite forgets its tests when they have run
        for test in tests:
            test.run = functools.partial(self._run_test, test)
        meter = _growth.Meter("the whole run", self._options.heapdump_repeat, self._options.heapdump_dir)
        trouble = None
        try:
            for run in range(1, self._options.heapdump_repeat + 1):
                self._round = run
                suite.run(result if run == 1 else _LaterRound(result))
                if result.shouldStop:
                    meter.remove()
                    return result
                meter.after(run)
            trouble = _judge(meter)
        except _growth.heapdump.Error as error:
            trouble = error
        if trouble is not None:
            _tell(result, unittest.FunctionTestCase(_judge, description="the whole run"), trouble)
        return result


class Runner(unittest.TextTestRunner):
    """unittest's own runner, which prepares the tests first. `options` as _growth.add_options() declares them."""

    options = None

    def run(self, test):
        options = self.options
        record = None
        if options.heapdump_record:
            record = _growth.Record(options.heapdump_record)
            record.start()
        if options.heapdump_each == "session":
            return unittest.TextTestRunner.run(self, _Rounds(test, options, record))
        for part in _suites(test)[1]:
            part.run = functools.partial(_run_repeatedly, part, options, record)
        return unittest.TextTestRunner.run(self, test)


def main():
    parser = argparse.ArgumentParser(
        prog="python -m heapdump.unittest", formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__,
        allow_abbrev=False)
    _growth.add_options(parser.add_argument, "", "repeat each test, or the whole run")
    parser.set_defaults(heapdump_repeat=RUNS)
    options, rest = parser.parse_known_args()
    try:
        _growth.check_runs(options.heapdump_repeat or 1)
    except ValueError as error:
        parser.error("--{}".format(error))
    unittest.main(module=None, argv=["python -m heapdump.unittest"] + rest,
                  testRunner=type("Runner", (Runner,), {"options": options}))


if __name__ == "__main__":
    main()
