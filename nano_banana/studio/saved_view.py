"""A project's last view, kept in the store for a quick next start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.provider_registry import BUILT_IN, provider_revision
from nano_banana.formats.file_stamps import FileStamp
from nano_banana.model.problem import Unusable
from nano_banana.session.run_request import RunRequest, environment_digests
from nano_banana.settings.configuration import Settings
from nano_banana.store.local_store import Store
from nano_banana.studio.project_view import ProjectView, SubjectPhotos
from nano_banana.studio.studio_pictures import PictureFile
from nano_banana.studio.take_listing import FaceBox, ListedTake, TakeFaces


class SavedView(Struct, frozen=True, kw_only=True):
    """A view, and what must be the same for it to be still right: files, the last run, and the environment."""

    files: Mapping[str, FileStamp | None]
    run: str
    environment: Mapping[str, str]
    name: str
    project: msgspec.Raw
    answer: msgspec.Raw
    take_faces: Mapping[str, TakeFaces]
    face_boxes: Mapping[str, Sequence[FaceBox | None]]
    photos: Mapping[str, SubjectPhotos]
    media: Mapping[str, str]
    paths: Mapping[str, str]
    folder: str
    picks_file: str
    pick_stages: Sequence[str]

    def view(self) -> ProjectView:
        """The view."""
        answer = msgspec.json.decode(self.answer, type=_Answer)
        takes = msgspec.json.decode(self.answer, type=_Takes).takes
        pictures = {
            digest: PictureFile(media=media, path=Path(self.paths[digest]) if digest in self.paths else None)
            for digest, media in self.media.items()
        }
        return ProjectView(
            name=self.name,
            revision=answer.revision,
            project=bytes(self.project),
            answer=bytes(self.answer),
            encoded={take.id: bytes(raw) for take, raw in zip(takes, answer.takes, strict=True)},
            takes={take.id: take for take in takes},
            take_faces=self.take_faces,
            face_boxes=self.face_boxes,
            photos=self.photos,
            pictures=pictures,
            folder=Path(self.folder),
            picks_file=Path(self.picks_file),
            pick_stages=self.pick_stages,
        )


class _Answer(Struct, frozen=True, kw_only=True):
    revision: str
    takes: list[msgspec.Raw]


class _Takes(Struct, frozen=True, kw_only=True):
    takes: list[ListedTake]


def save_view(
    store: Store, name: str, view: ProjectView, files: Mapping[Path, FileStamp | None], run: str, env: Mapping[str, str]
) -> None:
    """Keep a view under `name`; one that can't be kept is made again at the next start."""
    saved = SavedView(
        files={str(path): stamp for path, stamp in files.items()},
        run=run,
        environment=env,
        name=view.name,
        project=msgspec.Raw(view.project),
        answer=msgspec.Raw(view.answer),
        take_faces=view.take_faces,
        face_boxes=view.face_boxes,
        photos=view.photos,
        media={digest: found.media for digest, found in view.pictures.items()},
        paths={digest: str(found.path) for digest, found in view.pictures.items() if found.path is not None},
        folder=str(view.folder),
        picks_file=str(view.picks_file),
        pick_stages=view.pick_stages,
    )
    try:
        store.notes.write(name, msgspec.json.encode(saved).decode())
    except (Unusable, UnicodeError):
        return


def load_view(store: Store, name: str, environ: Mapping[str, str]) -> SavedView | None:
    """The view under `name`; None if there is none, or if the environment has changed."""
    try:
        text = store.notes.read(name)
        saved = None if text is None else msgspec.json.decode(text, type=SavedView)
    except (Unusable, msgspec.DecodeError):
        return None
    if saved is None or environment_digests(frozenset(saved.environment), environ) != dict(saved.environment):
        return None
    return saved


def saved_view_name(request: RunRequest, settings: Settings) -> str:
    """The name of the note. Other settings and other versions of the program have other names."""
    whole = replace(request, budget_usd=None)
    return "studio/" + whole.note(settings, provider_revision(BUILT_IN["local"])).partition("/")[2]
