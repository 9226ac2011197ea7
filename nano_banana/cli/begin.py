"""A starter project's files, filled in and written, nothing overwritten."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from nano_banana.core.errors import Invalid
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble

STARTER = Path(__file__).parent / "starter"
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*[A-Za-z0-9_]|[A-Za-z]")
# What YAML 1.1 takes for something else than text.
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """What is filled in: the recipe's name, one person, and where the photos are (as the recipe says it)."""

    name: str
    subject: str
    noun: str
    photos: str

    @property
    def files(self) -> Mapping[str, str]:
        """The text of every file, by its path in the project."""
        return {
            "recipe.yaml": self._recipe(),
            "prompts/headshot.j2": (STARTER / "headshot.j2.txt").read_text("utf-8"),
            ".gitignore": (STARTER / "gitignore.txt").read_text("utf-8"),
        }

    def _recipe(self) -> str:
        template = Template((STARTER / "recipe.yaml.txt").read_text("utf-8"))
        filled = {"name": self.name, "subject": self.subject, "noun": self.noun, "photos": self.photos}
        return template.substitute({key: _yaml(text) for key, text in filled.items()}, trigger=trigger(self.subject))


def trigger(subject: str) -> str:
    """A word for the person that a model has no idea of yet, always the same: `ana` → `anqzk4`."""
    digest = hashlib.sha256(subject.encode()).digest()
    rare = "".join("bcdfghjkqvwxz"[byte % 13] for byte in digest[:3])
    start = re.sub(r"[^a-z]", "", subject.lower())[:2]
    return f"{start}{rare}{digest[3] % 10}"


def write(starter: Starter, folder: Path, *, force: bool) -> list[Path]:
    """Write the files and return their paths.

    Raises Invalid (`already_there`) before the first is written, unless `force`; Unusable (`unwritable`).
    """
    targets = {folder / name: text for name, text in starter.files.items()}
    there = [path for path in targets if os.path.lexists(path)]
    if there and not force:
        raise Invalid([trouble("already_there", file=str(path)) for path in there])
    try:
        for path, text in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(error.filename), why=error.strerror or "")]) from error
    return list(targets)


def _yaml(text: str) -> str:
    """A plain scalar where YAML takes it for text; else quoted, as JSON is."""
    return text if PLAIN.fullmatch(text) and text.lower() not in WORDS else json.dumps(text, ensure_ascii=False)
