"""What was made from what, over all calls; knows digests and keys alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A call: the digests that went in, and those that came out."""

    inputs: Sequence[str]
    outputs: Sequence[str] = ()


class Lineage:
    """Follows files through calls, backwards and forwards."""

    def __init__(self, calls: Mapping[str, Made]) -> None:
        """`calls` by key."""
        self._calls = calls
        self._makers: dict[str, list[str]] = {}
        self._users: dict[str, list[str]] = {}
        for key, made in calls.items():
            for digest in made.outputs:
                self._makers.setdefault(digest, []).append(key)
            for digest in made.inputs:
                self._users.setdefault(digest, []).append(key)

    def before(self, keys: Iterable[str], digests: Iterable[str]) -> set[str]:
        """All files that these calls, and those that made these files, were given: themselves, and what is behind."""
        found: set[str] = set(digests)
        left = [*keys, *(key for digest in found for key in self._makers.get(digest, ()))]
        seen = set(left)
        while left:
            made = self._calls.get(left.pop())
            for digest in made.inputs if made else ():
                found.add(digest)
                fresh = [key for key in self._makers.get(digest, ()) if key not in seen]
                seen.update(fresh)
                left.extend(fresh)
        return found

    def after(
        self, keys: Iterable[str], digests: Iterable[str], *, spared: frozenset[str]
    ) -> tuple[set[str], set[str]]:
        """The calls and files that come of these: (keys, digests), themselves among them.

        A file that another call made just so says nothing of where it came from (a mask of nothing, an empty list of
        faces): it is among them only where all its makers are. A call that made a `spared` file is not, and so neither
        is that file.
        """
        gone, files = set(), set(digests) - spared
        left = [*keys, *(key for digest in files for key in self._users.get(digest, ()))]
        while left:
            key = left.pop()
            made = self._calls.get(key, Made(inputs=()))
            if key in gone or not spared.isdisjoint(made.outputs):
                continue
            gone.add(key)
            for digest in made.outputs:
                if digest not in files and gone.issuperset(self._makers[digest]):
                    files.add(digest)
                    left.extend(self._users.get(digest, ()))
        return gone, files
