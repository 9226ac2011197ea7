"""Erases a subject from every store and file of a project; the receipt."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.features.forget.subject_files import (
    ProjectPlaces,
    SubjectFiles,
    SubjectMatcher,
    delete_subject_files,
    find_subject_files,
)
from nano_banana.features.forget.subject_records import (
    SubjectInStore,
    abandon_requests,
    check_erasable,
    erase_from_store,
    find_in_store,
    finish_erasure,
)
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import REHEARSAL, home_folder, project_root
from nano_banana.model.problem import Invalid, Unusable, did_you_mean, problem
from nano_banana.recipe.picks import PICKS_FILE
from nano_banana.recipe.recipe_model import Subject
from nano_banana.session.exported_files import drop_missing_copies, exported_paths
from nano_banana.session.run_execution import Runner
from nano_banana.session.session import Session
from nano_banana.settings.configuration import Settings, SettingSource
from nano_banana.store.adapter_shelf import ShelvedAdapter
from nano_banana.store.personal_data import DataSubject


def data_subject(name: str, runner: Runner, session: Session | None) -> DataSubject:
    """What identifies a subject. A trigger that another subject shares does not: their pictures must stay.

    Raises Unusable (`photo_unread`) for a photo that is there and can't be read.
    """
    subjects = dict(session.recipe.subjects) if session else {}
    shelved = runner.store.shelf.all()
    cards = [each.card for each in shelved]
    triggers = {card.trigger for card in cards if card.subject == name}
    foreign = {card.trigger for card in cards if card.subject != name}
    foreign |= {subject.trigger for other, subject in subjects.items() if other != name}
    subject = subjects.get(name)
    if subject is None:
        return DataSubject(name=name, triggers=frozenset(triggers - foreign - {""}))
    photos = subject_photos(subject)
    return DataSubject(
        name=name,
        triggers=frozenset({subject.trigger, *triggers} - foreign - {""}),
        # Not by the store, which would remember their paths.
        photos=frozenset(_photo_digest(path) for path in photos if path.is_file()),
        paths=frozenset(str(path.absolute().with_suffix("")) for path in photos),
    )


def subject_photos(subject: Subject) -> list[Path]:
    """Every photo that the recipe gives of them."""
    return sorted({*(photo.path for photo in subject.photos), *subject.held_out, *subject.references})


def _photo_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unusable([problem("photo_unread", file=str(path), why=error.strerror or "")]) from error


def unknown_subject_error(name: str, session: Session | None, shelved: list[ShelvedAdapter]) -> Invalid:
    """The error of a name that nothing here knows."""
    known = sorted({*(session.recipe.subjects if session else ()), *(each.card.subject for each in shelved)} - {""})
    return Invalid([problem("forget_nobody", suggestions=did_you_mean(name, known), name=name, known=known)])


_TEXT_SUFFIXES = (".yaml", ".yml", ".j2", ".lock")


class FileMention(Struct, frozen=True, kw_only=True):
    """A file of the user's that names them, and on which lines (from 1)."""

    file: Path
    lines: tuple[int, ...]


class Remaining(Struct, frozen=True, kw_only=True):
    """What stays: their photos, and the files that name them."""

    photos: tuple[Path, ...] = ()
    mentions: tuple[FileMention, ...] = ()


def remaining_files(who: DataSubject, session: Session | None, root: Path) -> Remaining:
    """Look through the recipe with all that it reads as text, and every recipe, lock and template below `root`."""
    texts = {path for path in root.rglob("*") if _is_text(path, root)}
    if session is None:
        return Remaining(mentions=tuple(_file_mentions(who, sorted(texts))))
    subject = session.recipe.subjects.get(who.name)
    photos = tuple(path for path in subject_photos(subject) if path.is_file()) if subject else ()
    recipe = session.recipe.path.absolute()
    texts |= {Path(path) for path in session.loaded.files.seen if Path(path).suffix in _TEXT_SUFFIXES}
    texts |= {recipe, recipe.with_name(PICKS_FILE), recipe.with_suffix(".lock")}
    return Remaining(photos=photos, mentions=tuple(_file_mentions(who, sorted(texts))))


