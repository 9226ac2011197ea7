"""A project folder in which a recipe finds the packs that it is to try."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from nano_banana.core.errors import Invalid
from nano_banana.core.problem import Problem
from nano_banana.core.root import ROOT_MARKS
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.packs.pack import Pack
from nano_banana.recipe.packs.places import FOLDER, PackPlaces


@contextmanager
def home_of(packs: Iterable[Pack], root: Path) -> Iterator[Path]:
    """The project's own folder where a recipe in it finds these packs; else one for the time, with copies.

    Problems that are raised inside have their places in the packs' own folders.
    """
    packs = list(packs)
    places = PackPlaces(RecipeFiles(root))
    found = {pack.name: places.find(pack.name) for pack in packs}
    if all((place := found[pack.name]) is not None and _same(place.folder, pack.folder) for pack in packs):
        yield root
        return
    with TemporaryDirectory() as name:
        home = Path(name).resolve()
        (home / ROOT_MARKS[-1]).mkdir()
        for pack in packs:
            shutil.copytree(pack.folder, home / FOLDER / pack.name)
        try:
            yield home
        except Invalid as error:
            problems = list(error.problems)
            for pack in packs:
                problems = moved(problems, home / FOLDER / pack.name, pack.folder)
            raise Invalid(problems) from error


def moved(problems: Iterable[Problem], folder: Path, home: Path) -> list[Problem]:
    """The same problems, where they stand in `folder` as if they stood in `home`."""
    return [_moved(problem, folder, home) for problem in problems]


def _moved(problem: Problem, folder: Path, home: Path) -> Problem:
    place = problem.place
    if place is None or not Path(place.file).is_relative_to(folder):
        return problem
    return replace(problem, place=replace(place, file=str(home / Path(place.file).relative_to(folder))))


def _same(first: Path, second: Path) -> bool:
    return first.resolve() == second.resolve()
