"""The choose stage: the best of a collection, and a person's word on top."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nano_banana.stages.kind import NAMES, Kind

KIND = Kind(
    verb="choose",
    about="Keeps the best takes of a collection; `picks.yaml` beside the recipe overrides it.",
    params={
        "choose": {**NAMES, "description": "The collection, for example `judged.accepted`."},
        "keep": {
            "type": "object",
            "description": "How many, of what.",
            "properties": {
                "best": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "So many of each."},
                "per": {
                    **NAMES,
                    "default": ["shot", "subject"],
                    "description": "Of each combination of these: `shot`, `subject`, and axes.",
                },
            },
            "required": ["best"],
            "additionalProperties": False,
        },
    },
    required=("choose", "keep"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """The `best` of each combination of `per`; `kept` and `dropped` are a person's word, by takes' ids."""

    best: int
    per: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def keeps(self, *names: str) -> bool:
        """Whether a person wants the take of these names to go on."""
        return _named(names, self.kept)

    def drops(self, *names: str) -> bool:
        """Whether a person does not want it."""
        return _named(names, self.dropped)


def _named(names: Collection[str], globs: Collection[str]) -> bool:
    return any(name == glob or fnmatchcase(name, glob) for name in names for glob in globs)
