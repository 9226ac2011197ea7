"""Erases a subject from every store and file of a project; the receipt."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from msgspec import Struct
from msgspec.structs import asdict, replace

from nano_banana.features.forget.subject_files import (
    ProjectPlaces,
    SubjectFiles,
    SubjectMatcher,
    delete_subject_files,
    find_subject_files,
)
from nano_banana.features.forget.subject_records import SubjectInStore, erase_from_store, find_in_store
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.known_folders import REHEARSAL, home_folder, project_root
from nano_banana.model.problem import Invalid, Unusable, did_you_mean, problem
from nano_banana.recipe.picks_file import PICKS_FILE
from nano_banana.recipe.recipe_model import Subject
from nano_banana.session.exported_files import drop_missing_copies, exported_paths
from nano_banana.session.session import Session
from nano_banana.settings.configuration import Settings, SettingSource
from nano_banana.store.adapter_shelf import AdapterCard
from nano_banana.store.local_store import Store
from nano_banana.store.personal_data import DataSubject

_TEXT_SUFFIXES = (".yaml", ".yml", ".j2", ".lock")

PAYLOADS_URL = "https://api.fal.ai/v1/models/requests/{request_id}/payloads"
"""Where a DELETE removes what fal keeps of a request: its input, its output, and the output's files."""


