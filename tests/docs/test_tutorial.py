"""The tutorial's commands, run in order in an empty folder; `--update-golden` writes down what they print now."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from itertools import groupby

import pytest

from tests.stories.people import WEIGHTS
from tests.workspace import ROOT, Workspace, unwatched

TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(
    r"^```(?P<language>console|diff)(?: title=\"(?P<file>[^\"]+)\")?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
PROGRESS = re.compile(r"^[\w -]+ \d+/\d+.* · [\d.]+ (s|min|min \d+ s)\n", re.MULTILINE)
CHECKOUT = "~/nano-banana"
"""Where the reader of the tutorial is."""

OMITTED = "…"
"""A line of this alone stands for any number of lines of output."""


@pytest.mark.slow
def test_the_tutorial_prints_what_it_shows(workspace: Workspace, request: pytest.FixtureRequest) -> None:
    shell = Shell(workspace)
    shutil.copytree(ROOT / "examples" / "astronaut" / "photos", workspace.path("examples/astronaut/photos"))
    update = bool(request.config.getoption("--update-golden"))
    shown = TUTORIAL.read_text(encoding="utf-8")
    printed = BLOCK.sub(lambda block: shell.follow(block, update=update), shown)
    if update:
        TUTORIAL.write_text(printed, encoding="utf-8")
    assert printed == TUTORIAL.read_text(encoding="utf-8")


class Shell:
    """A reader at a terminal: follows blocks of the tutorial, and remembers `cd`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._folder = workspace.root
        program = workspace.home / "bin" / "nano-banana"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m nano_banana "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        workspace.env(PATH=f"{program.parent}:{os.environ['PATH']}", PYTHONPATH=str(ROOT), COLUMNS="80")
        workspace.env(NANO_BANANA_WEIGHTS=str(WEIGHTS))

    def follow(self, block: re.Match[str], *, update: bool) -> str:
        """Do what a block says. Returns the block; with `update`, with what its commands print now."""
        text = block["text"]
        if block["language"] == "diff":
            self._edit(block["file"], text)
            return block[0]
        followed = "".join(
            self._command(part, update=update) for part in re.split(r"^(?=\$ )", text, flags=re.MULTILINE) if part
        )
        return block[0].replace(text, followed)

    def _edit(self, file: str, text: str) -> None:
        """Replace the lines that begin with `-` or a blank by those that begin with `+` or a blank."""
        lines = text.splitlines()
        old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
        self._workspace.edit((self._folder / file).relative_to(self._workspace.root).as_posix(), old, new)

    def _command(self, part: str, *, update: bool) -> str:
        typed, shown = re.split(r"(?<!\\)\n", part, maxsplit=1)
        command = typed.removeprefix("$ ")
        if command.startswith("cd "):
            self._folder /= command.removeprefix("cd ")
            return part
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self._folder,
            env=unwatched(os.environ),  # coverage warns on stderr
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            check=False,
        )
        printed = PROGRESS.sub("", done.stdout).replace(str(self._workspace.root), CHECKOUT).strip()
        printed += "\n" * bool(printed)
        assert done.returncode == 0, f"{command}\n{printed}"
        if self._matches(command, shown, printed):
            return part
        assert update, f"{command}\n--- the tutorial shows\n{shown}\n--- the program prints\n{printed}"
        return f"{typed}\n{_shortened(printed, shown)}"

    def _matches(self, command: str, shown: str, printed: str) -> bool:
        """Whether the output is what is shown, but for times, digests and what `…` leaves out."""
        screen = self._workspace.screen((command,), 0, "", "")
        lines = screen.plain(shown).strip().splitlines()
        if not lines:
            return not printed
        parts = ["\n".join(group) for left_out, group in groupby(lines, lambda line: line == OMITTED) if not left_out]
        pattern = r"(?:.*\n)*".join(re.escape(part) + r"\n?" for part in parts)
        pattern = pattern if lines[:1] != [OMITTED] else rf"(?:.*\n)*{pattern}"
        pattern = pattern if lines[-1:] != [OMITTED] else rf"{pattern}(?:.*\n)*"
        return re.fullmatch(pattern, screen.plain(printed).strip() + "\n") is not None


def _shortened(printed: str, shown: str) -> str:
    """Return `printed` with as many lines before and after `…` as `shown` has, if it leaves some out."""
    lines, new = shown.rstrip().splitlines(), printed.splitlines()
    if OMITTED not in lines:
        return printed
    before = lines.index(OMITTED)
    after = len(lines) - before - 1
    return "\n".join([*new[:before], OMITTED, *new[len(new) - after :], ""])
