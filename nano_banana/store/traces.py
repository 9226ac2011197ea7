"""What the store knows of somebody: what leads to it, and what was found."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.ticket import Ticket
from nano_banana.core.upload import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Calls that reports know to be somebody's; keys may be cut short (32 digits or more).

    `own` are calls of takes that show them, `others` those of takes that don't: a call of both is nobody's. `roots`
    are calls that trained on them or measured them, so that whatever went in is theirs, too. `pictures` are absolute
    paths of pictures that show them: ours to delete where we put them there.
    """

    own: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()
    pictures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What there is (or was, before it went) of somebody in one store.

    `keys` and `digests` are all calls and files that come of them, also those that are gone by now. `answers`,
    `files` and `bytes` count what is kept of them, `adapters` are references on the shelf (`ana@3`). `outputs` are
    paths of files that were put into output folders. `memories` counts paths whose digests were remembered, `notes`
    traces, trails and the like, `unnamed` files that nothing names (nobody can tell whose they are), and
    `unnamed_bytes` their size. `open` are requests that may still bring something, and are among `requests`.
    """

    keys: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    answers: int = 0
    files: int = 0
    bytes: int = 0
    unnamed: int = 0
    unnamed_bytes: int = 0
    adapters: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    memories: int = 0
    notes: int = 0
    requests: tuple[Ticket, ...] = ()
    uploads: tuple[Upload, ...] = ()

    @property
    def open(self) -> tuple[Ticket, ...]:
        """The requests that may still bring something."""
        return tuple(ticket for ticket in self.requests if ticket.open)

    @property
    def empty(self) -> bool:
        """Whether nothing of them is kept."""
        counted = self.answers + self.files + self.memories + self.notes
        return not (counted or self.adapters or self.outputs or self.requests or self.uploads)
