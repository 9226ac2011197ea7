"""Pictures by digest: their bytes, thumbnails, faces and sizes."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from nano_banana.model.call import Blob, Call, Reply, canonical_json
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import NanoBananaError, Unusable
from nano_banana.store.local_store import Store
from nano_banana.store.reply_cache import RecordedCall

THUMBNAIL_SIDES = (160, 320, 640, 1280)
"""Longer sides of thumbnails, in pixels."""

FACE_SIDE = 256
"""Side of a face that is cut out, in pixels."""

AT_ONCE = 2
"""Thumbnails that are made at one time."""

STUDIO_RUN = "(studio)"
"""The run that thumbnails are logged under."""


PNG_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
"""How every PNG begins; its width and height follow."""


class PictureFile(Struct, frozen=True, kw_only=True):
    """Where a picture is: in the store, or in a file of the user's (`path`)."""

    media: str
    path: Path | None = None


class PictureFacts:
    """Sizes and times of pictures, each looked up once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[int, int, float]] = {}

    def of(self, blob: Blob) -> tuple[int, int, float]:
        """A stored picture's width and height in pixels, and when it was made; zeros if it is gone."""
        found = self._known.get(blob.digest)
        if found is None:
            found = self.of_file(Path(self._store.blobs.place(blob.digest)))
            if found[0]:
                self._known[blob.digest] = found
        return found

    def of_file(self, path: Path) -> tuple[int, int, float]:
        """The same of any file."""
        try:
            with path.open("rb") as file:
                head, made_at = file.read(24), os.fstat(file.fileno()).st_mtime
        except OSError:
            return 0, 0, 0.0
        if head.startswith(PNG_HEAD):
            return int.from_bytes(head[16:20]), int.from_bytes(head[20:24]), made_at
        from PIL import Image, UnidentifiedImageError

        from nano_banana.formats.picture_files import oriented_size

        try:
            with Image.open(path) as picture:
                return *oriented_size(picture), made_at
        except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError):
            return 0, 0, 0.0


class Thumbnails:
    """Makes small pictures and keeps them in the store: each is made once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def picture(self, digest: str, found: PictureFile) -> Path | None:
        """The picture's own file; None if it is gone or changed."""
        if found.path is not None:
            known = self._store.files.digests({found.path: found.media}).get(found.path)
            return found.path if known is not None and known.digest == digest else None
        try:
            return self._store.blobs.path(Blob(digest=digest, size=0, media=found.media))
        except Unusable:
            return None

    def thumbnail(self, digest: str, found: PictureFile, side: int) -> Path | bytes | None:
        """A small picture in WebP; None if the picture is gone or can't be read."""
        return self._made(digest, found, {"side": side, "media": "image/webp"}, "image")

    def face(self, digest: str, found: PictureFile, box: tuple[float, float, float, float]) -> Path | bytes | None:
        """The face in the box, cut out, in WebP."""
        arguments: JSONObject = {"side": 2 * FACE_SIDE, "media": "image/webp", "face": [round(side) for side in box]}
        return self._made(digest, found, arguments, "face")

    def _made(self, digest: str, found: PictureFile, arguments: JSONObject, place: str) -> Path | bytes | None:
        from nano_banana.stages.stage_calls import compute_call

        call = compute_call("thumbnail", arguments, {"image": Blob(digest=digest, size=0, media=found.media)})
        known = self._store.replies.get([call.key]).get(call.key)
        if known is not None:
            return Path(self._store.blobs.place(known.files[place].digest))
        file = self.picture(digest, found)
        if file is None:
            return None
        with self._slots:
            return self._work(call, file, place)

    def _work(self, call: Call, file: Path, place: str) -> bytes | None:
        from nano_banana.providers.compute.compute_provider import perform_compute

        try:
            data, files = perform_compute(call.endpoint, canonical_json(call.arguments), {"image": file})
        except NanoBananaError:
            return None
        self._keep(call, data, files)
        return files[place][0]

    def _keep(self, call: Call, data: JSONObject, files: Mapping[str, tuple[bytes, str]]) -> None:
        """Keep what was made; a store that can't be written to still shows pictures."""
        try:
            blobs = {place: self._store.blobs.put(content, media=media) for place, (content, media) in files.items()}
            reply = Reply(data=data, files=blobs, seconds=0.0, cost_usd=0.0)
            self._store.replies.record([RecordedCall(call=call, reply=reply, run=STUDIO_RUN)])
        except Unusable:
            return
