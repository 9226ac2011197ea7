"""Reads the files a recipe names, confined to its project.

The only reader of files in `recipe`. It remembers the stat of every file and folder it was asked about (also missing
ones), so that a later run can tell that nothing changed.
"""

from __future__ import annotations

import fnmatch
import json
import os
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.model.problem import Invalid, did_you_mean, problem

_GLOB_CHARACTERS = frozenset("*?[")


def expand_glob(pattern: Path, look: Callable[[Path], FileStamp | None]) -> set[Path]:
    """The files that match `pattern`, which is absolute. `look` is told of each folder that is listed.

    A link into nothing is among them: it stands for a file that was not fetched.
    """
    parts = pattern.parts[1:]
    found = _glob_parts(Path(pattern.anchor), parts, look)
    return {path for path in found if path.is_file() or (path.is_symlink() and not path.exists())}


def _glob_parts(folder: Path, parts: tuple[str, ...], look: Callable[[Path], FileStamp | None]) -> Iterator[Path]:
    if not parts:
        look(folder)
        yield folder
        return
    part, *rest = parts
    if part == "**":
        for deep in _folders_below(folder, look):
            yield from _glob_parts(deep, tuple(rest) or ("*",), look)
    elif _GLOB_CHARACTERS.isdisjoint(part):
        yield from _glob_parts(folder / part, tuple(rest), look)
    else:
        for name in _names_in(folder, look):
            if fnmatch.fnmatchcase(name, part) and (not name.startswith(".") or part.startswith(".")):
                yield from _glob_parts(folder / name, tuple(rest), look)


def _folders_below(folder: Path, look: Callable[[Path], FileStamp | None]) -> Iterator[Path]:
    """`folder` and all below it, links to folders left out, so that a circle of links ends."""
    yield folder
    for name in _names_in(folder, look):
        deeper = folder / name
        if not name.startswith(".") and deeper.is_dir() and not deeper.is_symlink():
            yield from _folders_below(deeper, look)


def _names_in(folder: Path, look: Callable[[Path], FileStamp | None]) -> list[str]:
    look(folder)
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


MAX_TEXT = 1_048_576
"""Bytes of the largest recipe, included file or template that is read."""


MAX_COMPARED = 1_000
"""Names of a folder that a missing one is compared with."""


