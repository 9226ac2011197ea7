"""The door to forgetting: every store of the project, one subject."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from typing import Self

from nano_banana.core.somebody import Somebody
from nano_banana.project.forget.left import Left
from nano_banana.project.forget.left import left_behind
from nano_banana.project.forget.who import nobody
from nano_banana.project.forget.who import somebody
from nano_banana.project.project import Project
from nano_banana.settings import REHEARSAL
from nano_banana.settings import Settings
from nano_banana.workshop.forget.forgetting import Found
from nano_banana.workshop.forget.forgetting import abandon
from nano_banana.workshop.forget.forgetting import check
from nano_banana.workshop.forget.forgetting import forget
from nano_banana.workshop.forget.forgetting import look
from nano_banana.workshop.forget.forgetting import tidy
from nano_banana.workshop.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that is known of somebody, store by store, and what of it is the user's own."""

    name: str
    found: tuple[Found, ...]
    left: Left

    @property
    def empty(self) -> bool:
        """Whether there is nothing to delete."""
        return all(found.empty for found in self.found)


class Forgetting:
    """Forgets subjects of one project. The rehearsal's store is the project's, too."""

    def __init__(self, project: Project | None, workshops: dict[Path, Workshop], out: Path) -> None:
        """`workshops` by their stores' folders; callers use `opened`."""
        self._project = project
        self._workshops = workshops
        self._out = out

    @classmethod
    @contextmanager
    def opened(cls, project: Project | None, settings: Settings) -> Iterator[Self]:
        """Open the stores that are there. Raises Unusable as a store does."""
        with ExitStack() as stack:
            workshops = {}
            for folder in stores_of(settings):
                workshop = Workshop(replace(settings, store=folder), {})
                stack.callback(workshop.close)
                workshops[folder] = workshop
            yield cls(project, workshops, settings.out)

    def look(self, name: str) -> Dossier:
        """Find everything of `name`; nothing is changed. Raises Invalid (`forget_nobody`)."""
        found = tuple(
            look(workshop.store, self._out, self._who(name, workshop)) for workshop in self._workshops.values()
        )
        known = self._project is not None and name in self._project.recipe.subjects
        if not known and all(each.empty for each in found):
            shelved = [each for workshop in self._workshops.values() for each in workshop.shelf.all()]
            raise nobody(name, self._project, shelved)
        first = next(iter(self._workshops.values()), None)
        who = self._who(name, first) if first else Somebody(name=name)
        return Dossier(name=name, found=found, left=left_behind(who, self._project))

    def check(self, dossier: Dossier, *, abandon: bool = False) -> None:
        """Raise Unusable where nothing can be deleted now: `forget_underway`, `forget_open`.

        Where `abandon` follows, requests of which nobody knows the end are no reason to.
        """
        for found, workshop in zip(dossier.found, self._workshops.values(), strict=True):
            check(workshop.store, self._who(dossier.name, workshop), found, abandon=abandon)

    def abandon(self, dossier: Dossier) -> Dossier:
        """Give up requests of which nobody knows the end, and look again. Raises Unusable (`forget_underway`)."""
        for found, workshop in zip(dossier.found, self._workshops.values(), strict=True):
            abandon(workshop.store, found)
        return self.look(dossier.name)

    def forget(self, dossier: Dossier) -> None:
        """Delete what was found. Raises Unusable as `forget` of a store does; look and forget again, then."""
        for found, workshop in zip(dossier.found, self._workshops.values(), strict=True):
            forget(workshop.store, self._who(dossier.name, workshop), found)

    def tidy(self) -> bool:
        """End a forgetting that was cut short, of whomever; return whether there was one."""
        ended = [tidy(workshop.store) for workshop in self._workshops.values()]
        return any(ended)

    def _who(self, name: str, workshop: Workshop) -> Somebody:
        return somebody(name, workshop, self._project)


def stores_of(settings: Settings) -> list[Path]:
    """The project's stores that are there: its own, and the one of what a stand-in answered."""
    own = settings.store.parent if settings.store.name == REHEARSAL else settings.store
    return [
        folder
        for folder in dict.fromkeys((own, own / REHEARSAL, settings.store))
        if (folder / "store.sqlite").is_file()
    ]
