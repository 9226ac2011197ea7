"""Every command line that the docs show has commands and options that exist."""

from __future__ import annotations

import re
import shlex

import click
import pytest

from nano_banana.cli.app import app
from tests.docs.test_examples import PAGES
from tests.workspace import ROOT

BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(nano-banana [^`\n]+)`")
EXAMPLE = re.compile(r"^@click\.command\(name=\"([\w-]+)\"", re.MULTILINE)
"""A command whose code the page itself shows: the reader adds it."""


def lines() -> list[tuple[str, str]]:
    """Page and command line, of all pages that people write."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        shown = "\n".join(BLOCK.findall(text)).replace("\\\n", " ").splitlines() + INLINE.findall(text)
        examples = tuple(f"nano-banana {name}" for name in EXAMPLE.findall(text))
        commands = [line.removeprefix("$ ") for line in shown]
        found += [(page.relative_to(ROOT).as_posix(), line) for line in commands if not line.startswith(examples)]
    return [(page, line) for page, line in found if line.startswith("nano-banana ") and "…" not in line]


@pytest.mark.parametrize(("page", "line"), sorted(set(lines())))
def test_a_shown_command_exists(page: str, line: str) -> None:  # noqa: ARG001 - the id
    words = shlex.split(re.split(r"[|;&>]", line, maxsplit=1)[0], comments=True)[1:]
    command: click.Command = app
    context = click.Context(app, info_name="nano-banana")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        child = command.get_command(context, words.pop(0))
        assert child is not None, line
        command, context = child, click.Context(child, parent=context)
    known = {name for one in command.get_params(context) for name in [*one.opts, *one.secondary_opts]}
    assert [word for word in words if re.match(r"-\w|--\w", word) and word.split("=")[0] not in known] == [], line
