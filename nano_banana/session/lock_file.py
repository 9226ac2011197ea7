"""The lock file: pinned inputs as sorted TOML for git, and read again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import msgspec
from msgspec import Struct, field, structs

from nano_banana.formats.file_writing import as_user, atomic_write
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONObject, as_whole
from nano_banana.model.problem import Invalid, Unusable, problem

LOCK_FORMAT = 1
"""The version of the text; a program reads its own and older ones."""

LOCK_HEAD = "# Written by `nano-banana run`. Keep it in git: `nano-banana run --locked` refuses what drifts from it.\n"


class LockedSet(Struct, frozen=True, kw_only=True):
    """A training set: how many photos, and the digest of theirs and their captions'."""

    photos: int
    sha256: str = ""


class LockedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint as it was known: the digest of its fields (empty: in no catalog), and its price then."""

    fields: str = ""
    usd: int | float | None = None
    unit: str = ""
    as_of: str = ""


class LockedPack(Struct, frozen=True, kw_only=True):
    """A pack of templates: its version, and the digest of its texts."""

    version: str = ""
    sha256: str = ""


class LockedModel(Struct, frozen=True, kw_only=True):
    """An adapter from the shelf: the version that the recipe's words stood for (`ana@3`), and its bytes' digest."""

    model: str
    sha256: str = ""


class LockedCall(Struct, frozen=True, kw_only=True):
    """A stage's call for one take or adapter, and what it made.

    `asked` is the digest of what the stage asks without the bytes that go in, which is known before those are;
    `key` is the call's, `sha256` and `size` (of adapters only) the result's. Empty is: not known. `left` says why a
    take's way ended with this picture (`rejected`, `not_chosen`): that hangs on the picture itself.
    """

    key: str = ""
    asked: str = ""
    seed: int | None = None
    request_id: str = ""
    sha256: str = ""
    size: int | None = None
    left: str = ""


class Lock(Struct, frozen=True, kw_only=True):
    """Everything that a recipe pins.

    Sets by subject, packs by name, endpoints and adapters by id, takes by id and then by stage.
    """

    version: str
    provider: str
    recipe: str
    training_sets: Mapping[str, LockedSet]
    endpoints: Mapping[str, LockedEndpoint]
    adapters: Mapping[str, LockedCall]
    models: Mapping[str, LockedModel] = field(default_factory=dict)
    takes: Mapping[str, Mapping[str, LockedCall]]
    packs: Mapping[str, LockedPack] = field(default_factory=dict)


def lock_text(lock: Lock) -> str:
    """The lock as TOML, sorted, a line for each fact: the same lock, the same text."""
    return "".join(_lines(lock))


def read_lock(text: str, *, file: str) -> Lock:
    """The lock that a text says. Raises Invalid: `lock_not_toml`, `lock_not_ours`, `lock_newer`."""
    import tomllib

    try:
        data = cast("JSONObject", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        why = str(error)
        raise Invalid([problem("lock_not_toml", file=file, why=why[:1].lower() + why[1:])]) from error
    try:
        if as_whole(data["lock"]) > LOCK_FORMAT:
            raise Invalid([problem("lock_newer", file=file, known=LOCK_FORMAT)])
        return msgspec.convert({**data, "version": data["nano_banana"]}, Lock)
    except (KeyError, TypeError, msgspec.ValidationError) as error:
        raise Invalid([problem("lock_not_ours", file=file)]) from error


def load_lock(path: Path) -> Lock:
    """The lock in a file. Raises Invalid as `read_lock` does, and `lock_missing`, `lock_unreadable`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise Invalid([problem("lock_missing", file=path.name)]) from error
    except OSError as error:
        raise Invalid([problem("lock_unreadable", file=path.name, why=error.strerror or "")]) from error
    except UnicodeDecodeError as error:
        raise Invalid([problem("lock_not_ours", file=path.name)]) from error
    return read_lock(text, file=path.name)


def save_lock(path: Path, lock: Lock) -> None:
    """Write it all at once, unless it stands there already. Raises Unusable `lock_unwritten`."""
    try:
        if path.is_file() and _is_written(path, lock):
            return
        with as_user(), atomic_write(path) as fresh, fresh.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_lines(lock))
    except OSError as error:
        raise Unusable([problem("lock_unwritten", file=path.name, why=error.strerror or "")]) from error


def _is_written(path: Path, lock: Lock) -> bool:
    """Whether the file has this text already; compared line by line, since it may be long."""
    with path.open("rb") as file:
        return all(file.read(len(line)) == line for line in map(str.encode, _lines(lock))) and not file.read(1)


def _lines(lock: Lock) -> Iterator[str]:
    yield LOCK_HEAD
    yield f"lock = {LOCK_FORMAT}\nnano_banana = {_toml_value(lock.version)}\n"
    yield f"provider = {_toml_value(lock.provider)}\nrecipe = {_toml_value(lock.recipe)}\n"
    for title, section in (
        *((("packs", lock.packs),) if lock.packs else ()),
        ("training_sets", lock.training_sets),
        ("endpoints", lock.endpoints),
        *((("models", lock.models),) if lock.models else ()),
        ("adapters", lock.adapters),
    ):
        yield f"\n[{title}]\n"
        yield from (f"{_toml_key(name)} = {_row_text(section[name])}\n" for name in sorted(section))
    yield "\n[takes]\n"
    for name in sorted(lock.takes):
        yield from (
            f"{_toml_key(name)}.{_toml_key(stage)} = {_row_text(call)}\n" for stage, call in lock.takes[name].items()
        )


def _row_text(noun: LockedPack | LockedSet | LockedEndpoint | LockedModel | LockedCall) -> str:
    pairs = structs.asdict(noun).items()
    return "{ " + ", ".join(f"{name} = {_toml_value(value)}" for name, value in pairs if value not in (None, "")) + " }"


def _toml_key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml_value(name)


def _toml_value(value: str | float) -> str:
    """JSON's strings are TOML's but for one character; its numbers are."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def locked_training_set(inputs: Mapping[str, str]) -> LockedSet:
    """The set that `inputs` of a `training-zip` call are: `photos/N` and `captions/N` to digests."""
    photos = {place.partition("/")[2]: digest for place, digest in inputs.items() if place.startswith("photos/")}
    pairs = sorted([photos[at], inputs.get(f"captions/{at}", "")] for at in photos)
    return LockedSet(photos=len(photos), sha256=hashlib.sha256(canonical_json({"photos": pairs})).hexdigest())
