"""Forgets one subject: every store of the project, every file of theirs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from nano_banana.core.home import home
from nano_banana.core.root import REHEARSAL, project_root
from nano_banana.core.somebody import Somebody
from nano_banana.project.forget.left import Left, left_behind
from nano_banana.project.forget.who import nobody, somebody
from nano_banana.project.project import Project
from nano_banana.reports.handout import handed_out, leave_out_gone
from nano_banana.settings import Settings, Source
from nano_banana.workshop.forget.files import Files, Likeness, Places, delete, files_of
from nano_banana.workshop.forget.forgetting import Found, abandon, check, forget, look, tidy
from nano_banana.workshop.workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that is known of somebody: store by store, their files, and what of it is the user's own."""

    name: str
    found: tuple[Found, ...]
    files: Files
    left: Left

    @property
    def empty(self) -> bool:
        """Whether there is nothing to delete."""
        return all(found.empty for found in self.found) and not self.files.all


class Forgetting:
    """Forgets subjects of one project. The stores of rehearsals and of packs' trials are the project's, too."""

    def __init__(self, project: Project | None, workshops: dict[Path, Workshop], places: Places) -> None:
        """`workshops` by their stores' folders; callers use `opened`."""
        self._project = project
        self._workshops = workshops
        self._places = places

    @classmethod
    @contextmanager
    def opened(cls, project: Project | None, settings: Settings, root: Path) -> Iterator[Self]:
        """Open the stores that are there. Raises Unusable as a store does."""
        with ExitStack() as stack:
            workshops = {}
            for folder in stores_of(settings):
                workshop = Workshop(replace(settings, store=folder), {})
                stack.callback(workshop.close)
                workshops[folder] = workshop
            yield cls(project, workshops, places_of(project, settings, root, workshops))

    def look(self, name: str) -> Dossier:
        """Find everything of `name`; nothing is changed. Raises Invalid (`forget_nobody`)."""
        found: list[Found] = []
        who = Somebody(name=name)
        for workshop in self._workshops.values():
            theirs = somebody(name, workshop, self._project)
            # What is theirs in one store leads to what was made from it in the next.
            known = frozenset(digest for each in found for digest in each.traces.digests)
            found.append(look(workshop.store, self._places.out, replace(theirs, photos=theirs.photos | known)))
            who = replace(theirs, triggers=theirs.triggers | who.triggers)
        files = self._files(who, found)
        known_name = self._project is not None and name in self._project.recipe.subjects
        if not known_name and all(each.empty for each in found) and not files.all:
            shelved = [each for workshop in self._workshops.values() for each in workshop.shelf.all()]
            raise nobody(name, self._project, shelved)
        return Dossier(
            name=name, found=tuple(found), files=files, left=left_behind(who, self._project, self._places.root)
        )

    def _files(self, who: Somebody, found: Iterable[Found]) -> Files:
        traces = [each.traces for each in found]
        likeness = Likeness(who=who, digests=frozenset(digest for each in traces for digest in each.digests))
        outputs = {path for each in traces for path in each.outputs}
        exported = {path for each in self._workshops.values() for path in _exported(each, self._places.out)}
        return files_of(likeness, self._places, outputs, exported)

    def check(self, dossier: Dossier, *, abandon: bool = False) -> None:
        """Raise Unusable where nothing can be deleted now: `forget_underway`, `forget_open`.

        Where `abandon` follows, requests of which nobody knows the end are no reason to.
        """
        for found, workshop in self._pairs(dossier):
            check(workshop.store, found, abandon=abandon)

    def abandon(self, dossier: Dossier) -> Dossier:
        """Give up requests of which nobody knows the end, and look again. Raises Unusable (`forget_underway`)."""
        for found, workshop in self._pairs(dossier):
            abandon(workshop.store, found)
        return self.look(dossier.name)

    def forget(self, dossier: Dossier) -> Dossier:
        """Delete what was found, then look again: the result is what is still there.

        Raises Unusable as `forget` of a store does; look and forget again, then.
        """
        self.check(dossier)
        delete(dossier.files)
        for found, workshop in self._pairs(dossier):
            for recipe in _recipes(workshop, self._places.out):
                leave_out_gone(workshop.store, recipe)
            forget(workshop.store, found, dossier.files.all)
        again = [look(workshop.store, self._places.out, found.who) for found, workshop in self._pairs(dossier)]
        # The digests of what is gone still tell whose a file is.
        triggers = frozenset(word for each in dossier.found for word in each.who.triggers)
        files = self._files(Somebody(name=dossier.name, triggers=triggers), dossier.found)
        return replace(dossier, found=tuple(again), files=files)

    def _pairs(self, dossier: Dossier) -> Iterator[tuple[Found, Workshop]]:
        return zip(dossier.found, self._workshops.values(), strict=True)

    def tidy(self) -> bool:
        """End a forgetting that was cut short, of whomever; return whether there was one."""
        ended = [tidy(workshop.store) for workshop in self._workshops.values()]
        return any(ended)


def places_of(project: Project | None, settings: Settings, root: Path, stores: Iterable[Path]) -> Places:
    """The folders of this project. An output folder that the user named is part of it, if no other project has it."""
    root = root.resolve()
    homes = {root}
    if settings.origin("out").source > Source.DEFAULT and project_root(settings.out) in (root, settings.out.resolve()):
        homes.add(settings.out)
    exports: list[Path] = []
    if project is not None:
        homes.add(project.loaded.files.root)
        export = project.recipe.outputs.export
        said = export.places(project.recipe.path.absolute().parent) if export else ()
        exports = [path.resolve() for path in said if path is not None]
    # A home folder is nobody's project: looking through all of it would take for ever.
    at = home()
    wide = at is not None and at.resolve().is_relative_to(root)
    return Places(
        root=settings.out if wide else root, out=settings.out, homes=homes, exports=exports, stores=tuple(stores)
    )


def stores_of(settings: Settings) -> list[Path]:
    """The project's stores that are there: its own, and those in it (of rehearsals and of packs' trials)."""
    own = settings.store.parent if settings.store.name == REHEARSAL else settings.store
    found = [path.parent for depth in ("", "*/", "*/*/") for path in sorted(own.glob(f"{depth}store.sqlite"))]
    return list(dict.fromkeys(found))


def _exported(workshop: Workshop, out: Path) -> Iterator[Path]:
    """The copies and ZIPs that runs of any recipe have left outside of their output folder."""
    for recipe in _recipes(workshop, out):
        yield from (Path(os.path.normpath(path)) for path in handed_out(workshop.store, recipe))


def _recipes(workshop: Workshop, out: Path) -> list[str]:
    there = {path.name for path in out.iterdir() if path.is_dir()} if out.is_dir() else set()
    return sorted(there | {run.recipe for run in workshop.store.runs(limit=-1)})