class SubjectData(Struct, frozen=True, kw_only=True):
    """Everything found of a subject: by store, their files, and what is the user's own.

    The user's own `photos` stay, and so do the files that name the subject: `mentions` has their lines, from 1.
    """

    name: str
    found: tuple[SubjectInStore, ...]
    files: SubjectFiles
    photos: tuple[Path, ...]
    mentions: Mapping[Path, list[int]]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to delete."""
        return all(found.empty for found in self.found) and not self.files.all


class SubjectErasure:
    """Erases subjects of one project. The stores of rehearsals and of pack trials are the project's, too."""

    def __init__(self, session: Session | None, stores: Mapping[Path, Store], places: ProjectPlaces) -> None:
        """`stores` are by folder; callers use `opened`."""
        self._subjects = dict(session.recipe.subjects) if session else {}
        self._session = session
        self._stores = stores
        self._places = places

    @classmethod
    @contextmanager
    def opened(cls, session: Session | None, settings: Settings, root: Path) -> Iterator[Self]:
        """Open the project's stores. Raises Unusable as a store does."""
        with ExitStack() as stack:
            stores = {
                folder: stack.enter_context(Store.open(folder, group=settings.store_group))
                for folder in _project_stores(settings)
            }
            yield cls(session, stores, _project_places(session, settings, root, stores))

    def find(self, name: str) -> SubjectData:
        """Find everything of `name`; nothing is changed. Raises Invalid (`forget_nobody`)."""
        found: list[SubjectInStore] = []
        who = DataSubject(name=name)
        for store in self._stores.values():
            theirs = self._data_subject(name, store)
            # What is theirs in one store leads to what was made from it in the next.
            known = frozenset(digest for each in found for digest in each.traces.digests)
            found.append(find_in_store(store, self._places.out, replace(theirs, photos=theirs.photos | known)))
            who = replace(theirs, triggers=theirs.triggers | who.triggers)
        files = self._files(who, found)
        if name not in self._subjects and all(each.empty for each in found) and not files.all:
            shelved = {card.subject for store in self._stores.values() for card in _cards(store)}
            names = sorted({*self._subjects, *shelved} - {""})
            raise Invalid([problem("forget_nobody", suggestions=did_you_mean(name, names), name=name, known=names)])
        photos = tuple(path for path in self._photos(name) if path.is_file())
        return SubjectData(name=name, found=tuple(found), files=files, photos=photos, mentions=self._mentions(who))

    def check(self, data: SubjectData, *, abandon: bool = False) -> None:
        """Raise Unusable if nothing can be deleted now: `forget_underway`, `forget_open`.

        If `abandon` follows, requests with an unknown result are tolerated.
        """
        for found, store in self._pairs(data):
            store.erasure().check(found.who, found.traces, abandon=abandon)

    def abandon(self, data: SubjectData) -> SubjectData:
        """Abandon requests with an unknown result, and search again. Raises Unusable (`forget_underway`)."""
        for found, store in self._pairs(data):
            store.erasure().abandon(found.traces)
        return self.find(data.name)

    def erase(self, data: SubjectData) -> SubjectData:
        """Delete what was found, then search again: the result is what is still there.

        Raises Unusable as `erase_from_store` does; find and erase again, then.
        """
        self.check(data)
        delete_subject_files(data.files)
        for found, store in self._pairs(data):
            for recipe in _recipe_names(store, self._places.out):
                drop_missing_copies(store, recipe)
            erase_from_store(store, found, data.files.all)
        again = [find_in_store(store, self._places.out, found.who) for found, store in self._pairs(data)]
        # The digests of deleted files still identify other files of the subject.
        triggers = frozenset(word for each in data.found for word in each.who.triggers)
        files = self._files(DataSubject(name=data.name, triggers=triggers), data.found)
        return replace(data, found=tuple(again), files=files)

    def finish_interrupted(self) -> bool:
        """Finish deletions that were interrupted, whoever they were about; return whether there were any."""
        pending = [erasure for store in self._stores.values() if (erasure := store.erasure()).pending]
        for erasure in pending:
            erasure.finish()
        return bool(pending)

    def _pairs(self, data: SubjectData) -> Iterator[tuple[SubjectInStore, Store]]:
        return zip(data.found, self._stores.values(), strict=True)

    def _data_subject(self, name: str, store: Store) -> DataSubject:
        """What identifies a subject. A trigger that another subject shares doesn't: their pictures must stay.

        Raises Unusable (`photo_unread`) for a photo that exists and can't be read.
        """
        triggers = {card.trigger for card in _cards(store) if card.subject == name}
        foreign = {card.trigger for card in _cards(store) if card.subject != name}
        foreign |= {subject.trigger for other, subject in self._subjects.items() if other != name}
        triggers |= {self._subjects[name].trigger} if name in self._subjects else set()
        photos = self._photos(name)
        return DataSubject(
            name=name,
            triggers=frozenset(triggers - foreign - {""}),
            # Not by the store, which would remember their paths.
            photos=frozenset(_photo_digest(path) for path in photos if path.is_file()),
            paths=frozenset(str(path.absolute().with_suffix("")) for path in photos),
        )

    def _photos(self, name: str) -> list[Path]:
        """Every photo of the subject that the recipe names."""
        subject: Subject | None = self._subjects.get(name)
        if subject is None:
            return []
        return sorted({*(photo.path for photo in subject.photos), *subject.held_out, *subject.references})

    def _files(self, who: DataSubject, found: Iterable[SubjectInStore]) -> SubjectFiles:
        traces = [each.traces for each in found]
        matcher = SubjectMatcher(who=who, digests=frozenset(digest for each in traces for digest in each.digests))
        outputs = {path for each in traces for path in each.outputs}
        exported = {
            Path(os.path.normpath(path))
            for store in self._stores.values()
            for recipe in _recipe_names(store, self._places.out)
            for path in exported_paths(store, recipe)
        }
        return find_subject_files(matcher, self._places, outputs, exported)

    def _mentions(self, who: DataSubject) -> dict[Path, list[int]]:
        """The lines that name them, in the recipe and all texts it reads, and in recipes, locks and templates here."""
        root, found = self._places.root, {}
        texts = {path for path in root.rglob("*") if _is_visible_text(path, root)}
        if self._session is not None:
            recipe = self._session.recipe.path.absolute()
            texts |= {Path(path) for path in self._session.loaded.files.seen if Path(path).suffix in _TEXT_SUFFIXES}
            texts |= {recipe, recipe.with_name(PICKS_FILE), recipe.with_suffix(".lock")}
        for file in sorted(texts):
            try:
                text = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            if lines := [number for number, line in enumerate(text.splitlines(), 1) if who.mentions(line)]:
                found[file] = lines
        return found


