"""The packs that a project can use: its own, and the shipped ones.

To try a pack that no recipe of the project would find, a temporary project holds copies; problems keep their places in
the pack's own folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.model.known_folders import ROOT_MARKS
from nano_banana.model.problem import Invalid, Problem, did_you_mean, problem
from nano_banana.recipe.pack import Pack, PackTemplate
from nano_banana.recipe.pack_reader import PACK_FILE, PACKS_FOLDER, PackFinder, PackLocation, read_pack
from nano_banana.recipe.recipe_files import RecipeFiles


@contextmanager
def project_with_packs(packs: Iterable[Pack], root: Path) -> Iterator[Path]:
    """The project's own folder where a recipe in it finds these packs; else one for the time, with copies.

    Problems that are raised inside have their places in the packs' own folders.
    """
    packs = list(packs)
    places = PackFinder(RecipeFiles(root))
    found = {pack.name: places.find(pack.name) for pack in packs}
    if all((place := found[pack.name]) is not None and _same_folder(place.folder, pack.folder) for pack in packs):
        yield root
        return
    with TemporaryDirectory() as name:
        home = Path(name).resolve()
        (home / ROOT_MARKS[-1]).mkdir()
        for pack in packs:
            shutil.copytree(pack.folder, home / PACKS_FOLDER / pack.name)
        try:
            yield home
        except Invalid as error:
            problems = list(error.problems)
            for pack in packs:
                problems = moved_problems(problems, home / PACKS_FOLDER / pack.name, pack.folder)
            raise Invalid(problems) from error


def moved_problems(problems: Iterable[Problem], folder: Path, home: Path) -> list[Problem]:
    """The same problems, where they stand in `folder` as if they stood in `home`."""
    return [_moved_problem(problem, folder, home) for problem in problems]


def _moved_problem(problem: Problem, folder: Path, home: Path) -> Problem:
    place = problem.position
    if place is None or not Path(place.file).is_relative_to(folder):
        return problem
    return replace(problem, position=replace(place, file=str(home / Path(place.file).relative_to(folder))))


def _same_folder(first: Path, second: Path) -> bool:
    return first.resolve() == second.resolve()


class FoundPack(Struct, frozen=True, kw_only=True):
    """A pack's place, and the pack; None where it can't be read, for these `problems`."""

    place: PackLocation
    pack: Pack | None
    problems: tuple[Problem, ...] = ()


class PackLibrary:
    """Reads packs by name."""

    def __init__(self, root: Path, shipped: Path | None = None) -> None:
        """Those of the project in `root`, and those in `shipped` (None: what came with the program)."""
        self._files = RecipeFiles(root)
        self._places = PackFinder(self._files, shipped)

    def all(self) -> list[FoundPack]:
        """Every pack, by name, also those that can't be read."""
        return [self._found(place) for place in self._places.all()]

    def find(self, name: str) -> FoundPack:
        """The pack of that name, or in the folder of that path. Raises Invalid (`no_such_pack`)."""
        folder = Path(name)
        if ("/" in name or name.startswith(".")) and (folder / PACK_FILE).is_file():
            whole = folder.resolve()
            return self._found(PackLocation(name=whole.name, folder=whole, own=True))
        place = self._places.find(name)
        if place is None:
            names = [known.name for known in self._places.all()]
            known = ", ".join(names) or "none"
            raise Invalid([problem("no_such_pack", suggestions=did_you_mean(name, names), name=name, known=known)])
        return self._found(place)

    def get(self, name: str) -> Pack:
        """The same, read. Raises Invalid with everything that is wrong with it."""
        found = self.find(name)
        if found.pack is None:
            raise Invalid(found.problems)
        return found.pack

    def template(self, said: str) -> tuple[Pack, PackTemplate]:
        """A template by its name: `cinema/noir-detective`. Raises Invalid."""
        name, _, chosen = said.rpartition("/")
        pack = self.get(name or chosen)
        known = ", ".join(pack.templates)
        if not name:
            raise Invalid([problem("no_template_named", pack=pack.name, known=known)])
        if chosen not in pack.templates:
            near = tuple(f"{pack.name}/{other}" for other in did_you_mean(chosen, pack.templates))
            raise Invalid([problem("no_pack_template", suggestions=near, pack=pack.name, name=chosen, known=known)])
        return pack, pack.templates[chosen]

    def _found(self, place: PackLocation) -> FoundPack:
        try:
            if place.own:
                self._files.exists(place.folder, confined=place.folder.is_relative_to(self._files.root))
            return FoundPack(place=place, pack=read_pack(place.folder, self._files))
        except Invalid as error:
            return FoundPack(place=place, pack=None, problems=tuple(error.problems))
