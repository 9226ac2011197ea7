"""The key is shown to the service, and written or printed nowhere."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from tests.fal.project import KEY, FalProject
from tests.fal.service import Service
from tests.workspace import PROGRAM, ROOT

NAME, _, SECRET = KEY.partition(":")
TRACES = [KEY, SECRET, NAME, base64.b64encode(KEY.encode()).decode(), SECRET[::-1]]

LOUD = """
import logging, sys
logging.basicConfig(level=1, format="%(name)s %(levelname)s %(message)s %(args)s")
from nano_banana.cli.main import main
main()
"""
"""The program with every library's log at its loudest."""

BROKEN = """
import os, logging
logging.basicConfig(level=1)
from nano_banana.providers.fal.fal_provider import FalProvider
def broken(self, *_):
    key = self._line.terms.key
    raise RuntimeError(f"a bug that tells of Key {os.environ['FAL_KEY']} and {key} and {vars(self._line.client)}")
FalProvider.answer = broken
from nano_banana.cli.main import main
main()
"""
"""The program with a bug that knows the key, in the provider."""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Emulator]:
    """A service that takes another key than ours."""
    options = EmulatorOptions(pictures="plain", key="another:key")
    with Emulator(tmp_path / "other", options) as server:
        yield server


def loudly(project: FalProject, *argv: str, code: str = LOUD) -> str:
    """Run so; return everything that was printed."""
    project.workspace.env(NANO_BANANA_DEBUG="1", HTTPX_LOG_LEVEL="trace", PYTHONASYNCIODEBUG="1")
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", code, *argv],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    printed = ended.stdout + ended.stderr
    assert printed, f"{PROGRAM} {argv} said nothing"
    return printed


def assert_nowhere(project: FalProject, *printed: str) -> None:
    """Insist that the key is in none of these texts, and in no file that the program wrote."""
    for text in printed:
        for trace in TRACES:
            at = text.find(trace)
            assert at < 0, text[max(at - 300, 0) : at + 300]
    files = [path for top in (project.root, project.workspace.home) for path in top.rglob("*") if path.is_file()]
    assert len(files) > 3
    for path in files:
        data = path.read_bytes()
        assert not [trace for trace in TRACES if trace.encode() in data], path


def test_no_run_writes_or_prints_the_key(project: FalProject, service: Service) -> None:
    project.trained(painted=True)
    for kind, on in (("nginx", "stream"), ("corrupt", "download"), ("429", "result"), ("drop-after-accept", "submit")):
        service.fault(kind, on=on, times=1, arg="0" if kind == "429" else None)
    printed = [
        loudly(project, "run", "--json"),
        loudly(project, "run"),
        loudly(project, "plan", "--json"),
        loudly(project, "stats", "--json"),
        loudly(project, "check", "--online"),
        loudly(project, "config", "show"),
    ]
    assert (project.root / "recipe.lock").is_file()
    assert "DEBUG" in printed[0]
    masked = printed.pop()
    assert SECRET not in masked
    assert KEY not in masked
    assert_nowhere(project, *printed)


def test_no_failure_tells_the_key(project: FalProject, service: Service) -> None:
    service.fault("403", on="api", times=None).fault("drop-after-accept", times=1)
    service.fault("422", times=1, arg="content_policy_violation").fault("expired", times=1)
    lost = loudly(project, "run", "--json")
    assert "request_unknown" in lost
    service.faultless().fault("401", on="result", times=None).fault("balance", times=None)
    assert_nowhere(project, lost, loudly(project, "run", "--json", "--resubmit"), loudly(project, "plan"))


def test_a_wrong_key_is_refused_without_being_told(project: FalProject, other: Emulator) -> None:
    project.workspace.env(NANO_BANANA_FAL_URL=other.url, SSL_CERT_FILE=str(other.ca))
    printed = loudly(project, "run")
    assert "fal rejected the key" in printed
    project.workspace.env(SSL_CERT_FILE="")
    assert_nowhere(project, printed, loudly(project, "run"))


def test_a_crash_and_its_report_do_not_hold_the_key(project: FalProject) -> None:
    printed = loudly(project, "run", code=BROKEN)
    assert "this is a bug" in printed
    reports = [path for path in project.workspace.home.rglob("*") if path.is_file() and "crash" in str(path)]
    assert reports, printed
    assert_nowhere(project, printed)
