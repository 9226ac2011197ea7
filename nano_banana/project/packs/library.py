"""The packs that a project can use: its own, and those that came with us."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import Problem, did_you_mean
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.packs.pack import Pack, PackTemplate
from nano_banana.recipe.packs.places import PackPlace, PackPlaces
from nano_banana.recipe.packs.read import FILE, read_pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A pack's place, and the pack; None where it can't be read, for these `problems`."""

    place: PackPlace
    pack: Pack | None
    problems: tuple[Problem, ...] = ()


class Library:
    """Reads packs by name."""

    def __init__(self, root: Path, shipped: Path | None = None) -> None:
        """Those of the project in `root`, and those in `shipped` (None: what came with the program)."""
        self._files = RecipeFiles(root)
        self._places = PackPlaces(self._files, shipped)

    def all(self) -> list[Found]:
        """Every pack, by name, also those that can't be read."""
        return [self._found(place) for place in self._places.all()]

    def find(self, name: str) -> Found:
        """The pack of that name, or in the folder of that path. Raises Invalid (`no_such_pack`)."""
        folder = Path(name)
        if ("/" in name or name.startswith(".")) and (folder / FILE).is_file():
            whole = folder.resolve()
            return self._found(PackPlace(name=whole.name, folder=whole, own=True))
        place = self._places.find(name)
        if place is None:
            names = [known.name for known in self._places.all()]
            known = ", ".join(names) or "none"
            raise Invalid([trouble("no_such_pack", hint=did_you_mean(name, names), name=name, known=known)])
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
            raise Invalid([trouble("no_template_named", pack=pack.name, known=known)])
        if chosen not in pack.templates:
            near = tuple(f"{pack.name}/{other}" for other in did_you_mean(chosen, pack.templates))
            raise Invalid([trouble("no_pack_template", hint=near, pack=pack.name, name=chosen, known=known)])
        return pack, pack.templates[chosen]

    def _found(self, place: PackPlace) -> Found:
        try:
            if place.own:
                self._files.exists(place.folder, confined=place.folder.is_relative_to(self._files.root))
            return Found(place=place, pack=read_pack(place.folder, self._files))
        except Invalid as error:
            return Found(place=place, pack=None, problems=tuple(error.problems))
