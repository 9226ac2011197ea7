"""The reference is what `--help` says, and nothing else."""

from __future__ import annotations

import subprocess
import sys

from nano_banana.cli.app import command_entries
from nano_banana.cli.cli_reference import reference
from tests.workspace import ROOT, Workspace


def test_the_reference_is_up_to_date(workspace: Workspace) -> None:
    text = reference()
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == text
    for name in command_entries():
        assert f"\n## `nano-banana {name}`\n" in text or f"\n### `nano-banana {name}`\n" in text
        assert workspace.run(name, "--help").stdout.rstrip() in text


def test_it_is_printed_by_its_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nano_banana.cli.cli_reference"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == reference()
