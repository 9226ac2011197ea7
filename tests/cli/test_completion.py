"""Completion scripts, which a shell itself finds no fault with."""

from __future__ import annotations

import io
import shutil
import subprocess

import pytest

from nano_banana.cli.app import app
from nano_banana.cli.screen import Screen
from tests.workspace import Workspace


class Watched(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("shell", ["bash", "fish", "zsh"])
def test_a_script_for_each_shell(workspace: Workspace, shell: str) -> None:
    screen = workspace.expect("completion", shell)
    screen.shows("_NANO_BANANA_COMPLETE", "nano-banana").hides("install")
    assert 'string split "," ' not in screen.stdout, "fish would show descriptions up to their first comma"
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=screen.stdout, text=True, check=True)


def test_a_person_is_told_how_to_install_it() -> None:
    out, err = Watched(), Watched()
    arguments = ["completion", "fish"]
    with app.make_context("nano-banana", arguments, obj=Screen(out, err, environ={})) as context:
        app.invoke(context)
    assert "~/.config/fish/completions/nano-banana.fish" in err.getvalue()
