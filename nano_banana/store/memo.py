"""Digests of files that are not ours to keep, recognised by stat."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.errors import Unusable, trouble
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded
from nano_banana.store.stamp import Hashed, Stamp, hash_files, stamp_of

GRAIN = 0.05
"""Seconds. Kernels stamp files by a clock that ticks every 1–10 ms: a file that changed just now may change
again without a new stamp, so its stamp says nothing yet."""

_SECOND = 1_000_000_000
_SELECT = """
    SELECT size, mtime_ns, ctime_ns, inode, m.path, digest, made_of
    FROM json_each(?) AS asked CROSS JOIN memo AS m ON m.path = asked.value
"""
_REMEMBER = """
    INSERT INTO memo (path, digest, size, mtime_ns, ctime_ns, inode, ours, made_of) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (path) DO UPDATE SET
    made_of = CASE WHEN excluded.ours OR digest <> excluded.digest THEN excluded.made_of ELSE made_of END,
    digest = excluded.digest, size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,
    inode = excluded.inode, ours = max(ours, excluded.ours)
"""
_NOTHING: tuple[Stamp | None, str, str] = (None, "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is known of some files: their digests and stamps; where there is none, why; what we made them of."""

    digests: Mapping[Path, tuple[str, Stamp]]
    errors: Mapping[Path, OSError]
    made_of: Mapping[Path, str]


class Memo:
    """Path → digest, trusted while size, mtime, ctime and inode stay. Links are followed.

    A file that was only touched is read again and found the same; one that was edited is always seen.
    """

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    def digests(self, paths: Mapping[Path, str]) -> dict[Path, Blob]:
        """Name the content of these files (path → media type). Raises Unusable (`input_unreadable`) for all at once."""
        seen = self._look(paths)
        if seen.errors:
            raise Unusable(
                trouble("input_unreadable", path=str(path), reason=error.strerror or str(error))
                for path, error in seen.errors.items()
            )
        found = {path: (media, *seen.digests[path]) for path, media in paths.items()}
        return {path: Blob(digest=digest, size=stamp[0], media=media) for path, (media, digest, stamp) in found.items()}

    def present(self, targets: Mapping[Path, str]) -> set[Path]:
        """Those files that are there as we made them of what is named (see `adopt`), or with that for their digest."""
        seen = self._look(targets)
        return {
            path
            for path, name in targets.items()
            if path in seen.digests and name in (seen.digests[path][0], seen.made_of.get(path))
        }

    def adopt(self, path: Path, digest: str, stamp: Stamp, *, made_of: str = "") -> None:
        """Remember a file that we ourselves wrote: it may be replaced later. Our own hand is trusted at once.

        `made_of` names what it was made of, where that is more than a copy.
        """
        with self._database.writing() as rows:
            rows.execute(_REMEMBER, (self._name(_whole(path)), digest, *stamp, 1, made_of))

    def is_ours(self, path: Path) -> bool:
        """Whether we once put a file at this path."""
        name = self._name(_whole(path))
        with self._database.reading() as rows:
            return rows.execute("SELECT 1 FROM memo WHERE path = ? AND ours", (name,)).fetchone() is not None

    def disturbed(self, paths: Iterable[Path]) -> set[Path]:
        """Those paths where we once put a file that is gone or was touched since, by a look at its stamp alone."""
        places = {path: _whole(path) for path in paths}
        known = self._known(set(places.values()))
        return {path for path, place in places.items() if place in known and _stamp(place) != known[place][0]}

    def _look(self, paths: Iterable[Path]) -> _Seen:
        digests: dict[Path, tuple[str, Stamp]] = {}
        errors: dict[Path, OSError] = {}
        unknown: dict[str, list[Path]] = {}
        places = {path: _whole(path) for path in paths}
        known = self._known(set(places.values()))
        for path, place in places.items():
            try:
                now = stamp_of(place)
            except OSError as error:
                errors[path] = error
                continue
            stamp, digest, _ = known.get(place, _NOTHING)
            if stamp == now:
                digests[path] = (digest, now)
            else:
                unknown.setdefault(place, []).append(path)
        begun = self._clock()
        found = list(hash_files(list(unknown)))
        for hashed in found:
            for path in unknown[hashed.path]:
                if hashed.error is None:
                    digests[path] = (hashed.digest, hashed.stamp)
                else:
                    errors[path] = hashed.error
        self._remember(found, begun)
        made_of = {
            path: made
            for path, (digest, _) in digests.items()
            for _, before, made in [known.get(places[path], _NOTHING)]
            if made and before == digest
        }
        return _Seen(digests=digests, errors=errors, made_of=made_of)

    def _known(self, places: Iterable[str]) -> dict[str, tuple[Stamp | None, str, str]]:
        names = {self._name(place): place for place in places}
        with self._database.reading() as rows:
            found = rows.execute(_SELECT, (encoded(list(names)),)).fetchall()
        return {names[row[4]]: (row[:4], row[5], row[6]) for row in found}

    def _remember(self, found: Iterable[Hashed], begun: float) -> None:
        """Keep what was read from `begun` on; reading takes time, so that its end says nothing."""
        sure = [each for each in found if each.steady and _settled(each.stamp, begun)]
        if sure and not self._database.read_only:
            with self._database.writing() as rows:
                rows.executemany(_REMEMBER, [(self._name(each.path), each.digest, *each.stamp, 0, "") for each in sure])

    def _name(self, place: str) -> str:
        """The path as text that a database can hold, also if its bytes are not UTF-8."""
        return os.fsencode(self._database.name_of(place)).decode("utf-8", "backslashreplace")


def _stamp(place: str) -> Stamp | None:
    """How the file looks now; None if it is not there."""
    with suppress(OSError):
        return stamp_of(place)
    return None


def _whole(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100  # Path.resolve asks the disk about every folder on the way


def _settled(stamp: Stamp, now: float) -> bool:
    """Whether the file last changed long enough ago that another change would get another stamp."""
    _, mtime_ns, ctime_ns, _ = stamp
    coarse = mtime_ns % _SECOND == 0 and ctime_ns % _SECOND == 0
    return now - ctime_ns / _SECOND > (2.0 if coarse else GRAIN)
