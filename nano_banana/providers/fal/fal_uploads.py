"""Uploads: what may be sent to fal, each content once, at its address.

A recipe may come from a stranger and name any file of the user's. Only what is really a picture, a training archive or
an adapter, by its content and not its name, is ever sent, and a picture without its metadata.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import httpx
from fal_client import FalClientHTTPError
from fal_client.client import MULTIPART_THRESHOLD, StorageSettings
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.photo_export import photo_without_metadata
from nano_banana.formats.picture_files import open_undecoded, orientation
from nano_banana.formats.png import has_only_pixels, png_without_metadata
from nano_banana.formats.safetensors import is_safetensors
from nano_banana.formats.zip_reader import CAPTION_SUFFIXES, ZIP_ERRORS, ZIP_MAGIC, is_os_metadata
from nano_banana.model.call import Blob, Call
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, problem
from nano_banana.model.provider_protocol import CallContext, SingleFlight
from nano_banana.model.ticket import Upload
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.file_types import OCTET_STREAM, SNIFF_BYTES, sniff_media_type
from nano_banana.providers.fal.http_client import NoResponse, RetryLater, error_in, retry
from nano_banana.providers.fal.timing import Backoff


def fill_places(arguments: JSONObject, values: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """A copy of the arguments with each value at its place (`image_url`, `loras/0/path`).

    Missing containers are created: objects for names, lists for numbers.
    """
    body = dict(arguments)
    for place, value in values.items():
        name, *rest = place.split("/")
        body[name] = _with_value(body.get(name), rest, value)
    return body


def _with_value(old: JSONValue, path: list[str], value: JSONValue) -> JSONValue:
    if not path:
        return value
    name, *rest = path
    if isinstance(old, Mapping) or not name.isdecimal():
        entries = dict(old) if isinstance(old, Mapping) else {}
        return {**entries, name: _with_value(entries.get(name), rest, value)}
    items = [] if isinstance(old, str) or old is None or isinstance(old, bool | int | float) else list(old)
    at = int(name)
    items += [None] * (at + 1 - len(items))
    items[at] = _with_value(items[at], rest, value)
    return items


MAX_ARCHIVE_FILES = 20_000
"""Includes captions. Each file is checked before any is sent."""


def check_training_archive(path: Path) -> None:
    """Return if each file of the zip is a picture or may be a caption, and there is a picture.

    Documents and programs are zips, too, and a recipe must not send the user's own. Raises CallFailed:
    `archive_not_sent` with the `file` at fault, `archive_unusable` (damaged, without pictures, or with more than
    `MAX_ARCHIVE_FILES` files).
    """
    pictures = 0
    try:
        with zipfile.ZipFile(path) as archive:
            listed = (entry for entry in archive.infolist() if not entry.is_dir())
            entries = [entry for entry in listed if not is_os_metadata(entry.filename)]
            if len(entries) > MAX_ARCHIVE_FILES:
                raise _archive_unusable()
            for entry in entries:
                is_picture = _is_picture(archive, entry)
                if not is_picture and PurePosixPath(entry.filename).suffix.lower() not in CAPTION_SUFFIXES:
                    raise CallFailed([problem("archive_not_sent", input="", file=entry.filename)])
                pictures += is_picture
    except (*ZIP_ERRORS, OSError) as error:
        raise _archive_unusable() from error
    if not pictures:
        raise _archive_unusable()


def _is_picture(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    with archive.open(entry) as file:
        return sniff_media_type(file.read(SNIFF_BYTES)).startswith("image/")


def _archive_unusable() -> CallFailed:
    return CallFailed([problem("archive_unusable", input="")])


_MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".zip": "application/zip", ".safetensors": OCTET_STREAM}


class UploadFile(Struct, frozen=True, kw_only=True):
    """A file as it is sent. `name` is what the service sees: never the user's own name."""

    path: Path
    name: str

    @property
    def media(self) -> str:
        """Its media type."""
        return _MEDIA[Path(self.name).suffix]


def prepare_upload(path: Path, name: str, folder: Path) -> UploadFile:
    """Prepare the file for upload, as `name` with the suffix of its type; new files are written to `folder`.

    Raises CallFailed (the caller fills in `input`): `file_not_sent`, those of `check_training_archive`, and
    `picture_broken` or `picture_too_big` as `open_picture` does. May raise OSError.
    """
    with path.open("rb") as file:
        head = file.read(len(ZIP_MAGIC))
    if head == ZIP_MAGIC:
        check_training_archive(path)
        return UploadFile(path=path, name=f"{name}.zip")
    if is_safetensors(path):
        return UploadFile(path=path, name=f"{name}.safetensors")
    try:
        return _prepare_picture(path, name, folder)
    except CallFailed as error:
        if error.problems[0].kind == "picture_unreadable":
            raise CallFailed([problem("file_not_sent", input="")]) from error
        raise


def under_public_name(parcel: UploadFile, folder: Path) -> Path:
    """The file under its public name: a link, or a copy if links aren't supported."""
    place = folder / parcel.name
    if place != parcel.path:
        try:
            place.symlink_to(parcel.path.absolute())
        except OSError:
            shutil.copyfile(parcel.path, place)
    return place


def _prepare_picture(path: Path, name: str, folder: Path) -> UploadFile:
    if has_only_pixels(path):
        with open_undecoded(path, place="") as picture:
            picture.verify()
        return UploadFile(path=path, name=f"{name}.png")
    with open_undecoded(path, place="") as picture:
        is_png = picture.format == "PNG"
        if is_png:
            picture.load()
        upright = orientation(picture) == 1
    # An upright PNG keeps its transparency.
    kept = png_without_metadata(path.read_bytes()) if is_png and upright else None
    data, suffix = (kept, ".png") if kept else photo_without_metadata(path, place="")
    made = folder / f"{name}{suffix}"
    made.write_bytes(data)
    return UploadFile(path=made, name=made.name)


