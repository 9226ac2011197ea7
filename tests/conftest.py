"""What every test may ask for: a workspace, and golden files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workspace import Workspace


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `--update-golden` write down what the screen shows now."""
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/*.txt anew")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Workspace:
    """An empty project folder with its own home, no key and nothing of this machine's settings."""
    return Workspace(tmp_path, monkeypatch, update_golden=bool(request.config.getoption("--update-golden")))
