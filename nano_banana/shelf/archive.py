"""The `.nbm` file: an adapter, its card and its checksums in one zip."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_object, as_text, as_whole
from nano_banana.core.replacing import replacing
from nano_banana.shelf.card import Card, Origin, Shelved, card_json, card_of, is_plain, may_be_told, unlikely
from nano_banana.shelf.unpack import Archive
from nano_banana.store.wall import wall

SUFFIX = ".nbm"
FORMAT = 1
"""The version of the format; a program reads its own and older ones."""

CARD = "card.json"
ADAPTER = "adapter.safetensors"
SUMS = "checksums.txt"
FOLDERS = ("samples/", "photos/")

_MOST_TEXT = 1 << 20
_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_HERE = ("run", "recipe")
"""What of a card means nothing elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What an archive turned out to hold, all of it verified: the adapter lies in `file`."""

    name: str
    digest: str
    size: int
    card: Card
    file: Path
    others: Mapping[str, int]
    """How many `samples/` and `photos/` there are."""


def pack(target: Path, shelved: Shelved, adapter: Path, others: Iterable[tuple[str, bytes]] = ()) -> int:
    """Write an archive, all at once; return its size in bytes. Equal input, equal bytes.

    `others` are `samples/…` and `photos/…`. Raises Unusable `archive_unwritten`.
    """
    try:
        with replacing(target) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
            sums = {CARD: _put(archive, CARD, _card_text(shelved))}
            with adapter.open("rb") as file:
                sums[ADAPTER] = _copy(archive, ADAPTER, file, shelved.size)
            sums.update({name: _put(archive, name, data) for name, data in others})
            _put(archive, SUMS, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())
    except OSError as error:
        raise Unusable([trouble("archive_unwritten", file=target.name, why=error.strerror or "")]) from error
    return target.stat().st_size


def unpack(source: Path, folder: Path) -> Packed:
    """Read and verify a whole archive; its adapter is left in `folder`, and nothing else.

    Raises Invalid: as `Archive` does, `archive_foreign` for a zip that is something else, `archive_newer`,
    `archive_sum` for bytes that are not those of the checksums, `archive_card`; Unusable where the folder's disk is
    full or can't be written.
    """
    with wall(folder.parent), Archive.opened(source) as archive:
        told = _told(archive)
        sums = _sums(archive)
        target = folder / ADAPTER
        with target.open("wb") as file:
            found = {ADAPTER: archive.extract(ADAPTER, file)}
        with Path("/dev/null").open("wb") as nowhere:
            found.update({name: archive.extract(name, nowhere) for name in archive.sizes if name != ADAPTER})
        for name, (digest, _) in found.items():
            if name != SUMS and sums[name] != digest:
                raise Invalid([trouble("archive_sum", archive=archive.name, member=name)])
        digest, size = found[ADAPTER]
        if (told["digest"], told["size"]) != (digest, size):
            raise Invalid([trouble("archive_sum", archive=archive.name, member=ADAPTER)])
        card = _card(archive, told)
        counts = {kind: sum(name.startswith(kind) for name in found) for kind in FOLDERS}
        return Packed(name=as_text(told["name"]), digest=digest, size=size, card=card, file=target, others=counts)


def _card_text(shelved: Shelved) -> bytes:
    told: JSONObject = {
        "nano_banana_model": FORMAT,
        "name": shelved.name,
        "version": shelved.version,
        "digest": shelved.digest,
        "size": shelved.size,
        "card": {name: value for name, value in card_json(shelved.card).items() if name not in _HERE},
    }
    return (json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False, default=dict) + "\n").encode()


def _told(archive: Archive) -> JSONObject:
    """What the card's file says. The format's version is looked at before anything else is."""
    names = set(archive.sizes)
    if CARD not in names:
        raise Invalid([trouble("archive_foreign", archive=archive.name)])
    told: JSONObject = {}
    with suppress(ValueError, RecursionError, TypeError):
        told = as_object(cast("JSONValue", json.loads(archive.read(CARD, most=_MOST_TEXT))))
    version = told.get("nano_banana_model")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Invalid([trouble("archive_foreign", archive=archive.name)])
    if version > FORMAT:
        raise Invalid([trouble("archive_newer", archive=archive.name, version=version, known=FORMAT)])
    strange = [name for name in names if name not in (CARD, ADAPTER, SUMS) and not name.startswith(FOLDERS)]
    if strange or not {ADAPTER, SUMS} <= names:
        raise Invalid([trouble("archive_foreign", archive=archive.name)])
    try:
        return {
            "name": as_text(told["name"]),
            "digest": as_text(told["digest"]),
            "size": as_whole(told["size"]),
            "card": as_object(told["card"]),
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Invalid([trouble("archive_card", archive=archive.name)]) from error


def _card(archive: Archive, told: JSONObject) -> Card:
    try:
        card = card_of(as_object(told["card"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Invalid([trouble("archive_card", archive=archive.name)]) from error
    texts = (card.subject, card.trigger, card.noun, card.trainer, card.provider, card.base, card.training_set)
    if not all(map(may_be_told, texts)) or unlikely(card) or not is_plain(card.settings):
        raise Invalid([trouble("archive_card", archive=archive.name)])
    return replace(card, origin=Origin.IMPORTED, run="", recipe="")


def _sums(archive: Archive) -> Mapping[str, str]:
    """The checksums by name: of every other member, and of nothing else."""
    text = archive.read(SUMS, most=_MOST_TEXT).decode("utf-8", errors="replace")
    found = {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}
    if set(found) != set(archive.sizes) - {SUMS}:
        other = min(set(found) ^ (set(archive.sizes) - {SUMS}))
        raise Invalid([trouble("archive_sum", archive=archive.name, member=other)])
    return found


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> str:
    archive.writestr(_info(name), data)
    return hashlib.sha256(data).hexdigest()


def _copy(archive: zipfile.ZipFile, name: str, source: IO[bytes], size: int) -> str:
    digest, about = hashlib.sha256(), _info(name)
    about.file_size = size
    with archive.open(about, "w") as member:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            member.write(chunk)
    return digest.hexdigest()


def _info(name: str) -> zipfile.ZipInfo:
    about = zipfile.ZipInfo(name, date_time=_EPOCH)
    about.create_system = _UNIX
    about.external_attr = 0o100644 << 16
    return about
