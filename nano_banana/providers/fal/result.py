"""An endpoint's JSON taken apart: what it says, and the files it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from nano_banana.core.json import JSONObject, JSONValue

Expect: TypeAlias = Literal["picture", "file"]

_SIGNS = frozenset({"content_type", "file_name", "file_size", "width"})
"""Beside `url`, any of these makes an object a file."""
_STAYS = ("width", "height", "content_type", "file_size")
_ADDRESSES = ("https://", "http://", "data:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A file of a result. `url` is https or data:, the others are what the service says about it.

    Empty and None: it says nothing. `size` is in bytes.
    """

    url: str
    media: str = ""
    size: int | None = None
    name: str = ""
    expect: Expect = "file"
    """What it is said to be; where nothing is said, its place in the result decides."""


def split(data: JSONObject, makes: Sequence[str]) -> tuple[JSONObject, dict[str, Remote]]:
    """The JSON without addresses, and its files by place (`images/0`), those first that match `makes` (`images/*`).

    Of a file's object stay `width`, `height`, `content_type` and `file_size` where they are said; any other
    text that is an address becomes null, since it would outlive what lies there.
    """
    found = dict(_files(data, "", makes))
    first = {place: remote for place, remote in found.items() if is_made(place, makes)}
    left = _without(data, "", makes)
    return (left if isinstance(left, Mapping) else {}), {**first, **found}


def _files(value: JSONValue, place: str, makes: Sequence[str]) -> Iterator[tuple[str, Remote]]:
    url = _file_url(value, place, makes)
    if url:
        yield place, _remote(url, value if isinstance(value, Mapping) else {}, place)
        return
    for at, item in _entries(value):
        yield from _files(item, f"{place}/{at}".lstrip("/"), makes)


def _without(value: JSONValue, place: str, makes: Sequence[str]) -> JSONValue:
    if isinstance(value, Mapping) and _file_url(value, place, makes):
        return {name: value[name] for name in _STAYS if value.get(name) is not None}
    if isinstance(value, str):
        return None if value.lower().startswith(_ADDRESSES) else value
    items = {at: _without(item, f"{place}/{at}".lstrip("/"), makes) for at, item in _entries(value)}
    if isinstance(value, Mapping):
        return items
    return list(items.values()) if isinstance(value, Sequence) else value


def _entries(value: JSONValue) -> Iterator[tuple[str, JSONValue]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield from ((str(at), item) for at, item in enumerate(value))


def _file_url(value: JSONValue, place: str, makes: Sequence[str]) -> str:
    """The address, if this is a file; at a place that the endpoint is called for, one may stand alone."""
    promised = is_made(place, makes)
    if isinstance(value, Mapping):
        url = value.get("url")
        told = promised or _SIGNS & value.keys() or len(value) == 1
        return url if isinstance(url, str) and told and url.lower().startswith(_ADDRESSES) else ""
    return value if isinstance(value, str) and promised and value.lower().startswith(_ADDRESSES) else ""


def is_made(place: str, makes: Sequence[str]) -> bool:
    """Whether a file at this place is what the endpoint is called for."""
    return any(fnmatchcase(place, pattern) for pattern in makes)


def _remote(url: str, about: JSONObject, place: str) -> Remote:
    media, size, name = about.get("content_type"), about.get("file_size"), about.get("file_name")
    known = media.lower() if isinstance(media, str) else ""
    return Remote(
        url=url,
        media=known,
        size=size if isinstance(size, int) and size > 0 else None,
        name=name if isinstance(name, str) else "",
        expect=_expect(known, about, place),
    )


def _expect(media: str, about: JSONObject, place: str) -> Expect:
    if media:
        return "picture" if media.startswith("image/") and "svg" not in media else "file"
    is_picture = about.get("width") is not None or place.partition("/")[0] in {"image", "images"}
    return "picture" if is_picture else "file"
