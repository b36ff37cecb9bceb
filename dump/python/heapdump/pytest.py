"""A pytest plugin that fails the tests that leak, and says what they leak and who holds it.

    pytest -p heapdump.pytest --heapdump-repeat 5

Each selected test runs five times. A test after whose runs a place in the program holds more and more objects fails with
that place as the reason. Fixtures of the test run with every repetition, fixtures of wider scopes once, as ever.
"""

import os
import re

import pytest
from _pytest._code.code import ReprEntry, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest.fixtures import FixtureDef
from _pytest.runner import runtestprotocol

from heapdump import _growth

_PROPERTY = "heapdump"  # of reports, and so of JUnit files


def pytest_addoption(parser):
    group = parser.getgroup("heapdump", "heap growth")
    _growth.add_options(group.addoption, "heapdump-", "repeat each test, or the session as a whole")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "no_leaks(types=[...]): with --heapdump-repeat, fail if there are more instances of these types "
        "(names, patterns or classes) after the runs, whoever holds them")
    config.addinivalue_line(
        "markers", "limit_growth(objects=N, bytes=N): with --heapdump-repeat, fail if the heap grows by more than this "
        "a run, and not for anything less")
    try:
        runs = _growth.check_runs(config.option.heapdump_repeat)
    except ValueError as error:
        raise pytest.UsageError("--heapdump-{}".format(error))
    is_worker = hasattr(config, "workerinput")  # of pytest-xdist
    record = None
    if config.option.heapdump_record:
        record = _growth.Record(os.path.join(str(config.invocation_params.dir), config.option.heapdump_record))
        if not is_worker:
            record.start()
    if runs or record:
        config.pluginmanager.register(_plugin(config, runs, record), "heapdump-runs")


def _plugin(config, runs, record):
    directory = os.path.relpath(os.path.join(str(config.invocation_params.dir), config.option.heapdump_dir))
    if not runs:
        return _Once(record)
    if config.option.heapdump_each == "test":
        return _EachTest(runs, directory, record)
    if hasattr(config, "workerinput") or config.getoption("dist", "no") != "no":
        raise pytest.UsageError("--heapdump-each session: the session must run in one process: leave out -n")
    return _WholeSession(runs, directory, record)


def pytest_terminal_summary(terminalreporter):
    leaks = [dict(report.user_properties) for report in terminalreporter.stats.get("failed", ())
             if any(name == _PROPERTY for name, _ in report.user_properties)]
    if not leaks:
        return
    terminalreporter.write_sep("=", "heap growth")
    for leak in leaks:
        terminalreporter.write_line(leak[_PROPERTY])


class _Once:
    """No repetitions, a record alone."""

    def __init__(self, record):
        self._record = record

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
        yield
        self._record.add(item.nodeid, 1)


class _EachTest:
    def __init__(self, runs, directory, record):
        self._runs = runs
        self._directory = directory
        self._record = record

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        for report in self._repeat(item, nextitem):
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _repeat(self, item, nextitem):
        """The reports of the last run. A test that does not pass is not run again."""
        meter = _growth.Meter(item.nodeid, self._runs, self._directory)
        for run in range(1, self._runs + 1):
            reports = None  # those of the run before are not to be in a snapshot
            reports = _run(item, nextitem if run == self._runs else item.parent)
            if self._record:
                self._record.add(item.nodeid, run)
            if not all(report.passed for report in reports):
                return self._stop(item, nextitem, meter, reports, run)
            try:
                meter.after(run)
            except _growth.heapdump.Error as error:
                self._stop(item, nextitem, meter, reports, run)
                return _failed(item, reports, str(error))
        return self._judge(item, meter, reports)

    def _stop(self, item, nextitem, meter, reports, run):
        """Tears down what the next run would have used."""
        meter.remove()
        if run < self._runs:
            try:
                item.session._setupstate.teardown_exact(nextitem)
            except Exception as error:  # of the program under test
                return _failed(item, reports, "tear-down: {!r}".format(error))
        if run > 1:
            for report in reports:
                report.sections.append(("heapdump", "this is run {} of {}".format(run, self._runs)))
        return reports

    @staticmethod
    def _judge(item, meter, reports):
        try:
            verdict = meter.verdict(lambda place: _name_fixture(item.session, place), **_demands(item))
        except _growth.heapdump.Error as error:
            return _failed(item, reports, str(error))
        return _leaking(item, reports, verdict) if verdict else reports


def _run(item, nextitem):
    """Runs a test once and gives its reports: setup, call, teardown. A `nextitem` that is the test's own parent keeps the
    fixtures of the wider scopes."""
    sections, properties = len(item._report_sections), len(item.user_properties)
    reports = runtestprotocol(item, log=False, nextitem=nextitem)
    # What a test printed or noted of itself belongs to one run. Its object is made anew for the next one.
    del item._report_sections[sections:]
    del item.user_properties[properties:]
    if getattr(item, "cls", None) is not None:
        item._obj = item._instance = None
    _forget_repeated_finalizers(item.session)
    return reports


