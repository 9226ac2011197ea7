"""Where faces are in pictures, and how alike they are."""

from __future__ import annotations

import operator

import msgspec
from msgspec import Struct, field

from nano_banana.model.call import Blob
from nano_banana.model.problem import Unusable
from nano_banana.store.local_store import Store
from nano_banana.studio.project_view import ProjectView, ReferencePhoto
from nano_banana.studio.take_listing import FaceBox


class _SeenFace(Struct, frozen=True, kw_only=True):
    box: list[float]
    embedding: list[float]


class _FacesFile(Struct, frozen=True, kw_only=True):
    faces: list[_SeenFace] = field(default_factory=list)


_FACES = msgspec.json.Decoder(_FacesFile)


class ShownFace(Struct, frozen=True, kw_only=True):
    """A face that is cut out; `box` is its left, top, width and height in the picture."""

    url: str
    box: tuple[float, float, float, float]


class ComparedPhoto(Struct, frozen=True, kw_only=True):
    """A reference photo's face. `similarity` is its cosine to the take's face (−1 to 1), None if unknown."""

    name: str
    url: str
    held_out: bool
    similarity: float | None


class ComparedFaces(Struct, frozen=True, kw_only=True):
    """A person's face in a take, beside the photos of that person."""

    subject: str
    face: ShownFace | None
    references: list[ComparedPhoto]


def face_in(view: ProjectView, digest: str, person: int = 0) -> FaceBox | None:
    """The face of a take's person, or a photo's main face; None if there is none, or no gate has looked at it."""
    for photos in view.photos.values():
        for photo in (*photos.held_out, *photos.training):
            if photo.digest == digest:
                return photo.face
    boxes = view.face_boxes.get(digest, ())
    return boxes[person] if person < len(boxes) else None


def take_faces(view: ProjectView, store: Store, take: str) -> dict[str, object] | None:
    """The faces in a take beside their subjects' photos, by subject; None if there is no such take.

    The first subject's are at the top, too.
    """
    listed = view.takes.get(take)
    if listed is None:
        return None
    seen = view.take_faces.get(take)
    own = [] if seen is None or not seen.faces else _faces_file(store, seen.faces)
    found = []
    for at, subject in enumerate(listed.subjects):
        box = seen.boxes[at] if seen is not None and at < len(seen.boxes) else None
        vector = next((face.embedding for face in own if box and tuple(face.box) == box.box), None)
        url = f"/face/{seen.picture}" if seen is not None else ""
        found.append(
            ComparedFaces(
                subject=subject,
                face=None if box is None else ShownFace(url=url + (f"?person={at}" if at else ""), box=box.box),
                references=_references(view, store, subject, vector),
            )
        )
    first = found[0] if found else ComparedFaces(subject="", face=None, references=[])
    return {"face": first.face, "references": first.references, "subjects": found}


def _references(view: ProjectView, store: Store, subject: str, vector: list[float] | None) -> list[ComparedPhoto]:
    photos = view.photos.get(subject)
    if photos is None:
        return []
    pairs = [*((photo, True) for photo in photos.held_out), *((photo, False) for photo in photos.training)]
    return [
        ComparedPhoto(
            name=photo.name,
            url=f"/face/{photo.digest}",
            held_out=held_out,
            similarity=_similarity(store, photo, vector),
        )
        for photo, held_out in pairs
        if photo.face is not None
    ]


def _similarity(store: Store, photo: ReferencePhoto, vector: list[float] | None) -> float | None:
    faces = _faces_file(store, photo.faces) if vector and photo.faces else []
    if not faces or vector is None:
        return None
    cosine: float = sum(map(operator.mul, vector, faces[0].embedding))
    return round(cosine, 4)


def _faces_file(store: Store, digest: str) -> list[_SeenFace]:
    """The faces in a file that a gate's look left in the store; empty if it is gone."""
    try:
        path = store.blobs.path(Blob(digest=digest, size=0, media="application/json"))
        return _FACES.decode(path.read_bytes()).faces
    except (Unusable, OSError, msgspec.DecodeError):
        return []
