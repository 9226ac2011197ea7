"""A person at a terminal is asked about what is lost, and buys that and nothing else."""

from __future__ import annotations

import io
import sys

import pytest

from nano_banana.cli.main import run_command_line
from tests.fal.project import FalProject
from tests.fal.service import Service


class Watched(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def at_a_terminal(project: FalProject, monkeypatch: pytest.MonkeyPatch, answer: str) -> str:
    """Run, say `answer` when asked, and give back what was shown."""
    with monkeypatch.context() as here:
        shown = Watched()
        here.chdir(project.root)
        here.setenv("TERM", "xterm")
        here.setattr(sys, "stdout", shown)
        here.setattr(sys, "stderr", shown)
        here.setattr(sys, "stdin", io.StringIO(answer))
        run_command_line(["run"])
    return shown.getvalue()


def test_a_yes_buys_what_is_lost_and_not_what_was_unsafe(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.fault("nsfw", times=1)
    project.run(exit_code=1)
    project.edit("seeds: [11, 29]", "seeds: [11, 29, 31]")
    service.fault("expired", times=1)
    project.run(exit_code=1)
    assert project.states() == ["collected"] * 4 + ["failed", "unknown"]
    shown = at_a_terminal(project, monkeypatch, "n\n")
    assert "Resend them?" in shown
    assert service.count("accepted") == 6
    at_a_terminal(project, monkeypatch, "y\n")
    assert project.states() == ["abandoned"] + ["collected"] * 5 + ["failed"]
    assert service.count("accepted") == 7


def test_what_another_recipe_lost_is_not_asked_about(
    project: FalProject, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.fault("expired", times=1)
    project.run(exit_code=1)
    project.edit("seeds: [11, 29]", "seeds: [31]")
    assert "Resend them?" not in at_a_terminal(project, monkeypatch, "y\n")
    assert project.states() == ["collected"] * 5 + ["unknown"]


def test_what_no_call_asks_for_any_more_can_be_given_up(project: FalProject, service: Service) -> None:
    service.fault("expired", times=1)
    project.run(exit_code=1)
    assert project.states().count("unknown") == 1
    project.edit("headshot, {{", "headshot portrait, {{")
    project.run("--abandon")
    assert project.states() == ["abandoned"] + ["collected"] * 7