def _cards(store: Store) -> list[AdapterCard]:
    return [each.card for each in store.shelf.all()]


def _photo_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Unusable([problem("photo_unread", file=str(path), why=error.strerror or "")]) from error


def _is_visible_text(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix in _TEXT_SUFFIXES and not hidden and path.is_file()


def _project_places(session: Session | None, settings: Settings, root: Path, stores: Iterable[Path]) -> ProjectPlaces:
    """The folders of this project. An output folder that the user named is part of it, if no other project has it."""
    root, out, exports = root.resolve(), settings.out, list[Path]()
    homes = {root}
    if settings.origin("out").source > SettingSource.DEFAULT and project_root(out) in (root, out.resolve()):
        homes.add(out)
    if session is not None:
        homes.add(session.loaded.files.root)
        export = session.recipe.outputs.export
        places = export.places(session.recipe.path.absolute().parent) if export else ()
        exports = [path.resolve() for path in places if path is not None]
    # A home folder is not a project: searching all of it would take hours.
    home = home_folder()
    is_wide = home is not None and home.resolve().is_relative_to(root)
    return ProjectPlaces(root=out if is_wide else root, out=out, homes=homes, exports=exports, stores=tuple(stores))


def _project_stores(settings: Settings) -> list[Path]:
    """The project's existing stores: its own, and those in it (of rehearsals and of pack trials)."""
    own = settings.store.parent if settings.store.name == REHEARSAL else settings.store
    found = [path.parent for depth in ("", "*/", "*/*/") for path in sorted(own.glob(f"{depth}store.sqlite"))]
    return list(dict.fromkeys(found))


def _recipe_names(store: Store, out: Path) -> list[str]:
    there = {path.name for path in out.iterdir() if path.is_dir()} if out.is_dir() else set()
    return sorted(there | {run.recipe for run in store.runs.latest(limit=-1)})


def erasure_receipt(data: SubjectData, *, dry_run: bool) -> JSONObject:
    """The whole receipt. Times are UTC, ISO 8601; if `until` is null, the upload is kept until it is deleted."""
    traces = [found.traces for found in data.found]
    files: dict[str, JSONValue] = {kind: _paths_json(paths) for kind, paths in asdict(data.files).items()}
    left = {"photos": _paths_json(data.photos), "others": files.pop("others"), "elsewhere": files.pop("elsewhere")}
    return {
        "subject": data.name,
        "dry_run": dry_run,
        "deleted": {
            "adapters": [name for each in traces for name in each.adapters],
            "answers": sum(each.answers for each in traces),
            "files": sum(each.files for each in traces),
            "bytes": sum(each.bytes for each in traces),
            "unnamed_files": sum(each.unnamed for each in traces),
            "unnamed_bytes": sum(each.unnamed_bytes for each in traces),
            **files,
            "manifests": _paths_json(dict.fromkeys(path for found in data.found for path in found.manifests)),
            "runs": sum(found.runs for found in data.found),
            "notes": sum(each.notes for each in traces),
            "memories": sum(each.memories for each in traces),
            "requests_blanked": sum(len(each.requests) for each in traces),
        },
        "provider": {
            "uploads": [
                {"service": each.service, "url": each.url, "until": each.expires_at and _utc_time(each.expires_at)}
                for found in traces
                for each in found.uploads
            ],
            "requests": [
                {
                    "service": ticket.service,
                    "endpoint": ticket.endpoint,
                    "request_id": ticket.request_id,
                    "state": str(ticket.state),
                    "at": _utc_time(ticket.begun_at),
                }
                for found in data.found
                for ticket in found.requests
            ],
            "delete": PAYLOADS_URL,
        },
        "left": {
            **left,
            "mentions": [{"file": str(file), "lines": list(lines)} for file, lines in data.mentions.items()],
        },
        "stores": _paths_json(found.store for found in data.found),
    }


def _utc_time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _paths_json(paths: Iterable[Path]) -> list[JSONValue]:
    return [str(path) for path in paths]
