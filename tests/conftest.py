"""What every test may ask for: a workspace, and golden files."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.workspace import Workspace


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `--update-golden` write down what the screen shows now."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/*.txt anew")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a test that skips fails: whatever it lacks is for `make test` to install."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Workspace:
    """An empty project folder with its own home, no key and nothing of this machine's settings."""
    return Workspace(tmp_path, monkeypatch, update_golden=bool(request.config.getoption("--update-golden")))
