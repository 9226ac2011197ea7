"""Adapter archives (`.nbm`): write, read and verify them.

An archive is a zip of the adapter, its card and SHA-256 checksums, with sample pictures and training photos on request.
Equal input gives equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.file_writing import atomic_write
from nano_banana.formats.zip_reader import BoundedZip
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import Invalid, Unusable, problem
from nano_banana.store.adapter_shelf import (
    AdapterCard,
    AdapterOrigin,
    AdapterShelf,
    ShelvedAdapter,
    card_json,
    implausible_fields,
    is_acceptable_setting,
    is_acceptable_text,
    parse_card,
)
from nano_banana.store.database import translate_errors

ARCHIVE_SUFFIX = ".nbm"
ARCHIVE_VERSION = 1
"""The version of the format; a program reads its own and older ones."""

CARD_FILE = "card.json"
ADAPTER_FILE = "adapter.safetensors"
CHECKSUMS_FILE = "checksums.txt"
EXTRA_FOLDERS = ("samples/", "photos/")

_MAX_TEXT = 1 << 20
_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_LOCAL_FIELDS = ("run", "recipe")
"""What of a card means nothing elsewhere."""


class UnpackedAdapter(Struct, frozen=True, kw_only=True):
    """What an archive turned out to hold, all of it verified: the adapter lies in `file`."""

    name: str
    digest: str
    size: int
    card: AdapterCard
    file: Path
    others: Mapping[str, int]
    """How many `samples/` and `photos/` there are."""


class _Description(Struct, frozen=True, kw_only=True):
    """The contents of an archive's card file."""

    name: str
    digest: str
    size: int
    card: JSONObject


def write_archive(
    target: Path, shelved: ShelvedAdapter, adapter: Path, others: Iterable[tuple[str, bytes]] = ()
) -> int:
    """Write an archive, all at once; return its size in bytes. Equal input, equal bytes.

    `others` are `samples/…` and `photos/…`. Raises Unusable `archive_unwritten`.
    """
    try:
        with atomic_write(target) as fresh, zipfile.ZipFile(fresh, "w", zipfile.ZIP_STORED) as archive:
            sums = {CARD_FILE: _write_member(archive, CARD_FILE, _card_text(shelved))}
            with adapter.open("rb") as file:
                sums[ADAPTER_FILE] = _copy_member(archive, ADAPTER_FILE, file, shelved.size)
            sums.update({name: _write_member(archive, name, data) for name, data in others})
            _write_member(archive, CHECKSUMS_FILE, "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())
    except OSError as error:
        raise Unusable([problem("archive_unwritten", file=target.name, why=error.strerror or "")]) from error
    return target.stat().st_size


def read_archive(source: Path, folder: Path) -> UnpackedAdapter:
    """Read and verify a whole archive; its adapter is left in `folder`, and nothing else.

    Raises Invalid: as `Archive` does, `archive_foreign` for a zip that is something else, `archive_newer`,
    `archive_sum` for bytes that are not those of the checksums, `archive_card`; Unusable where the folder's disk is
    full or can't be written.
    """
    with translate_errors(folder.parent), BoundedZip.opened(source) as archive:
        told = _read_description(archive)
        sums = _read_checksums(archive)
        target = folder / ADAPTER_FILE
        with target.open("wb") as file:
            found = {ADAPTER_FILE: archive.extract(ADAPTER_FILE, file)}
        with Path("/dev/null").open("wb") as nowhere:
            found.update({name: archive.extract(name, nowhere) for name in archive.sizes if name != ADAPTER_FILE})
        for name, (digest, _) in found.items():
            if name != CHECKSUMS_FILE and sums[name] != digest:
                raise Invalid([problem("archive_sum", archive=archive.name, member=name)])
        digest, size = found[ADAPTER_FILE]
        if (told.digest, told.size) != (digest, size):
            raise Invalid([problem("archive_sum", archive=archive.name, member=ADAPTER_FILE)])
        card = _read_card(archive, told)
        counts = {kind: sum(name.startswith(kind) for name in found) for kind in EXTRA_FOLDERS}
        return UnpackedAdapter(name=told.name, digest=digest, size=size, card=card, file=target, others=counts)


def _card_text(shelved: ShelvedAdapter) -> bytes:
    told: JSONObject = {
        "nano_banana_model": ARCHIVE_VERSION,
        "name": shelved.name,
        "version": shelved.version,
        "digest": shelved.digest,
        "size": shelved.size,
        "card": {name: value for name, value in card_json(shelved.card).items() if name not in _LOCAL_FIELDS},
    }
    return (json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False, default=dict) + "\n").encode()


