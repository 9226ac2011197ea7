"""The door to photos: looks at those of a recipe, or of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.blob import Blob
from nano_banana.core.errors import trouble
from nano_banana.core.news import Watcher
from nano_banana.core.problem import Problem
from nano_banana.core.reply import Reply
from nano_banana.planner.photos import photo_set
from nano_banana.project.parts import BYTES
from nano_banana.project.photos.album import Album, Sitting, Viewed, album_of
from nano_banana.project.photos.looking import BATCH, look_at, thumbnails
from nano_banana.project.photos.sight import Sight
from nano_banana.project.photos.sittings import chosen, folder_sitting, sitting_of
from nano_banana.project.project import Project
from nano_banana.recipe.model import Subject
from nano_banana.recipe.photo_files import is_absent
from nano_banana.recipe.photo_rules import DEFAULT, PhotoRules
from nano_banana.recipe.resolve.pictures import picture_media
from nano_banana.settings import Settings
from nano_banana.workshop.crew import Crew
from nano_banana.workshop.workshop import Workshop

LEFT_OUT = frozenset({"photos_left_out", "photos_copies", "photos_deeper", "captions_left_out"})
"""Warnings of a recipe that are about photos."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnails:
    """Small JPEG pictures of a photo and of the face in it; empty where there is none."""

    photo: bytes = b""
    face: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """Photos by subject, the rules for them, and where they are looked at.

    `name` is the recipe's or the folder's, `base` the folder that paths are told from. `unread` are the files that
    could not even be opened, and why. `left_out` are warnings of files that are not looked at.
    """

    name: str
    base: Path
    workshop: Workshop
    rules: PhotoRules
    sittings: Sequence[Sitting]
    digests: Mapping[Path, Blob]
    unread: Mapping[Path, Problem]
    left_out: Sequence[Problem] = ()

    @classmethod
    def of(cls, project: Project, names: Sequence[str] = ()) -> Self:
        """The photos of these subjects of a recipe (none: of all that have any), by its rules or the usual ones.

        Raises Invalid for a name that the recipe does not have.
        """
        return cls.of_subjects(project, chosen(project.recipe, names))

    @classmethod
    def of_subjects(cls, project: Project, subjects: Iterable[Subject]) -> Self:
        """The photos of subjects of a recipe."""
        subjects = list(subjects)
        photos = [photo.path for subject in subjects for photo in subject.photos]
        digests, unread = _digests(project.workshop, photos)
        sittings = []
        for subject in subjects:
            held = {photo.path for photo in photo_set(subject, digests).held_out}
            sittings.append(sitting_of(project.loaded, project.catalog, subject, held))
        return cls(
            name=project.recipe.name,
            base=project.loaded.files.folder,
            workshop=project.workshop,
            rules=project.recipe.photo_rules or DEFAULT,
            sittings=sittings,
            digests=digests,
            unread=unread,
            left_out=[problem for problem in project.loaded.warnings if problem.kind in LEFT_OUT],
        )

    def albums(self, watch: Watcher) -> list[Album]:
        """Look at the photos and judge them. Raises Unusable where what finds faces is not installed."""
        find_faces = self.rules.faces_per_photo > 0
        sights: dict[Path, Sight] = {path: Sight(problems=(problem,)) for path, problem in self.unread.items()}
        sights |= look_at(self.workshop, self.digests, watch, find_faces=find_faces)
        return [album_of(sitting, sights, self.rules, read=self._read, shown=self._shown) for sitting in self.sittings]

    def thumbnails(self, photos: Sequence[Viewed], watch: Watcher) -> Iterator[tuple[Viewed, Thumbnails]]:
        """Each photo with its small pictures, in order; only some of them are in memory at a time."""
        for start in range(0, len(photos), BATCH):
            batch = photos[start : start + BATCH]
            able = [photo for photo in batch if photo.sight.measures is not None]
            boxes = [photo.sight.faces[0].box if photo.sight.faces else None for photo in able]
            asked = [(photo.path, self.digests[photo.path], box) for photo, box in zip(able, boxes, strict=True)]
            ends = {photo.path: end for photo, end in zip(able, thumbnails(self.workshop, asked, watch), strict=True)}
            for photo in batch:
                end = ends.get(photo.path)
                files = end.files if isinstance(end, Reply) else {}
                yield (
                    photo,
                    Thumbnails(
                        **{
                            name: self._read(files[place])
                            for name, place in (("photo", "image"), ("face", "face"))
                            if place in files
                        }
                    ),
                )

    def _read(self, blob: Blob) -> bytes:
        return self.workshop.store.path(blob).read_bytes()

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.base)) if path.is_relative_to(self.base) else str(path)


@contextmanager
def folder_studio(folder: Path, settings: Settings) -> Iterator[Studio]:
    """The pictures in a folder, by the usual rules. Raises Invalid where there is none."""
    sitting, left_out = folder_sitting(folder)
    crew = Crew(settings.parallel_compute, Catalog.load(None))
    workshop = Workshop(settings, crew.makers)
    try:
        digests, unread = _digests(workshop, [photo.path for photo in sitting.photos])
        yield Studio(
            name=sitting.name,
            base=folder,
            workshop=workshop,
            rules=DEFAULT,
            sittings=[sitting],
            digests=digests,
            unread=unread,
            left_out=left_out,
        )
    finally:
        workshop.close()
        crew.close()


def _digests(workshop: Workshop, paths: Iterable[Path]) -> tuple[dict[Path, Blob], dict[Path, Problem]]:
    """The photos' bytes by name, and those that can't be opened."""
    medias: dict[Path, str] = {}
    unread: dict[Path, Problem] = {}
    for path in paths:
        try:
            media = picture_media(path)
            if media is None and is_absent(path):
                unread[path] = trouble("photo_not_fetched", path=str(path))
            else:
                medias[path] = media or BYTES
        except OSError as error:
            why = error.strerror or str(error)
            absent = is_absent(path)
            unread[path] = (
                trouble("photo_not_fetched", path=str(path))
                if absent
                else trouble("photo_unreadable", path=str(path), why=why)
            )
    return workshop.store.digests(medias), unread