class RecipeFiles:
    """Reads what a recipe names, and nothing outside of `root` unless told so.

    Relative paths are taken from `folder`, which is the recipe's. Texts are read once, so that all who
    ask see the same; those `given`, by absolute path, are in no file at all. `seen` is what a later run compares
    to know that nothing has changed.
    """

    def __init__(
        self, root: Path, folder: Path | None = None, given: Mapping[Path, str] = MappingProxyType({})
    ) -> None:
        self.root = root.resolve()
        self.folder = Path(os.path.abspath(folder or root))  # noqa: PTH100 — resolve() would hide a link that is moved later
        self._seen: dict[Path, FileStamp | None] = {}
        self._texts: dict[Path, str] = dict(given)

    def within(self, folder: Path) -> RecipeFiles:
        """A reader of another folder, confined to that, whose files are among those that this one has seen."""
        inner = RecipeFiles(folder)
        inner._seen, inner._texts = self._seen, self._texts
        return inner

    @property
    def seen(self) -> Mapping[Path, FileStamp | None]:
        """Every file and folder that was asked about, by absolute path with links unresolved."""
        return self._seen

    def locate(self, path: Path | str, *, confined: bool = True) -> Path:
        """`path` made absolute. Raises Invalid (file_outside) where it leads out of the root."""
        try:
            whole = Path(os.path.abspath(self.folder / Path(path).expanduser()))  # noqa: PTH100 — as above
            real = whole.resolve()
        except (OSError, ValueError, RuntimeError) as error:
            raise Invalid([problem("file_missing", path=str(path))]) from error
        if confined and not real.is_relative_to(self.root):
            raise Invalid([problem("file_outside", path=str(path), root=self.root.name)])
        return whole

    def exists(self, path: Path | str, *, confined: bool = True) -> bool:
        """Whether a file or folder is there."""
        return self._look(self.locate(path, confined=confined)) is not None

    def is_folder(self, path: Path | str, *, confined: bool = True) -> bool:
        """Whether a folder is there."""
        whole = self.locate(path, confined=confined)
        self._look(whole)
        return whole.is_dir()

    def glob(self, pattern: str, *, confined: bool = True) -> list[Path]:
        """The files that match, sorted; `*`, `?`, `[…]` in any part and `**` for any folders.

        Names with a leading dot match only where the pattern has one. Folders that were listed are seen.
        """
        whole = self.locate(pattern, confined=confined)
        if whole.is_file():  # its name may hold brackets
            self._look(whole)
            return [whole]
        found = sorted(expand_glob(whole, self._look))
        return [path for path in found if not confined or path.resolve().is_relative_to(self.root)]

    def lookalike(self, path: Path | str) -> Path | None:
        """A file or folder whose path differs from `path` by case only, or by how its letters are composed.

        (`é` is one character on most systems, and two in names that come from a Mac.)
        """
        whole = self.locate(path, confined=False)
        found = Path(whole.anchor)
        for part in whole.parts[1:]:
            if (found / part).exists():
                found /= part
                continue
            try:
                names = [entry.name for entry in found.iterdir() if nfc_casefold(entry.name) == nfc_casefold(part)]
            except OSError:
                return None
            if not names:
                return None
            found /= min(names, key=lambda name: (nfc(name) != nfc(part), name))
        return found

    def read_text(self, path: Path | str, *, limit_bytes: int = MAX_TEXT, confined: bool = True) -> str:
        """The text of a file, UTF-8, lines ended by a line feed alone, without a byte order mark.

        Raises Invalid with one problem without a place: file_outside, file_missing, file_not_regular,
        file_unreadable, file_not_text or file_too_big.
        """
        whole = self.locate(path, confined=confined)
        if whole not in self._texts:
            self._look(whole)
            try:
                self._texts[whole] = _decode_text(_read_bytes(whole, str(path), limit_bytes), str(path))
            except FileNotFoundError as error:
                raise Invalid([problem("file_missing", suggestions=self.near(path), path=str(path))]) from error
        return self._texts[whole]

    def near(self, path: Path | str, folder: Path | None = None) -> tuple[str, ...]:
        """Paths that may have been meant by one that is not there: its first wrong part as a file or folder has it.

        The path counts from `folder`, the recipe's by default. One that looks the same and is written with other
        characters is spelt out, as YAML has it in quotes.
        """
        parts, base = Path(path).parts, folder or self.folder
        at = next((at for at in range(len(parts)) if not os.path.lexists(base / Path(*parts[: at + 1]))), None)
        if at is None:
            return ()
        part = parts[at]
        try:
            names = sorted(other.name for other in islice((base / Path(*parts[:at])).iterdir(), MAX_COMPARED))
        except OSError:
            return ()
        alike = tuple(name for name in names if nfc_casefold(name) == nfc_casefold(part))
        meant = ("/".join([*parts[:at], name, *parts[at + 1 :]]) for name in alike or did_you_mean(part, names))
        return tuple(json.dumps(name) if nfc(name) == nfc(str(path)) else name for name in meant)

    def lines(self, file: str) -> list[str]:
        """The lines of a text that was read, to show one in an error; none where it was not."""
        whole = Path(os.path.abspath(self.folder / file))  # noqa: PTH100 — as above
        return self._texts.get(whole, self._texts.get(Path(file).absolute(), "")).split("\n")

    def _look(self, path: Path) -> FileStamp | None:
        """See `path`, and keep how it looked first: what was read then may differ by now."""
        return self._seen.setdefault(path, stamp_or_none(path))


def nfc(name: str) -> str:
    """The name in its composed form (Unicode NFC)."""
    return unicodedata.normalize("NFC", name)


def nfc_casefold(name: str) -> str:
    """The name in its composed form, without case."""
    return nfc(nfc(name).casefold())


def _read_bytes(path: Path, shown: str, limit: int) -> bytes:
    try:
        mode = path.stat()
        if not stat.S_ISREG(mode.st_mode):
            raise Invalid([problem("file_not_regular", path=shown)])
        if mode.st_size > limit:
            raise Invalid([problem("file_too_big", path=shown, size=mode.st_size, limit=limit)])
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Invalid([problem("file_unreadable", path=shown, why=error.strerror or "")]) from error
    if len(data) > limit:
        raise Invalid([problem("file_too_big", path=shown, size=len(data), limit=limit)])
    return data


def _decode_text(data: bytes, shown: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise Invalid([problem("file_not_text", path=shown, line=line, byte=data[error.start])]) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
