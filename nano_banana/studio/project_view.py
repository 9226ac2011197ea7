"""What the studio knows of a project at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from nano_banana.studio.studio_pictures import PictureFile
from nano_banana.studio.take_listing import FaceBox, ListedTake, TakeFaces


class ProblemWords(Struct, frozen=True, kw_only=True):
    """A problem as an answer has it. `line` and `column` count from 1; 0 if the problem has no place."""

    error: str
    help: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    length: int = 0
    warning: bool = False


class ReferencePhoto(Struct, frozen=True, kw_only=True):
    """One of a subject's photos. `face` is where the main face is, `faces` the digest of the file with all faces."""

    name: str
    digest: str
    width: int
    height: int
    face: FaceBox | None = None
    faces: str = ""

    def listed(self) -> dict[str, str | int | None]:
        """The photo as `/api/project` has it."""
        url = None if self.face is None else f"/face/{self.digest}"
        return {"name": self.name, "digest": self.digest, "width": self.width, "height": self.height, "face_url": url}


class SubjectPhotos(Struct, frozen=True, kw_only=True):
    """A subject's photos: those that are only compared with, and those that train."""

    held_out: Sequence[ReferencePhoto] = ()
    training: Sequence[ReferencePhoto] = ()


class ProjectView(Struct, frozen=True, kw_only=True):
    """What the project is at one moment. `problems` are why it could not be read again, if it could not."""

    name: str
    revision: str
    project: bytes
    answer: bytes
    encoded: Mapping[str, bytes]
    takes: Mapping[str, ListedTake]
    take_faces: Mapping[str, TakeFaces]
    face_boxes: Mapping[str, Sequence[FaceBox | None]]
    """The face of each person in each judged picture, by digest."""
    photos: Mapping[str, SubjectPhotos]
    pictures: Mapping[str, PictureFile]
    folder: Path
    picks_file: Path
    pick_stages: Sequence[str] = ()
    problems: Sequence[ProblemWords] = ()
