"""Settings for every test: few property examples that say the same each time, and no skip that nobody pinned."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

_PINNED = Path(__file__).with_name("skips.txt")

# CI must not be a lottery: the same examples in every run. `--hypothesis-profile=search` looks further.
hypothesis.settings.register_profile("handover", deadline=None, derandomize=True, max_examples=100)
hypothesis.settings.register_profile("search", deadline=None, max_examples=5000)
hypothesis.settings.register_profile("few", deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.load_profile("handover")


def pinned(text: str) -> frozenset[str]:
    """Return the test names of a list with one ``name  # reason`` in each line."""
    lines = (line.partition("  # ") for line in text.splitlines() if line and not line.startswith("#"))
    return frozenset(name.strip() for name, _, reason in lines if reason.strip())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip that is not in ``skips.txt`` into a failure: what was not tested must not look green."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.nodeid not in pinned(_PINNED.read_text()):
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped and is not in tests/skips.txt: {call.excinfo and call.excinfo.value}"
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a whole file that skips itself into a failure, by the same list."""
    report = yield
    if report.skipped and collector.nodeid not in pinned(_PINNED.read_text()):
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped itself and is not in tests/skips.txt"
    return report


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name long values by their argument: keys that are new in each run would give tests other names each time."""
    return argname if isinstance(val, str | bytes) and len(val) > 40 else None
