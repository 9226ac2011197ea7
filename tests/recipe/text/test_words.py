from __future__ import annotations

import re
import string
from pathlib import Path

import nano_banana.recipe as room
from nano_banana.cli.messages.template_messages import TEXT_MESSAGES

TEXT_HALF = [
    "composer",
    "document",
    "environ",
    "files",
    "frame",
    "include",
    "inside",
    "merge",
    "renderer",
    "variables",
    "yaml_faults",
]
KIND = re.compile(r'"((?:file|recipe|yaml|include|set|var|env|template|duplicate|too_many)_[a-z_]+)"')


def kinds() -> set[str]:
    folder = Path(room.__path__[0])
    sources = [*(folder / f"{name}.py" for name in TEXT_HALF), *(folder / "templates").glob("*.py")]
    return {kind for source in sources for kind in KIND.findall(source.read_text(encoding="utf-8"))}


def test_every_kind_has_words() -> None:
    assert kinds() == set(TEXT_MESSAGES)


def test_words_are_one_sentence() -> None:
    for wording in TEXT_MESSAGES.values():
        assert not wording.say.endswith(".")
        assert not wording.hint.endswith(".")
        list(string.Formatter().parse(wording.say + wording.hint))
