"""Served files: kept under unguessable ids until they expire; inputs."""

from __future__ import annotations

import base64
import binascii
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit
from uuid import uuid4

from nano_banana.catalog.endpoint import Endpoint, FieldType
from nano_banana.emulator.fault_injection import InjectedFault
from nano_banana.model.json_values import JSONObject, JSONValue

FILES_PATH = "/files/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedFile:
    """A file: its bytes lie at `path`; `faults` strike its downloads, one each. Seconds since 1970."""

    id: str
    name: str
    media: str
    path: Path
    expires_at: float | None = None
    faults: tuple[InjectedFault, ...] = ()

    def url(self, base: str) -> str:
        """Where it is served, for a client that knows this server as `base`."""
        return f"{base}{FILES_PATH}{self.id}/{quote(self.name)}"


class ServedFiles:
    """The files of this server."""

    def __init__(self, folder: Path, *, clock: Callable[[], float]) -> None:
        """Keep them in this folder, which is there; parts of uploads lie beside them."""
        self.folder = folder
        self._clock = clock
        self._kept: dict[str, ServedFile] = {}

    def place(
        self, name: str, *, media: str, lifetime: float | None, faults: Iterable[InjectedFault] = ()
    ) -> ServedFile:
        """A place for a file that is still to be written; nobody finds it before `keep`."""
        id_ = uuid4().hex
        expires_at = None if lifetime is None else self._clock() + lifetime
        name = name.replace("/", "_").replace("\\", "_") or "file"
        return ServedFile(
            id=id_, name=name, media=media, path=self.folder / id_, expires_at=expires_at, faults=tuple(faults)
        )

    def keep(self, kept: ServedFile) -> None:
        """Serve it from now on."""
        self._kept[kept.id] = kept

    def get(self, id_: str) -> ServedFile | None:
        """The file of this id; None where there is none, or its time is up."""
        kept = self._kept.get(id_)
        if kept is not None and kept.expires_at is not None and self._clock() >= kept.expires_at:
            self.drop([id_])
            return None
        return kept

    def at(self, url: str) -> ServedFile | None:
        """The file behind an address of ours, under whatever name this server is known."""
        try:
            path = unquote(urlsplit(url).path)
        except ValueError:  # "http://[::1": no address at all
            return None
        id_, _, name = path.removeprefix(FILES_PATH).partition("/")
        kept = self.get(id_) if path.startswith(FILES_PATH) else None
        return kept if kept is not None and kept.name == name else None

    def take_fault(self, kept: ServedFile) -> InjectedFault | None:
        """The next fault that is kept for its downloads."""
        if not kept.faults:
            return None
        self._kept[kept.id] = replace(kept, faults=kept.faults[1:])
        return kept.faults[0]

    def drop(self, ids: Iterable[str]) -> None:
        """Serve these no more."""
        for id_ in list(ids):
            kept = self._kept.pop(id_, None)
            if kept is not None:
                kept.path.unlink(missing_ok=True)

    def clear(self) -> int:
        """Serve none of today's files any more; returns how many they were."""
        count = len(self._kept)
        self._kept.clear()
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        return count


LIFETIME_HEADERS = ("x-fal-object-lifecycle-preference", "x-fal-object-lifecycle")

MAX_LIFETIME = 100 * 365 * 86_400
"""Seconds beyond which a file may as well live for ever."""


def file_lifetime(headers: Mapping[str, str]) -> float | None:
    """Seconds; None for ever, also where the header says no number of seconds that makes sense."""
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
    """An address that this server cannot read; `args` are the place and the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestInputs:
    """Arguments without their files, and the files by place (`image_url`, `loras/0/path`): path and media type."""

    arguments: JSONObject
    files: Mapping[str, tuple[Path, str]]


def split_inputs(endpoint: Endpoint, given: JSONObject, cabinet: ServedFiles, *, strict: bool) -> RequestInputs:
    """Split arguments as a call splits them.

    Only this server's own files and `data:` addresses are read. Raises Unreachable for any other where
    `strict`, and always for a file of ours that is gone.
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
            found = _read(place, url, cabinet, strict=strict)
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


def _read(place: str, url: str, cabinet: ServedFiles, *, strict: bool) -> tuple[Path, str] | None:
    if url.startswith("data:"):
        return _inline(place, url, cabinet)
    kept = cabinet.at(url)
    if kept is not None:
        return kept.path, kept.media
    if strict or "/files/" in url:
        raise UnreadableUrl(place, url)
    return None


def _inline(place: str, url: str, cabinet: ServedFiles) -> tuple[Path, str]:
    head, comma, body = url.removeprefix("data:").partition(",")
    media, *marks = head.split(";")
    try:
        data = base64.b64decode(body, validate=True) if "base64" in marks else unquote_to_bytes(body)
    except binascii.Error as error:
        raise UnreadableUrl(place, url[:80]) from error
    if not comma:
        raise UnreadableUrl(place, url[:80])
    kept = cabinet.place("inline", media=media or "text/plain", lifetime=None)
    kept.path.write_bytes(data)
    cabinet.keep(kept)
    return kept.path, kept.media
