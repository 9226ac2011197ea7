"""Files that are served: on disk, by unguessable ids, until they expire."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

from nano_banana.emulator.faults import Fault

FILES = "/files/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file: its bytes lie at `path`; `faults` strike its downloads, one each. Seconds since 1970."""

    id: str
    name: str
    media: str
    path: Path
    expires_at: float | None = None
    faults: tuple[Fault, ...] = ()

    def url(self, base: str) -> str:
        """Where it is served, for a client that knows this server as `base`."""
        return f"{base}{FILES}{self.id}/{quote(self.name)}"


class Cabinet:
    """The files of this server."""

    def __init__(self, folder: Path, *, clock: Callable[[], float]) -> None:
        """Keep them in this folder, which is there; parts of uploads lie beside them."""
        self.folder = folder
        self._clock = clock
        self._kept: dict[str, Kept] = {}

    def place(self, name: str, *, media: str, lifetime: float | None, faults: Iterable[Fault] = ()) -> Kept:
        """A place for a file that is still to be written; nobody finds it before `keep`."""
        id_ = uuid4().hex
        expires_at = None if lifetime is None else self._clock() + lifetime
        name = name.replace("/", "_").replace("\\", "_") or "file"
        return Kept(id=id_, name=name, media=media, path=self.folder / id_, expires_at=expires_at, faults=tuple(faults))

    def keep(self, kept: Kept) -> None:
        """Serve it from now on."""
        self._kept[kept.id] = kept

    def get(self, id_: str) -> Kept | None:
        """The file of this id; None where there is none, or its time is up."""
        kept = self._kept.get(id_)
        if kept is not None and kept.expires_at is not None and self._clock() >= kept.expires_at:
            self.drop([id_])
            return None
        return kept

    def at(self, url: str) -> Kept | None:
        """The file behind an address of ours, under whatever name this server is known."""
        try:
            path = unquote(urlsplit(url).path)
        except ValueError:  # "http://[::1": no address at all
            return None
        id_, _, name = path.removeprefix(FILES).partition("/")
        kept = self.get(id_) if path.startswith(FILES) else None
        return kept if kept is not None and kept.name == name else None

    def take_fault(self, kept: Kept) -> Fault | None:
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
