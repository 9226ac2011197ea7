"""Photos looked at through the workshop: what is known costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.json import JSONObject
from nano_banana.core.news import Watcher
from nano_banana.core.reply import Reply
from nano_banana.project.photos.sight import Box, Sight, faces_of, measures_of
from nano_banana.stages.site import compute
from nano_banana.workshop.answering import End, Errands
from nano_banana.workshop.workshop import Workshop

PURPOSE = "photos"

BATCH = 256
"""Photos whose small pictures are in memory at one time."""


def look_at(
    workshop: Workshop, photos: Mapping[Path, Blob], watch: Watcher, *, find_faces: bool = True
) -> dict[Path, Sight]:
    """What can be seen of each photo. The same bytes are looked at once.

    Raises Unusable where the networks that find faces are not installed.
    """
    blobs = {blob.digest: blob for blob in photos.values()}
    files = {blob.digest: path for path, blob in photos.items()}
    looks: dict[str, End] = {}
    if find_faces:
        looks = _ends(workshop, files, blobs.values(), [_call("look", blob, {}) for blob in blobs.values()], watch)
    asked = [blob for blob in blobs.values() if isinstance(looks.get(blob.digest), Reply) or not find_faces]
    surveys = _ends(
        workshop, files, asked, [_call("survey", blob, _around(looks.get(blob.digest))) for blob in asked], watch
    )
    sights = {digest: _sight(looks.get(digest), surveys.get(digest)) for digest in blobs}
    return {path: sights[blob.digest] for path, blob in photos.items()}


def thumbnails(workshop: Workshop, photos: Sequence[tuple[Path, Blob, Box | None]], watch: Watcher) -> list[End]:
    """A small picture of each photo, and one of the face in it."""
    files = {blob.digest: path for path, blob, _ in photos}
    calls = [_call("thumbnail", blob, {} if box is None else {"face": list(box)}) for _, blob, box in photos]
    return workshop.answer(Errands(purpose=PURPOSE, calls=calls, files=files), watch)


def _call(endpoint: str, blob: Blob, arguments: JSONObject) -> Call:
    return compute(endpoint, arguments, {"image": blob})


def _ends(
    workshop: Workshop, files: Mapping[str, Path], blobs: Iterable[Blob], calls: Sequence[Call], watch: Watcher
) -> dict[str, End]:
    ends = workshop.answer(Errands(purpose=PURPOSE, calls=calls, files=files), watch)
    return {blob.digest: end for blob, end in zip(blobs, ends, strict=True)}


def _around(look: End | None) -> JSONObject:
    """The largest face, where there is one: its light is what matters."""
    faces = faces_of(look.data) if isinstance(look, Reply) else ()
    return {"face": list(faces[0].box)} if faces else {}


def _sight(look: End | None, survey: End | None) -> Sight:
    for end in (look, survey):
        if end is not None and not isinstance(end, Reply):
            return Sight(problems=end.problems)
    return Sight(
        faces=faces_of(look.data) if isinstance(look, Reply) else (),
        embeddings=look.files.get("faces") if isinstance(look, Reply) else None,
        measures=measures_of(survey.data) if isinstance(survey, Reply) else None,
    )
