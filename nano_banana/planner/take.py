"""Takes: a shot's cell with one seed, named without positions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from nano_banana.recipe.axis_value import AxisValue
from nano_banana.recipe.model import Shot
from nano_banana.recipe.resolve.shots import cells

SEED_TAG = "nano-banana/seed/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One picture to make. `subject` is the one of a shot that takes its cast in turn (empty: nobody, or several).

    `at` is the seed's position among the shot's seeds.
    """

    shot: Shot
    subject: str
    cell: Mapping[str, AxisValue]
    seed: int
    at: int

    @property
    def cast(self) -> tuple[str, ...]:
        """Who is in the picture, from left to right."""
        return self.shot.cast if self.shot.together else (self.subject,) if self.subject else ()

    @property
    def stem(self) -> str:
        """The id without the seed: `headshots/ana/office/corporate`."""
        keys = [value.key for value in self.cell.values()]
        return "/".join([self.shot.name, *([self.subject] if self.subject else []), *keys])

    @property
    def id(self) -> str:
        """The take's name for people and globs: `headshots/ana/office/corporate/s11`."""
        return f"{self.stem}/s{self.seed}"

    @property
    def slot(self) -> str:
        """The take's place in the plan, the same after its seed was changed."""
        return f"{self.stem}/#{self.at}"


def takes_of(recipe: str, shot: Shot, subject: str) -> Iterator[Take]:
    """Every take of a shot with one subject (empty: nobody), in the recipe's order: axes, then seeds."""
    for cell in cells(shot, subject):
        for at, seed in enumerate(shot.seeds.explicit or _derived_seeds(recipe, shot, subject, cell)):
            yield Take(shot=shot, subject=subject, cell=cell, seed=seed, at=at)


def _derived_seeds(recipe: str, shot: Shot, subject: str, cell: Mapping[str, AxisValue]) -> Iterator[int]:
    """Of two that are equal the later one moves on: a seed is part of its take's name. More seeds leave these."""
    used: set[int] = set()
    for at in range(shot.seeds.count):
        seed = derived_seed(recipe, shot, subject, cell, at)
        while seed in used:
            seed = (seed + 1) % (1 << 31)
        used.add(seed)
        yield seed


def derived_seed(recipe: str, shot: Shot, subject: str, cell: Mapping[str, AxisValue], at: int) -> int:
    """A seed from names (0 to 2³¹ − 1), so that a new scene leaves every other take as it was."""
    axes = sorted(f"{axis}={value.key}" for axis, value in cell.items())
    words = "\n".join([SEED_TAG, recipe, shot.name, subject, *axes, shot.seeds.salt, str(at)])
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") >> 1


def seed_again(recipe: str, take: Take, gate: int, number: int) -> int:
    """The seed of another try at a take, from names: of its `number`-th (1 or more) after the `gate`-th gate's no.

    So more tries leave these as they are, and the tries of two gates are not the same pictures.
    """
    names = ["again", str(gate), str(number), str(take.seed)]
    return derived_seed(recipe, take.shot, "\n".join([*take.cast, *names]), take.cell, 0)
