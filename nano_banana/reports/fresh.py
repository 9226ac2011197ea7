"""What a finished run leaves, so that the next sees no change.

Imports nothing that takes time: this is the way of a run that has nothing to do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nano_banana.core.json import JSONObject

Look = tuple[int, int, int, int] | None
"""Size, mtime_ns, ctime_ns and inode of a file or folder; None where there is none."""


def look(path: str) -> Look:
    """One stat. What can't be looked at is as good as missing."""
    try:
        found = os.stat(path)  # noqa: PTH116 - ten thousand of them must take no time
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A finished run: what it read, what it wrote, and what it said of itself.

    `read` and `written` map paths to looks (written ones below the output folder), `environment` the
    variables that the recipe read to digests of their values.
    """

    read: Mapping[str, Look]
    environment: Mapping[str, str]
    folder: str
    written: Mapping[str, Look]
    summary: JSONObject

    def holds(self, environment: Mapping[str, str]) -> bool:
        """Whether everything is still as the run left it."""
        return (
            dict(self.environment) == dict(environment)
            and _same("", self.read)
            and _same(f"{self.folder}/", self.written)
        )

    def dump(self, summary: Iterable[str] | None = None) -> Iterator[str]:
        """As text in pieces, for a note. `summary`, JSON in pieces, takes the place of its own: it may be large."""
        yield "{"
        for name in ("folder", "environment", "read", "written"):
            yield f'"{name}":{json.dumps(getattr(self, name), separators=(",", ":"))},'
        yield '"summary":'
        yield from [json.dumps(dict(self.summary))] if summary is None else summary
        yield "}"


def _same(prefix: str, looks: Mapping[str, Look]) -> bool:
    return all(look(prefix + path) == (None if seen is None else tuple(seen)) for path, seen in looks.items())


def load(text: str | None) -> Trace | None:
    """Read a note; None where there is none or it is of another make."""
    try:
        data = json.loads(text or "")
        return Trace(**data)
    except (ValueError, TypeError):
        return None
