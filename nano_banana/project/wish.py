"""What somebody wants of a recipe."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nano_banana import __version__
from nano_banana.catalog.revisions import COMPUTE_REVISIONS
from nano_banana.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A recipe's path, variables set from outside, a provider instead of the recipe's, and a selection.

    A recipe that is in no file has its `text` here; the path then says where it would lie, and what it is called.
    `budget_usd` stands in for the recipe's budget. `locked` holds it to the lock beside the recipe. `accept` and
    `unsure` stand in for what its gates say, to judge what is there; no run is made of that. `any_photos` lets photos
    be that can't be read, for those who only look.
    """

    recipe: Path
    text: str | None = None
    sets: Mapping[str, str] = field(default_factory=dict)
    provider: str | None = None
    only: tuple[str, ...] = ()
    sample: int | None = None
    budget_usd: float | None = None
    locked: bool = False
    accept: float | None = None
    unsure: float | None = None
    any_photos: bool = False

    @property
    def overlooked(self) -> frozenset[str]:
        """The kinds of problems that do not keep the recipe from being opened."""
        # A run that has nothing to do asks for none, and loads no recipe's code.
        from nano_banana.recipe.resolve.subjects import BAD_PHOTOS

        return BAD_PHOTOS if self.any_photos else frozenset()

    @property
    def given(self) -> Mapping[Path, str]:
        """The texts that are in no file, by absolute path."""
        return {} if self.text is None else {self.recipe.absolute(): self.text}

    @property
    def whole(self) -> bool:
        """Whether all of the recipe is wanted."""
        return not self.only and self.sample is None

    @property
    def sole(self) -> bool:
        """Whether this is all that there is of the recipe's name: what a single command makes has that of many."""
        return self.whole and self.text is None

    def note(self, settings: Settings, revision: int) -> str:
        """The name under which the store remembers how this wish was last fulfilled.

        Whatever changes the answer without changing a file is part of the name: the program's version,
        the revisions of the local provider and of this machine's own work, and the settings that matter.
        """
        words = [
            __version__,
            revision,
            dict(COMPUTE_REVISIONS),
            os.path.abspath(self.recipe),  # noqa: PTH100 - a symlink is a name of its own
            self.text,
            dict(self.sets),
            self.provider,
            list(self.only),
            self.sample,
            settings.provider,
            str(settings.out),
            settings.fal_url,
        ]
        return "fresh/" + hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def digests_of(names: Mapping[str, object] | frozenset[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Environment variables by digest, so that no value is kept; an unset one is not an empty one."""
    return {name: hashlib.sha256(repr(environ.get(name)).encode()).hexdigest() for name in sorted(names)}
