"""Read untrusted zip files: names checked, sizes limited while reading.

Member names must stay inside the target folder on every system. Links, encrypted members, unknown compression methods,
duplicate names and pickles are refused. What a header says of a size is not trusted: bytes are counted while reading.
"""

from __future__ import annotations

import hashlib
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Self

from msgspec import Struct

from nano_banana.model.problem import Invalid, problem

PICKLE_SUFFIXES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin")
"""How files are called that run code when they are loaded."""

ZIP_MAGIC = b"PK\x03\x04"
_CHUNK = 1 << 20
ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What `zipfile` raises for archives that are damaged, encrypted or packed by unknown methods."""

CAPTION_SUFFIXES = frozenset({".txt", ".json", ".jsonl", ".csv"})
"""Files that trainers read beside photos."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
_SLACK = 1 << 20
"""Bytes that a member may always grow to: a small text of one letter deflates a thousandfold."""


class ZipLimits(Struct, frozen=True, kw_only=True):
    """The most that an archive may hold: members, bytes of one and of all, and how far a member may inflate."""

    members: int = 2_000
    member_bytes: int = 4 << 30
    total_bytes: int = 6 << 30
    ratio: int = 200


class BoundedZip:
    """The files of a zip, by name; nothing is written by itself. Every error is Invalid, without a place.

    `archive_not_zip`, `archive_broken`, `archive_path`, `archive_link`, `archive_twice`, `archive_encrypted`,
    `archive_method`, `archive_many`, `archive_pickle`; `archive_bomb` also while reading.
    """

    def __init__(self, name: str, file: zipfile.ZipFile, bounds: ZipLimits) -> None:
        """Check the list of members; callers use `Archive.opened`. `name` is how errors call the archive."""
        self.name = name
        self._file = file
        self._bounds = bounds
        self._read = 0
        self._members = self._checked(file.infolist())

    @classmethod
    @contextmanager
    def opened(cls, path: Path, bounds: ZipLimits | None = None) -> Iterator[Self]:
        """The archive at `path`, for a while."""
        name = path.name
        try:
            file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Invalid([problem("archive_not_zip", archive=name)]) from error
        with file:
            yield cls(name, file, bounds or ZipLimits())

    @property
    def sizes(self) -> Mapping[str, int]:
        """The members with the sizes that they claim, folders left out; in order."""
        return {name: info.file_size for name, info in self._members.items()}

    def read(self, name: str, *, most: int) -> bytes:
        """The bytes of a member. Raises Invalid where there are more than `most`."""
        data = bytearray()
        for chunk in self._chunks(name):
            data += chunk
            if len(data) > most:
                raise self._wrong("archive_bomb", name, most=most)
        return bytes(data)

    def extract(self, name: str, target: IO[bytes]) -> tuple[str, int]:
        """Write a member to an open file; return the SHA-256 (hex) and the number of its bytes."""
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(name):
            digest.update(chunk)
            size += target.write(chunk)
        return digest.hexdigest(), size

    def _chunks(self, name: str) -> Iterator[bytes]:
        """A member bit by bit. What its header says of its size counts for nothing."""
        info, size = self._members[name], 0
        most = min(self._bounds.member_bytes, max(_SLACK, info.compress_size * self._bounds.ratio))
        try:
            with self._file.open(info) as member:
                while chunk := member.read(_CHUNK):
                    size += len(chunk)
                    self._read += len(chunk)
                    if size > most or self._read > self._bounds.total_bytes:
                        raise self._wrong("archive_bomb", name, most=min(most, self._bounds.total_bytes))
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
            raise self._wrong("archive_broken", name) from error
        except RuntimeError as error:
            raise self._wrong("archive_encrypted", name) from error

    def _checked(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(infos) > self._bounds.members:
            raise Invalid([problem("archive_many", archive=self.name, found=len(infos), most=self._bounds.members)])
        members: dict[str, zipfile.ZipInfo] = {}
        folds: set[str] = set()
        for info in infos:
            name = info.orig_filename
            self._check_member(info, name)
            fold = unicodedata.normalize("NFC", name).casefold().rstrip("/")
            if fold in folds:
                raise self._wrong("archive_twice", name)
            folds.add(fold)
            if not info.is_dir():
                members[name] = info
        claimed = sum(info.file_size for info in members.values())
        if claimed > self._bounds.total_bytes:
            raise self._wrong("archive_bomb", next(iter(members)), most=self._bounds.total_bytes)
        return members

    def _check_member(self, info: zipfile.ZipInfo, name: str) -> None:
        wrong = {
            "archive_path": not is_inside_name(name),
            "archive_link": stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR),
            "archive_encrypted": info.flag_bits & _ENCRYPTED,
            "archive_method": info.compress_type not in _METHODS,
            "archive_pickle": name.casefold().endswith(PICKLE_SUFFIXES),
        }
        for kind in (kind for kind, is_so in wrong.items() if is_so):
            raise self._wrong(kind, name)

    def _wrong(self, kind: str, name: str, *, most: int = 0) -> Invalid:
        return Invalid([problem(kind, archive=self.name, member=name, most=most)])


def is_os_metadata(name: str) -> bool:
    """Whether file managers leave files of this name in zips."""
    path = PurePosixPath(name)
    return "__MACOSX" in path.parts or path.name in {".DS_Store", "Thumbs.db", "desktop.ini"}


def is_inside_name(name: str) -> bool:
    """Whether a member's name stays in the folder that it is unpacked to, on every system; a folder's ends with `/`."""
    parts = name.removesuffix("/").split("/")
    return (
        name.isprintable()
        and not any(sign in name for sign in '\\:*?"<>|')
        and all(part not in ("", ".", "..") and not part.endswith((" ", ".")) for part in parts)
    )
