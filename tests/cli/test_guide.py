"""`new` on a terminal: it asks, a person answers, and a recipe is there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import yaml

from tests.workspace import ROOT, Workspace

CLEAR, DOWN, ENTER, SPACE = "\x15", "\x1b[B", "\r", " "


@contextmanager
def asked(workspace: Workspace, *argv: str) -> Iterator[pexpect.spawn[str]]:
    """The program on a terminal of its own."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "COLUMNS": "100"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "nano_banana", *argv],
        cwd=str(workspace.root),
        env=environ,
        encoding="utf-8",
        timeout=40,
        dimensions=(50, 100),
    )
    try:
        yield child
    finally:
        child.close(force=True)


def test_every_question_is_asked_and_the_answers_are_in_the_recipe(workspace: Workspace) -> None:
    workspace.photos("photos/ana", count=3, size=(96, 120))
    with asked(workspace, "new", "--takes", "1") as child:
        for question, answer in (
            ("Where are the photos", "/ana" + ENTER),
            ("Name of the person", ENTER),
            ("Class word for the person", DOWN + ENTER),
            ("rare word", ENTER),
            ("Has this person agreed", "y"),
            ("Who gave consent", " L." + ENTER),
            ("On which date", ENTER),
            ("For which uses", SPACE + ENTER),
            ("Which templates", ENTER),
            ("Check likeness", "n"),
            ("Provider:", ENTER),
            ("Budget per run", ENTER),
            ("Show the plan now", "y"),
        ):
            child.expect(question)
            child.send(answer)
        child.expect(pexpect.EOF)
        screen = str(child.before)
        child.close()
    assert child.exitstatus == 0, screen
    assert "3 pictures to make" in screen
    recipe = yaml.safe_load(workspace.read("recipe.yaml"))
    subject = recipe["subjects"]["ana"]
    assert (subject["noun"], subject["training_set"]) == ("woman", "photos/ana")
    assert (subject["consent"]["given_by"], subject["consent"]["uses"]) == ("ana L.", ["website"])
    packs = [template["pack"] for template in recipe["templates"].values()]
    assert packs == ["cinema/cinematic-still", "life/natural-window-light", "work/corporate-headshot"]
    assert recipe["limits"]["budget_usd"] >= 1
    workspace.expect("check").hides("no consent recorded")


def test_ctrl_c_writes_nothing(workspace: Workspace) -> None:
    with asked(workspace, "new", "--photos", ".", "--subject", "ana") as child:
        child.expect("Class word for the person")
        child.sendcontrol("c")
        child.expect(pexpect.EOF)
        screen = str(child.before)
        child.close()
    assert child.exitstatus == 130, screen
    assert "Traceback" not in screen
    assert "no recipe was written" in screen
    assert "recipe.yaml" not in workspace.files("**/*")


def test_what_is_seen_of_the_photos_is_short_and_kept_by_the_new_project(workspace: Workspace) -> None:
    workspace.photos("photos", count=2, size=(96, 120))
    with asked(workspace, "new", "set", "--photos", "photos", "--subject", "ana") as child:
        child.expect("Class word for the person")
        screen = str(child.before)
        child.sendcontrol("c")
        child.expect(pexpect.EOF)
    assert "small photo" in screen
    assert "the shorter side is less than" not in screen
    assert "nano-banana photos set/recipe.yaml" in screen
    assert workspace.path("set/.nano-banana").is_dir()
    assert not workspace.path(".nano-banana").exists()


def test_photos_to_come_and_answers_that_cannot_be(workspace: Workspace) -> None:
    with asked(workspace, "new", "set", "--noun", "woman", "--takes", "1", "--no-gate", "--provider", "local") as child:
        for question, answer in (
            ("Where are the photos", "x" + ENTER),
            ("Folder set/photosx not found. Check the spelling", ""),
            ("Where are the photos", ENTER),
            ("Folder set/photos doesn't exist yet", "y"),
            ("Name of the person", "~/a" + ENTER),
            ("use lower-case letters, digits", CLEAR + "ana" + ENTER),
            ("rare word", ENTER),
            ("Has this person agreed", "y"),
            ("Who gave consent", ENTER),
            ("On which date", CLEAR + "last week" + ENTER),
            ("write it as YYYY-MM-DD", CLEAR + "2026-01-31" + ENTER),
            ("For which uses", ENTER),
            ("Which templates", ENTER),
            ("Budget per run", ENTER),
        ):
            child.expect(question)
            child.send(answer)
        child.expect(pexpect.EOF)
        screen = str(child.before)
        child.close()
    assert child.exitstatus == 0, screen
    assert "Put 8 to 20 photos of ana into set/photos." in screen
    assert "Show the plan now" not in screen
    assert workspace.path("set/photos").is_dir()
    assert not workspace.path("set/photosx").exists()
    assert "on: 2026-01-31" in workspace.read("set/recipe.yaml")