def _forget_repeated_finalizers(session):
    """pytest notes with every use of a fixture that it is to be finished (FixtureDef.execute, _schedule_finalizers), for
    fixtures of wider scopes as often as they are used: a leak of its own. Only the last note has an effect: the
    others find the fixture finished."""
    lists = [finalizers for finalizers, _ in session._setupstate.stack.values()]
    for definitions in session._fixturemanager._arg2fixturedefs.values():
        lists += [definition._finalizers for definition in definitions]
    for finalizers in lists:
        kept, seen = [], set()
        for finalizer in reversed(finalizers):
            fixture = _fixture_to_finish(finalizer)
            if fixture is None or id(fixture) not in seen:
                kept.append(finalizer)
            seen.add(id(fixture))
        finalizers[:] = reversed(kept)


def _fixture_to_finish(finalizer):
    """The FixtureDef whose finish() a finalizer of pytest calls, or None: partial(fixturedef.finish, ...), or a lambda
    in _schedule_finalizers() of older versions."""
    candidates = [getattr(getattr(finalizer, "func", None), "__self__", None)]
    if getattr(finalizer, "__module__", None) == "_pytest.fixtures":
        candidates += [cell.cell_contents for cell in getattr(finalizer, "__closure__", None) or ()]
    return next((candidate for candidate in candidates if isinstance(candidate, FixtureDef)), None)


def _demands(item):
    demands = {}
    marker = item.get_closest_marker("no_leaks")
    if marker:
        demands["types"] = list(marker.kwargs.get("types", marker.args[0] if marker.args else ()))
    marker = item.get_closest_marker("limit_growth")
    if marker:
        demands["objects"] = marker.kwargs.get("objects")
        demands["bytes"] = marker.kwargs.get("bytes")
    return demands


def _name_fixture(session, place):
    """What a fixture's value holds is reached through pytest's own tables; people know it by the fixture's name."""
    found = re.search(r"\._arg2fixturedefs\.values\(\)\)\[(\d+)\]\[-?\d+\]\.cached_result\[0\](.*)", place)
    names = list(session._fixturemanager._arg2fixturedefs)
    if not found or int(found.group(1)) >= len(names):
        return place
    return "fixture {}{}".format(names[int(found.group(1))], found.group(2))


def _failed(item, reports, text, summary=None):
    """Makes the call fail with `text`."""
    for report in reports:
        if report.when == "call":
            report.outcome = "failed"
            report.longrepr = _representation(text, summary or text, str(item.fspath), item.location[1])
    return reports


def _representation(text, summary, path, line):
    """`text` where pytest shows why a test failed, and `summary` where it has one line for it."""
    lines = ["E   " + line for line in text.split("\n")]
    return ReprExceptionInfo(
        reprtraceback=ReprTraceback([ReprEntry(lines, None, None, None, "value")], None, "value"),
        reprcrash=ReprFileLocation(path, (line or 0) + 1, summary))


def _leaking(item, reports, verdict):
    _failed(item, reports, verdict.text, verdict.reason)
    for report in reports:
        # JUnit files take the properties of the last report, the summary those of the one that failed.
        report.user_properties += [(_PROPERTY, verdict.text), ("heapdump_snapshots", " ".join(verdict.files)),
                                   ("heapdump_command", verdict.command)]
    return reports


class _WholeSession:
    def __init__(self, runs, directory, record):
        self._runs = runs
        self._directory = directory
        self._record = record

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        if session.config.option.collectonly or not session.items or session.testsfailed:
            return None  # nothing to repeat: pytest's own loop says so
        meter = _growth.Meter("session", self._runs, self._directory)
        for run in range(1, self._runs + 1):
            self._round(session, run)
            meter.after(run)
        verdict = meter.verdict(lambda place: _name_fixture(session, place))
        if verdict:
            self._report(session, verdict)
        return True

    def _round(self, session, run):
        items = session.items
        after = None if run == self._runs else items[0] if len(items) > 1 else items[0].parent
        for item, nextitem in zip(items, items[1:] + [after]):
            reports = _run(item, nextitem)
            # Every failure is told, and every success once.
            if run == 1 or any(report.failed for report in reports):
                item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
                for report in reports:
                    item.ihook.pytest_runtest_logreport(report=report)
                item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
            if self._record:
                self._record.add(item.nodeid, run)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)

    @staticmethod
    def _report(session, verdict):
        """The session as a test that failed, so that every kind of report has it."""
        item = session.items[-1]
        for when in ("setup", "call", "teardown"):
            report = pytest.TestReport(
                nodeid="heapdump::session", location=("heapdump", None, "session"), keywords={}, outcome="passed",
                longrepr=None, when=when)
            if when == "call":
                report.outcome = "failed"
                report.longrepr = _representation(verdict.text, verdict.reason, str(item.fspath), 0)
            report.user_properties = [(_PROPERTY, verdict.text), ("heapdump_snapshots", " ".join(verdict.files)),
                                      ("heapdump_command", verdict.command)]
            session.config.hook.pytest_runtest_logreport(report=report)
