"""Files that the emulator serves, and the input files of requests."""

from __future__ import annotations

import base64
import binascii
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.endpoint import Endpoint, FieldType
from nano_banana.emulator.fault_injection import InjectedFault
from nano_banana.model.json_values import JSONObject, JSONValue

FILES_PATH = "/files/"


class ServedFile(Struct, frozen=True, kw_only=True):
    """A file, stored at `path`. Each download takes one of `faults`. Times are seconds since 1970."""

    id: str
    name: str
    media: str
    path: Path
    expires_at: float | None = None
    faults: tuple[InjectedFault, ...] = ()

    def url(self, base: str) -> str:
        """The file's URL for a client that knows this server as `base`."""
        return f"{base}{FILES_PATH}{self.id}/{quote(self.name)}"


class ServedFiles:
    """The files of this server, under unguessable ids."""

    def __init__(self, folder: Path, *, clock: Callable[[], float]) -> None:
        """Store files in this folder, which exists. Parts of uploads lie there, too."""
        self.folder = folder
        self._clock = clock
        self._kept: dict[str, ServedFile] = {}

    def place(
        self, name: str, *, media: str, lifetime: float | None, faults: Iterable[InjectedFault] = ()
    ) -> ServedFile:
        """Make an entry for a file to be written; it isn't served before `keep`."""
        id_ = uuid4().hex
        expires_at = None if lifetime is None else self._clock() + lifetime
        name = name.replace("/", "_").replace("\\", "_") or "file"
        return ServedFile(
            id=id_, name=name, media=media, path=self.folder / id_, expires_at=expires_at, faults=tuple(faults)
        )

    def keep(self, kept: ServedFile) -> None:
        """Serve the file from now on."""
        self._kept[kept.id] = kept

    def get(self, id_: str) -> ServedFile | None:
        """The file with this id; None if it is unknown or has expired."""
        kept = self._kept.get(id_)
        if kept is not None and kept.expires_at is not None and self._clock() >= kept.expires_at:
            self.drop([id_])
            return None
        return kept

    def at(self, url: str) -> ServedFile | None:
        """The file with this URL, whatever the URL's host is."""
        try:
            path = unquote(urlsplit(url).path)
        except ValueError:  # "http://[::1" is no URL
            return None
        id_, _, name = path.removeprefix(FILES_PATH).partition("/")
        kept = self.get(id_) if path.startswith(FILES_PATH) else None
        return kept if kept is not None and kept.name == name else None

    def take_fault(self, kept: ServedFile) -> InjectedFault | None:
        """Remove and return the next fault for the file's downloads."""
        if not kept.faults:
            return None
        self._kept[kept.id] = replace(kept, faults=kept.faults[1:])
        return kept.faults[0]

    def drop(self, ids: Iterable[str]) -> None:
        """Delete these files."""
        for id_ in list(ids):
            kept = self._kept.pop(id_, None)
            if kept is not None:
                kept.path.unlink(missing_ok=True)

    def clear(self) -> int:
        """Delete all files; return their number."""
        count = len(self._kept)
        self._kept.clear()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return count


LIFETIME_HEADERS = ("x-fal-object-lifecycle-preference", "x-fal-object-lifecycle")

MAX_LIFETIME = 100 * 365 * 86_400
"""Seconds of the longest lifetime; files with a longer one never expire."""


def file_lifetime(headers: Mapping[str, str]) -> float | None:
    """A file's lifetime in seconds; None (forever) also if the header is invalid."""
    for name in LIFETIME_HEADERS:
        try:
            wish = json.loads(headers.get(name, "null"))
        except (ValueError, RecursionError):
            continue
        seconds = wish.get("expiration_duration_seconds") if isinstance(wish, dict) else None
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= MAX_LIFETIME:
            return float(seconds)
    return None


class UnreadableUrl(LookupError):
    """A URL that this server can't read; `args` are the place and the URL."""


class RequestInputs(Struct, frozen=True, kw_only=True):
    """Arguments without files, and the files (path, media type) by place (`image_url`, `loras/0/path`)."""

    arguments: JSONObject
    files: Mapping[str, tuple[Path, str]]


def split_inputs(endpoint: Endpoint, given: JSONObject, served: ServedFiles, *, strict: bool) -> RequestInputs:
    """Split arguments into values and files, as calls have them.

    Reads only this server's files and `data:` URLs. Raises UnreadableUrl for other URLs if `strict`, and always for
    a file of this server that doesn't exist.
    """
    arguments: dict[str, JSONValue] = {}
    files: dict[str, tuple[Path, str]] = {}
    for name, value in given.items():
        field = endpoint.fields.get(name)
        kind = None if field is None else field.type
        if kind not in {FieldType.URL, FieldType.URLS, FieldType.ADAPTERS} or not value:
            arguments[name] = value
            continue
        for place, url in _addresses(name, value):
            found = _read(place, url, served, strict=strict)
            if found:
                files[place] = found
        if kind is FieldType.ADAPTERS and isinstance(value, list):
            arguments[name] = [_without_path(item) for item in value]
    return RequestInputs(arguments=arguments, files=files)


def _addresses(name: str, value: JSONValue) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, Mapping):
                yield f"{name}/{at}/path", str(item.get("path"))
            else:
                yield f"{name}/{at}", str(item)


def _without_path(item: JSONValue) -> JSONValue:
    return {name: value for name, value in item.items() if name != "path"} if isinstance(item, Mapping) else item


def _read(place: str, url: str, served: ServedFiles, *, strict: bool) -> tuple[Path, str] | None:
    if url.startswith("data:"):
        return _inline(place, url, served)
    kept = served.at(url)
    if kept is not None:
        return kept.path, kept.media
    if strict or "/files/" in url:
        raise UnreadableUrl(place, url)
    return None


def _inline(place: str, url: str, served: ServedFiles) -> tuple[Path, str]:
    head, comma, body = url.removeprefix("data:").partition(",")
    media, *marks = head.split(";")
    try:
        data = base64.b64decode(body, validate=True) if "base64" in marks else unquote_to_bytes(body)
    except binascii.Error as error:
        raise UnreadableUrl(place, url[:80]) from error
    if not comma:
        raise UnreadableUrl(place, url[:80])
    kept = served.place("inline", media=media or "text/plain", lifetime=None)
    kept.path.write_bytes(data)
    served.keep(kept)
    return kept.path, kept.media
