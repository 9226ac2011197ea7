"""Where packs lie: the project's own folder, then the shipped one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.share import share
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.packs.read import FILE

FOLDER = "packs"
"""The folder of a project's own packs, in its root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPlace:
    """A pack's folder. One of the project's `own` wins over a shipped one, which it then `hides`."""

    name: str
    folder: Path
    own: bool
    hides: bool = False


class PackPlaces:
    """Finds packs by name; what was looked for is among the files that `files` has seen."""

    def __init__(self, files: RecipeFiles, shipped: Path | None = None) -> None:
        """Look in the project of `files`, then in `shipped` (None: what came with the program)."""
        self._files = files
        self._own = files.root / FOLDER
        self._shipped = share("recipes", "packs") if shipped is None else shipped

    def find(self, name: str) -> PackPlace | None:
        """The pack of that name. Raises Invalid (file_outside) for one of the project's that is a link out of it."""
        if Path(name).name != name or name.startswith("."):
            return None
        shipped = self._files.exists(self._shipped / name / FILE, confined=False)
        if self._files.exists(self._own / name / FILE):
            return PackPlace(name=name, folder=self._own / name, own=True, hides=shipped)
        return PackPlace(name=name, folder=self._shipped / name, own=False) if shipped else None

    def all(self) -> list[PackPlace]:
        """Every pack, by name; also those of the project that lead out of it, which `find` refuses."""
        own, shipped = set(_names(self._own)), set(_names(self._shipped))
        return [
            PackPlace(
                name=name,
                folder=(self._own if name in own else self._shipped) / name,
                own=name in own,
                hides=name in own and name in shipped,
            )
            for name in sorted(own | shipped)
        ]


def _names(folder: Path) -> Iterator[str]:
    if folder.is_dir():
        yield from (path.name for path in folder.iterdir() if path.name[:1] != "." and (path / FILE).is_file())
