"""The report of a bug: enough to mend it, nothing to steal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from nano_banana.cli.error_exit import remove_secrets, write_crash_report
from nano_banana.settings.fal_key import keep_key, key_file
from tests.workspace import Workspace

NOW = datetime(2026, 9, 1, 12, 30, tzinfo=UTC)


def test_what_looks_like_a_key_goes() -> None:
    hexes = "abcdef0123456789abcdef0123456789"
    text = f"Key 11111111-2222-3333-4444-555555555555:{hexes}, https://host/path:80 at a.py:12"
    assert remove_secrets(text, {}) == "Key [removed], https://host/path:80 at a.py:12"


@pytest.mark.usefixtures("workspace")
def test_a_key_of_any_shape_goes_and_so_do_its_halves() -> None:
    environ = {"FAL_KEY": "my.id:p@ss word", "FAL_KEY_OLD": "öld-one", "FAL_KEY_ID": "x"}
    assert remove_secrets("my.id:p@ss word, p@ss word, my.id, öld-one, x", environ) == ", ".join(
        ["[removed]"] * 4 + ["x"]
    )


@pytest.mark.usefixtures("workspace")
def test_the_kept_key_goes() -> None:
    keep_key("some.id:some.secret")
    assert remove_secrets("sent some.secret", {}) == "sent [removed]"
    key_file().write_bytes(b"\xff")
    assert remove_secrets("sent some.secret", {}) == "sent some.secret"


def test_the_report_is_a_file_of_its_own(workspace: Workspace, tmp_path: Path) -> None:
    file = write_crash_report(ValueError("x"), ["run"], {}, now=NOW, folder=tmp_path / "state")
    assert file == tmp_path / "state" / "crash-20260901-123000-000000.txt"
    text = file.read_text()
    assert text.startswith("nano-banana ")
    assert "2026-09-01T12:30:00+00:00\narguments: ['run']\n\nValueError: x\n" in text
    workspace.write("file", "")
    assert write_crash_report(ValueError("x"), [], {}, now=NOW, folder=workspace.path("file") / "x") is None