UPLOADS_AT_ONCE = 4
EXPIRY_MARGIN = 600.0
"""Seconds that an upload must still be valid, as in the store; half its lifetime if that is shorter."""
UPLOAD_BACKOFF = Backoff(first=0.5, longest=10.0, total=120.0)
LEAST_SECONDS, SLOWEST = 120.0, 16_384.0
"""An upload counts as hung after this many seconds, plus one for each so many bytes."""
UPLOADS_LABEL = "uploads"
_NULL_HANDLER = logging.NullHandler()
_KEY_STATUSES = (401, 402, 403)


class FileUploader:
    """Uploads the inputs of calls. One per run; calls with the same bytes share one upload."""

    def __init__(self, session: FalSession) -> None:
        # A library's warnings go to the screen where nobody listens to its logger.
        logging.getLogger("fal_client").addHandler(_NULL_HANDLER)
        self._session = session
        self._slots = asyncio.Semaphore(UPLOADS_AT_ONCE)
        self._flights: SingleFlight[Upload] = SingleFlight()
        self._known: dict[str, Upload] = {}

    async def body(self, call: Call, context: CallContext, *, fresh: bool = False) -> dict[str, JSONValue]:
        """The call's arguments with a URL in the place of each input.

        `fresh` uploads again, because the service couldn't load the files. Raises CallFailed: what `prepare_upload`
        raises, `fal_unreachable`, `fal_certificate`, `fal_busy`, `upload_failed`; Refused if the key is refused.
        """
        inputs = {blob.digest: (place, blob) for place, blob in call.inputs.items()}
        asked = [self._place(place, blob, context, fresh=fresh) for place, blob in inputs.values()]
        found = await asyncio.gather(*asked, return_exceptions=True)
        urls = dict(zip(inputs, _all_or_raise(found), strict=True))
        return fill_places(call.arguments, {place: urls[blob.digest] for place, blob in call.inputs.items()})

    async def _place(self, place: str, blob: Blob, context: CallContext, *, fresh: bool) -> str:
        known = None if fresh else self._lasting(blob) or await context.find_upload(self._session.hosts.service, blob)
        if known is not None:
            return known.url
        context.report_progress(phase="uploading")
        try:
            found, _ = await self._flights.join(blob.digest, lambda: self._upload(blob, context))
        except CallFailed as error:
            raise CallFailed([replace(one, data={**one.data, "input": place}) for one in error.problems]) from error
        return found.url

    def _lasting(self, blob: Blob) -> Upload | None:
        """An upload of this run; one too short-lived for the store may still serve the next call."""
        upload, life = self._known.get(blob.digest), self._session.config.uploads_expire_after
        if upload is None or upload.expires_at is None or life is None:
            return upload
        return upload if upload.expires_at > self._session.clock.now() + min(EXPIRY_MARGIN, life / 2) else None

    async def _upload(self, blob: Blob, context: CallContext) -> Upload:
        async with self._slots:
            folder = context.scratch()
            try:
                parcel = await asyncio.to_thread(lambda: prepare_upload(context.path(blob), blob.digest[:16], folder))
                begun = self._session.clock.now()
                clock, send = self._session.clock, partial(self._sent, parcel, folder)
                url = await retry(send, backoff=UPLOAD_BACKOFF, clock=clock, what=UPLOADS_LABEL)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        life = self._session.config.uploads_expire_after
        expires_at = None if life is None else begun + life
        upload = Upload(service=self._session.hosts.service, digest=blob.digest, url=url, expires_at=expires_at)
        self._known[blob.digest] = upload
        await context.save_upload(upload)
        return upload

    async def _sent(self, parcel: UploadFile, folder: Path) -> str:
        """Upload it and return its URL. Raises NoResponse and RetryLater if another try may succeed."""
        try:
            url: object = await self._send(parcel, folder)
        except TimeoutError as error:
            raise NoResponse("timeout", sent=True) from error
        except (FalClientHTTPError, httpx.HTTPStatusError) as error:
            raise _upload_error(error.response) from error
        except (KeyError, TypeError, ValueError) as error:
            raise CallFailed([problem("upload_failed", input="", why="no address")]) from error
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise CallFailed([problem("upload_failed", input="", why="no address")])
        return url

    async def _send(self, parcel: UploadFile, folder: Path) -> str:
        """Upload it with fal-client. Only the bytes, a neutral name and the lifetime are sent."""
        client, life = self._session.client, StorageSettings(expires_in=self._session.config.uploads_expire_after)
        size = parcel.path.stat().st_size
        async with asyncio.timeout(LEAST_SECONDS + size / SLOWEST):
            if size > MULTIPART_THRESHOLD:
                file = await asyncio.to_thread(under_public_name, parcel, folder)
                return await client.upload_file(file, lifecycle=life)
            data = await asyncio.to_thread(parcel.path.read_bytes)
            return await client.upload(data, parcel.media, parcel.name, lifecycle=life)


def _all_or_raise(found: Sequence[str | BaseException]) -> list[str]:
    """The URLs. Raises what ends the run first, else all failures of the call at once."""
    failed = [one for one in found if isinstance(one, CallFailed)]
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, CallFailed):
            raise one
    if failed:
        raise CallFailed([problem for one in failed for problem in one.problems]) from failed[0]
    return [one for one in found if isinstance(one, str)]


def _upload_error(response: httpx.Response) -> Exception:
    if response.status_code in _KEY_STATUSES:
        return error_in(response, UPLOADS_LABEL).error()
    if response.status_code >= 500:
        return RetryLater(response)
    return CallFailed([problem("upload_failed", input="", why=f"status {response.status_code}")])