def _is_text(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix in _TEXT_SUFFIXES and not hidden and path.is_file()


def _file_mentions(who: DataSubject, files: list[Path]) -> Iterator[FileMention]:
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        lines = [number for number, line in enumerate(text.splitlines(), 1) if who.mentions(line)]
        if lines:
            yield FileMention(file=file, lines=tuple(lines))


class SubjectData(Struct, frozen=True, kw_only=True):
    """Everything found of a subject: by store, their files, and what is the user's own."""

    name: str
    found: tuple[SubjectInStore, ...]
    files: SubjectFiles
    left: Remaining

    @property
    def empty(self) -> bool:
        """Whether there is nothing to delete."""
        return all(found.empty for found in self.found) and not self.files.all


class SubjectErasure:
    """Forgets subjects of one project. The stores of rehearsals and of packs' trials are the project's, too."""

    def __init__(self, session: Session | None, runners: dict[Path, Runner], places: ProjectPlaces) -> None:
        """`runners` by their stores' folders; callers use `opened`."""
        self._session = session
        self._runners = runners
        self._places = places

    @classmethod
    @contextmanager
    def opened(cls, session: Session | None, settings: Settings, root: Path) -> Iterator[Self]:
        """Open the stores that are there. Raises Unusable as a store does."""
        with ExitStack() as stack:
            runners = {}
            for folder in project_stores(settings):
                runner = Runner(dataclasses.replace(settings, store=folder), {})
                stack.callback(runner.close)
                runners[folder] = runner
            yield cls(session, runners, project_places(session, settings, root, runners))

    def find(self, name: str) -> SubjectData:
        """Find everything of `name`; nothing is changed. Raises Invalid (`forget_nobody`)."""
        found: list[SubjectInStore] = []
        who = DataSubject(name=name)
        for runner in self._runners.values():
            theirs = data_subject(name, runner, self._session)
            # What is theirs in one store leads to what was made from it in the next.
            known = frozenset(digest for each in found for digest in each.traces.digests)
            found.append(find_in_store(runner.store, self._places.out, replace(theirs, photos=theirs.photos | known)))
            who = replace(theirs, triggers=theirs.triggers | who.triggers)
        files = self._files(who, found)
        known_name = self._session is not None and name in self._session.recipe.subjects
        if not known_name and all(each.empty for each in found) and not files.all:
            shelved = [each for runner in self._runners.values() for each in runner.store.shelf.all()]
            raise unknown_subject_error(name, self._session, shelved)
        return SubjectData(
            name=name, found=tuple(found), files=files, left=remaining_files(who, self._session, self._places.root)
        )

    def _files(self, who: DataSubject, found: Iterable[SubjectInStore]) -> SubjectFiles:
        traces = [each.traces for each in found]
        likeness = SubjectMatcher(who=who, digests=frozenset(digest for each in traces for digest in each.digests))
        outputs = {path for each in traces for path in each.outputs}
        exported = {path for each in self._runners.values() for path in _exported_paths(each, self._places.out)}
        return find_subject_files(likeness, self._places, outputs, exported)

    def check(self, data: SubjectData, *, abandon: bool = False) -> None:
        """Raise Unusable where nothing can be deleted now: `forget_underway`, `forget_open`.

        Where `abandon` follows, requests of which nobody knows the end are no reason to.
        """
        for found, runner in self._pairs(data):
            check_erasable(runner.store, found, abandon=abandon)

    def abandon(self, data: SubjectData) -> SubjectData:
        """Abandon requests with an unknown result, and search again. Raises Unusable (`forget_underway`)."""
        for found, runner in self._pairs(data):
            abandon_requests(runner.store, found)
        return self.find(data.name)

    def erase(self, data: SubjectData) -> SubjectData:
        """Delete what was found, then look again: the result is what is still there.

        Raises Unusable as `forget` of a store does; look and forget again, then.
        """
        self.check(data)
        delete_subject_files(data.files)
        for found, runner in self._pairs(data):
            for recipe in _recipe_names(runner, self._places.out):
                drop_missing_copies(runner.store, recipe)
            erase_from_store(runner.store, found, data.files.all)
        again = [find_in_store(runner.store, self._places.out, found.who) for found, runner in self._pairs(data)]
        # The digests of what is gone still tell whose a file is.
        triggers = frozenset(word for each in data.found for word in each.who.triggers)
        files = self._files(DataSubject(name=data.name, triggers=triggers), data.found)
        return replace(data, found=tuple(again), files=files)

    def _pairs(self, data: SubjectData) -> Iterator[tuple[SubjectInStore, Runner]]:
        return zip(data.found, self._runners.values(), strict=True)

    def finish_interrupted(self) -> bool:
        """End a forgetting that was cut short, of whomever; return whether there was one."""
        ended = [finish_erasure(runner.store) for runner in self._runners.values()]
        return any(ended)


def project_places(session: Session | None, settings: Settings, root: Path, stores: Iterable[Path]) -> ProjectPlaces:
    """The folders of this project. An output folder that the user named is part of it, if no other project has it."""
    root = root.resolve()
    homes = {root}
    if settings.origin("out").source > SettingSource.DEFAULT and project_root(settings.out) in (
        root,
        settings.out.resolve(),
    ):
        homes.add(settings.out)
    exports: list[Path] = []
    if session is not None:
        homes.add(session.loaded.files.root)
        export = session.recipe.outputs.export
        said = export.places(session.recipe.path.absolute().parent) if export else ()
        exports = [path.resolve() for path in said if path is not None]
    # A home folder is nobody's project: looking through all of it would take for ever.
    at = home_folder()
    wide = at is not None and at.resolve().is_relative_to(root)
    return ProjectPlaces(
        root=settings.out if wide else root, out=settings.out, homes=homes, exports=exports, stores=tuple(stores)
    )


def project_stores(settings: Settings) -> list[Path]:
    """The project's stores that are there: its own, and those in it (of rehearsals and of packs' trials)."""
    own = settings.store.parent if settings.store.name == REHEARSAL else settings.store
    found = [path.parent for depth in ("", "*/", "*/*/") for path in sorted(own.glob(f"{depth}store.sqlite"))]
    return list(dict.fromkeys(found))


def _exported_paths(runner: Runner, out: Path) -> Iterator[Path]:
    """The copies and ZIPs that runs of any recipe have left outside of their output folder."""
    for recipe in _recipe_names(runner, out):
        yield from (Path(os.path.normpath(path)) for path in exported_paths(runner.store, recipe))


def _recipe_names(runner: Runner, out: Path) -> list[str]:
    there = {path.name for path in out.iterdir() if path.is_dir()} if out.is_dir() else set()
    return sorted(there | {run.recipe for run in runner.store.runs.latest(limit=-1)})


PAYLOADS_URL = "https://api.fal.ai/v1/models/requests/{request_id}/payloads"
"""Where a DELETE removes what fal keeps of a request: its input, its output, and the output's files."""


def erasure_receipt(data: SubjectData, *, dry_run: bool) -> JSONObject:
    """The whole receipt. Times are UTC, ISO 8601; `until` null: kept until it is deleted."""
    return {
        "subject": data.name,
        "dry_run": dry_run,
        "deleted": {
            "adapters": [name for found in data.found for name in found.traces.adapters],
            "answers": sum(found.traces.answers for found in data.found),
            "files": sum(found.traces.files for found in data.found),
            "bytes": sum(found.traces.bytes for found in data.found),
            "unnamed_files": sum(found.traces.unnamed for found in data.found),
            "unnamed_bytes": sum(found.traces.unnamed_bytes for found in data.found),
            "pictures": _paths_json(data.files.pictures),
            "sheets": _paths_json(data.files.sheets),
            "copies": _paths_json(data.files.copies),
            "archives": _paths_json(data.files.archives),
            "locks": _paths_json(data.files.locks),
            "manifests": _paths_json(dict.fromkeys(path for found in data.found for path in found.manifests)),
            "runs": sum(found.runs for found in data.found),
            "notes": sum(found.traces.notes for found in data.found),
            "memories": sum(found.traces.memories for found in data.found),
            "requests_blanked": sum(len(found.traces.requests) for found in data.found),
        },
        "provider": {
            "uploads": [upload for found in data.found for upload in _uploads_json(found)],
            "requests": [request for found in data.found for request in _requests_json(found)],
            "delete": PAYLOADS_URL,
        },
        "left": {
            "photos": _paths_json(data.left.photos),
            "others": _paths_json(data.files.others),
            "elsewhere": _paths_json(data.files.elsewhere),
            "mentions": [{"file": str(each.file), "lines": list(each.lines)} for each in data.left.mentions],
        },
        "stores": _paths_json(found.store for found in data.found),
    }


def _uploads_json(found: SubjectInStore) -> list[JSONValue]:
    return [
        {
            "service": upload.service,
            "url": upload.url,
            "until": None if upload.expires_at is None else _utc_time(upload.expires_at),
        }
        for upload in found.uploads
    ]


def _requests_json(found: SubjectInStore) -> list[JSONValue]:
    return [
        {
            "service": ticket.service,
            "endpoint": ticket.endpoint,
            "request_id": ticket.request_id,
            "state": str(ticket.state),
            "at": _utc_time(ticket.begun_at),
        }
        for ticket in found.requests
    ]


def _utc_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _paths_json(paths: Iterable[Path]) -> list[JSONValue]:
    return [str(path) for path in paths]
