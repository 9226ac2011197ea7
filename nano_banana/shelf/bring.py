"""Brings an adapter's file to the shelf; keeps nothing that is in doubt."""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.problem import did_you_mean
from nano_banana.shelf.about import proposed_name, proposed_trigger
from nano_banana.shelf.archive import Packed, unpack
from nano_banana.shelf.card import MOST_WORDS, Card, Origin, Shelved, may_be_told
from nano_banana.shelf.family import LOCAL, Family, family_of, is_adapter
from nano_banana.shelf.header import Header, read_header
from nano_banana.shelf.shelf import Shelf, check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the person says of the file; what is empty is taken from the file itself."""

    name: str = ""
    trigger: str = ""
    noun: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What is on the shelf now; `known` says that it was there before. `others` are samples and photos in the file."""

    shelved: Shelved
    known: bool
    others: Mapping[str, int] = field(default_factory=dict)


def bring(
    shelf: Shelf,
    source: Path,
    wanted: Wanted,
    *,
    families: Sequence[str],
    rehearses: bool = False,
    clock: Callable[[], float] = time.time,
) -> Brought:
    """Verify a file (`.nbm` or `.safetensors`) and put it on the shelf; `families` are those that can be drawn with.

    Where a stand-in for a service answers (`rehearses`), the archive of what one trained is taken, too.

    Raises Invalid, with nothing kept: as `unpack` and `read_header` do, `model_not_adapter`, `model_base_unknown`,
    `model_base_wrong`, `model_base_missing`, `model_base_strange`, `model_rehearsed`, `shelf_name`, `shelf_words`,
    `model_unreadable`.
    """
    if wanted.name:
        check_name(wanted.name)
    for what, words in (("trigger", wanted.trigger), ("noun", wanted.noun)):
        if not may_be_told(words):
            raise Invalid([trouble("shelf_words", what=what, most=MOST_WORDS)])
    if wanted.base and wanted.base not in (*families, LOCAL):
        near = did_you_mean(wanted.base, families)
        raise Invalid([trouble("model_base_unknown", hint=near, base=wanted.base, known=", ".join(families))])
    if not os.path.isfile(source):  # noqa: PTH113 - it never fails, whatever is asked of it
        why = "it is no file" if os.path.lexists(source) else "there is no such file"
        raise Invalid([trouble("model_unreadable", file=source.name, why=why)])
    if _is_archive(source):
        return _from_archive(shelf, source, wanted, families, rehearses=rehearses)
    return _from_file(shelf, source, wanted, families, clock())


def _is_archive(source: Path) -> bool:
    """Whether it is a zip, or the beginning of one; what only ends like one may still be a safetensors file."""
    try:
        with source.open("rb") as file:
            start = file.read(9)
    except OSError:
        return False
    return start.startswith(b"PK") or (zipfile.is_zipfile(source) and start[8:] != b"{")


def _from_archive(shelf: Shelf, source: Path, wanted: Wanted, families: Sequence[str], *, rehearses: bool) -> Brought:
    with shelf.scratch() as folder:
        packed = unpack(source, folder)
        name = wanted.name or packed.name
        check_name(name)
        check_name(packed.card.subject or name)
        header = read_header(packed.file, name=source.name)
        family = _checked(header, source.name)
        card = packed.card
        if family.shown == LOCAL and card.base in families:
            # A stand-in trains as this machine does, in the name of the endpoint that it stands for.
            if not rehearses:
                raise Invalid([trouble("model_rehearsed", file=source.name, base=card.base)])
            family = Family(said=card.base)
        base = _base(family, wanted.base or card.base, families, source.name)
        if wanted.base and card.base and wanted.base != card.base:
            raise _wrong_base(source.name, card.base, wanted.base)
        card = replace(card, base=base, trigger=wanted.trigger or card.trigger, noun=wanted.noun or card.noun)
        return _kept(shelf, replace(wanted, name=name), packed.file, card, packed=packed)


def _from_file(shelf: Shelf, source: Path, wanted: Wanted, families: Sequence[str], now: float) -> Brought:
    header = read_header(source, name=source.name)
    family = _checked(header, source.name)
    base = _base(family, wanted.base or family.base, families, source.name)
    trigger, noun = proposed_trigger(header.metadata)
    name = wanted.name or proposed_name(header.metadata, source.stem)
    check_name(name)
    card = Card(
        base=base,
        provider=LOCAL if base == LOCAL else "",
        subject=name,
        trigger=wanted.trigger or trigger,
        noun=wanted.noun or noun,
        made_at=now,
        origin=Origin.FILE,
    )
    return _kept(shelf, replace(wanted, name=name), source, card)


def _kept(shelf: Shelf, wanted: Wanted, file: Path, card: Card, *, packed: Packed | None = None) -> Brought:
    name, others = wanted.name, {} if packed is None else packed.others
    before = {(shelved.name, shelved.digest) for shelved in shelf.all()}
    blob = shelf.put(file)
    found, known = shelf.keep(name, blob, card), (name, blob.digest) in before
    if known and (wanted.trigger or wanted.noun):
        told = found.card
        card = replace(told, trigger=wanted.trigger or told.trigger, noun=wanted.noun or told.noun)
        found = shelf.amend(found, card)
    return Brought(shelved=found, known=known, others=others)


def _checked(header: Header, file: str) -> Family:
    if not is_adapter(header):
        raise Invalid([trouble("model_not_adapter", file=file)])
    return family_of(header)


def _base(family: Family, base: str, families: Sequence[str], file: str) -> str:
    """The family to note, which must be one that can be drawn with, and the one that the tensors show."""
    base = base or family.base
    if not base:
        raise Invalid([trouble("model_base_missing", file=file, known=", ".join(families))])
    if not family.may_be(base):
        raise _wrong_base(file, family.shown, base)
    if base not in (*families, LOCAL):
        raise Invalid([trouble("model_base_strange", file=file, base=base, known=", ".join(families))])
    return base


def _wrong_base(file: str, shown: str, base: str) -> Invalid:
    return Invalid([trouble("model_base_wrong", file=file, shown=shown, base=base)])
