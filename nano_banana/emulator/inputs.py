"""The files that arguments name by address, fetched and taken out of them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import FieldType
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.cabinet import Cabinet


class Unreachable(LookupError):
    """An address that this server cannot read; `args` are the place and the address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Arguments without their files, and the files by place (`image_url`, `loras/0/path`): path and media type."""

    arguments: JSONObject
    files: Mapping[str, tuple[Path, str]]


def taken_out(endpoint: Endpoint, given: JSONObject, cabinet: Cabinet, *, strict: bool) -> Inputs:
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
    return Inputs(arguments=arguments, files=files)


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


def _read(place: str, url: str, cabinet: Cabinet, *, strict: bool) -> tuple[Path, str] | None:
    if url.startswith("data:"):
        return _inline(place, url, cabinet)
    kept = cabinet.at(url)
    if kept is not None:
        return kept.path, kept.media
    if strict or "/files/" in url:
        raise Unreachable(place, url)
    return None


def _inline(place: str, url: str, cabinet: Cabinet) -> tuple[Path, str]:
    head, comma, body = url.removeprefix("data:").partition(",")
    media, *marks = head.split(";")
    try:
        data = base64.b64decode(body, validate=True) if "base64" in marks else unquote_to_bytes(body)
    except binascii.Error as error:
        raise Unreachable(place, url[:80]) from error
    if not comma:
        raise Unreachable(place, url[:80])
    kept = cabinet.place("inline", media=media or "text/plain", lifetime=None)
    kept.path.write_bytes(data)
    cabinet.keep(kept)
    return kept.path, kept.media