def _read_description(archive: BoundedZip) -> _Description:
    """The contents of the card's file. The format's version is checked first."""
    names = set(archive.sizes)
    if CARD_FILE not in names:
        raise Invalid([problem("archive_foreign", archive=archive.name)])
    told: JSONObject = {}
    with suppress(ValueError, RecursionError, TypeError):
        told = as_object(cast("JSONValue", json.loads(archive.read(CARD_FILE, most=_MAX_TEXT))))
    version = told.get("nano_banana_model")
    if not isinstance(version, int) or isinstance(version, bool):
        raise Invalid([problem("archive_foreign", archive=archive.name)])
    if version > ARCHIVE_VERSION:
        raise Invalid([problem("archive_newer", archive=archive.name, version=version, known=ARCHIVE_VERSION)])
    strange = [
        name
        for name in names
        if name not in (CARD_FILE, ADAPTER_FILE, CHECKSUMS_FILE) and not name.startswith(EXTRA_FOLDERS)
    ]
    if strange or not {ADAPTER_FILE, CHECKSUMS_FILE} <= names:
        raise Invalid([problem("archive_foreign", archive=archive.name)])
    try:
        return msgspec.convert(told, _Description)
    except ValueError as error:  # msgspec's own, or a key with half a surrogate pair
        raise Invalid([problem("archive_card", archive=archive.name)]) from error


def _read_card(archive: BoundedZip, told: _Description) -> AdapterCard:
    try:
        card = parse_card(told.card)
    except ValueError as error:
        raise Invalid([problem("archive_card", archive=archive.name)]) from error
    texts = (card.subject, card.trigger, card.noun, card.trainer, card.provider, card.base, card.training_set)
    if not all(map(is_acceptable_text, texts)) or implausible_fields(card) or not is_acceptable_setting(card.settings):
        raise Invalid([problem("archive_card", archive=archive.name)])
    return replace(card, origin=AdapterOrigin.IMPORTED, run="", recipe="")


def _read_checksums(archive: BoundedZip) -> Mapping[str, str]:
    """The checksums by name: of every other member, and of nothing else."""
    text = archive.read(CHECKSUMS_FILE, most=_MAX_TEXT).decode("utf-8", errors="replace")
    found = {name: digest for digest, _, name in (line.partition("  ") for line in text.splitlines())}
    if set(found) != set(archive.sizes) - {CHECKSUMS_FILE}:
        other = min(set(found) ^ (set(archive.sizes) - {CHECKSUMS_FILE}))
        raise Invalid([problem("archive_sum", archive=archive.name, member=other)])
    return found


def _write_member(archive: zipfile.ZipFile, name: str, data: bytes) -> str:
    archive.writestr(_member_info(name), data)
    return hashlib.sha256(data).hexdigest()


def _copy_member(archive: zipfile.ZipFile, name: str, source: IO[bytes], size: int) -> str:
    digest, about = hashlib.sha256(), _member_info(name)
    about.file_size = size
    with archive.open(about, "w") as member:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            member.write(chunk)
    return digest.hexdigest()


def _member_info(name: str) -> zipfile.ZipInfo:
    about = zipfile.ZipInfo(name, date_time=_EPOCH)
    about.create_system = _UNIX
    about.external_attr = 0o100644 << 16
    return about


_MAX_PHOTO = 256 << 20
_PICTURE_SUFFIXES = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"RIFF": ".webp"}


class ExportedArchive(Struct, frozen=True, kw_only=True):
    """The archive's size in bytes, and how many samples and photos are in it."""

    size: int
    samples: int
    photos: int


def export_adapter(
    shelf: AdapterShelf,
    shelved: ShelvedAdapter,
    target: Path,
    *,
    samples: int = 0,
    photos: bool = False,
    replace: bool = False,
) -> ExportedArchive:
    """Write `shelved` to `target` with its last `samples` pictures and, if `photos`, those it was trained from.

    Photos come as they were packed for the training: without their metadata and names. Raises Invalid
    (`archive_exists` unless `replace`, `archive_nowhere`, `archive_suffix`, `photos_gone`) and Unusable
    (`archive_unwritten`).
    """
    # os.path's never fail, whatever is asked of them.
    if os.path.isdir(target) or not os.path.isdir(target.parent):  # noqa: PTH112 - as said
        raise Invalid([problem("archive_nowhere", path=str(target))])
    if target.suffix.casefold() != ARCHIVE_SUFFIX:
        raise Invalid([problem("archive_suffix", path=str(target))])
    if os.path.lexists(target) and not replace:
        raise Invalid([problem("archive_exists", path=str(target))])
    pictures = shelf.drawn(shelved, limit=samples) if samples else []
    packed = shelf.training_zip(shelved) if photos else None
    if photos and packed is None:
        raise Invalid([problem("photos_gone", model=shelved.reference)])
    shown = [*_photo_members(packed)] if packed else []
    size = write_archive(target, shelved, shelf.path(shelved), [*_sample_members(pictures), *shown])
    count = sum(not name.endswith(".txt") for name, _ in shown)
    return ExportedArchive(size=size, samples=len(pictures), photos=count)


def _sample_members(pictures: list[Path]) -> Iterator[tuple[str, bytes]]:
    for at, picture in enumerate(pictures, 1):
        data = picture.read_bytes()
        suffix = next((end for start, end in _PICTURE_SUFFIXES.items() if data.startswith(start)), "")
        yield f"samples/{at:02}{suffix}", data


def _photo_members(packed: Path) -> Iterator[tuple[str, bytes]]:
    with BoundedZip.opened(packed) as archive:
        for name in sorted(archive.sizes):
            yield f"photos/{name.rpartition('/')[2]}", archive.read(name, most=_MAX_PHOTO)
