"""Which data in a store belong to a person; reads, and changes nothing.

Follows files through calls, backwards and forwards (`Lineage`), from a person's photos, adapters and takes.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nano_banana.model.json_values import as_object
from nano_banana.model.ticket import Ticket, Upload
from nano_banana.store.blobs import NEW_FOLDER, Blobs
from nano_banana.store.database import Database, json_text
from nano_banana.store.tickets import all_tickets


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSubject:
    """A subject by name, the `triggers` that call nobody else in prompts, and their photos.

    `photos` are digests, `paths` absolute paths of photos and of what lies beside them (captions).
    """

    name: str
    triggers: frozenset[str] = frozenset()
    photos: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    def mentions(self, text: str) -> bool:
        """Whether the text has the name, a trigger or a path in it, as words of their own."""
        return bool(_word_pattern(frozenset({self.name, *self.triggers, *self.paths})).search(text))

    def mentions_trigger(self, text: str) -> bool:
        """Whether the text has a trigger in it."""
        return bool(self.triggers) and bool(_word_pattern(self.triggers).search(text))


@cache
def _word_pattern(words: frozenset[str]) -> re.Pattern[str]:
    """Any of the words between characters that are no letters or digits; also as JSON writes them."""
    forms = {form for word in words if word for form in (word, json.dumps(word)[1:-1])}
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureSeeds:
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
class SubjectTraces:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFiles:
    """A call: the digests that went in, and those that came out."""

    inputs: Sequence[str]
    outputs: Sequence[str] = ()


class Lineage:
    """Follows files through calls, backwards and forwards."""

    def __init__(self, calls: Mapping[str, CallFiles]) -> None:
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
            made = self._calls.get(key, CallFiles(inputs=()))
            if key in gone or not spared.isdisjoint(made.outputs):
                continue
            gone.add(key)
            for digest in made.outputs:
                if digest not in files and gone.issuperset(self._makers[digest]):
                    files.add(digest)
                    left.extend(self._users.get(digest, ()))
        return gone, files


_CALLS = """
    SELECT key, (SELECT json_group_array(value) FROM json_each(document, '$.inputs')),
           (SELECT json_group_array(digest) FROM reply_files AS f WHERE f.key = d.key)
    FROM documents AS d
"""
_ARGUMENTS = "SELECT key, json_extract(document, '$.arguments') FROM documents WHERE instr(document, ?)"
_UPLOADS = """
    SELECT service, digest, url, expires_at FROM uploads
    WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY service, digest
"""
_REFERENCED = "SELECT digest FROM reply_files UNION SELECT digest FROM adapters"
_SHORT_KEY = 32
"""Digits of a key in snapshots."""


def load_lineage(rows: sqlite3.Connection) -> Lineage:
    """All calls that were ever answered here."""
    return Lineage(
        {
            key: CallFiles(inputs=json.loads(inputs), outputs=json.loads(outputs))
            for key, inputs, outputs in rows.execute(_CALLS)
        }
    )


def adapters_of_others(rows: sqlite3.Connection, subject: DataSubject) -> frozenset[str]:
    """Adapters of other people: they stay, also where a photo shows both."""
    found = rows.execute("SELECT digest FROM adapters WHERE subject NOT IN ('', ?)", (subject.name,))
    return frozenset(digest for (digest,) in found)


def starting_points(
    rows: sqlite3.Connection, subject: DataSubject, hints: ErasureSeeds, found: Lineage
) -> tuple[set[str], set[str]]:
    """What to begin with: calls of their own, and files that their adapters and measures were made from."""
    whole = {key[:_SHORT_KEY]: key for (key,) in rows.execute("SELECT key FROM documents UNION SELECT key FROM trail")}
    own, others, roots = (
        {whole.get(key[:_SHORT_KEY], key) for key in keys} for keys in (hints.own, hints.others, hints.roots)
    )
    for position, key in rows.execute("SELECT position, key FROM trail").fetchall():
        stage, slot, _ = position.split("|")
        if slot.split("+")[0] == f"{stage}/{subject.name}":
            roots.add(key)
        elif subject.name in re.split(r"[/+@]", slot):
            own.add(key)
    for ticket in all_tickets(rows):
        if ticket.requester.subject == subject.name and ticket.key:
            own.add(ticket.key)
    adapters = {row[0] for row in rows.execute("SELECT digest FROM adapters WHERE subject = ?", (subject.name,))}
    return (own - others) | roots | _calls_with_trigger(rows, subject), found.before(roots, adapters)


def tickets_of(rows: sqlite3.Connection, subject: DataSubject, keys: set[str], digests: set[str]) -> list[Ticket]:
    """Their requests, also those that nothing came of."""
    return [ticket for ticket in all_tickets(rows) if _belongs_to(ticket, subject, keys, digests)]


def uploads_of(rows: sqlite3.Connection, digests: set[str]) -> tuple[Upload, ...]:
    """Their files that were sent to a service."""
    found = rows.execute(_UPLOADS, (json_text(sorted(digests)),)).fetchall()
    return tuple(
        Upload(service=service, digest=digest, url=url, expires_at=expires_at)
        for service, digest, url, expires_at in found
    )


def output_paths(
    rows: sqlite3.Connection, database: Database, digests: Collection[str], pictures: Collection[str]
) -> set[str]:
    """The paths at which their pictures were put into output folders; of `pictures` those that we put there."""
    found = rows.execute("SELECT path, digest, made_of FROM memo WHERE ours").fetchall()
    placed = ((database.absolute_path(name), made_of.partition(" ")[0] or digest) for name, digest, made_of in found)
    return {path for path, digest in placed if path in pictures or digest in digests}


def remembered_paths(
    rows: sqlite3.Connection,
    database: Database,
    subject: DataSubject,
    digests: Collection[str],
    outputs: Collection[str],
) -> list[str]:
    """The names of remembered paths that lead to them. One of our outputs stays remembered while it is there."""
    gone = []
    for name, digest, is_ours in rows.execute("SELECT path, digest, ours FROM memo").fetchall():
        path = database.absolute_path(name)
        is_theirs = digest in digests or subject.mentions(name) or str(Path(path).with_suffix("")) in subject.paths
        gone += [name] if path in outputs or (not is_ours and is_theirs) else []
    return gone


def unreferenced_blobs(rows: sqlite3.Connection, blobs: Blobs) -> tuple[dict[str, int], dict[str, int]]:
    """Files that no answer and no shelf names: those with a row, and those without; digest → size in bytes."""
    named = {digest for (digest,) in rows.execute(_REFERENCED)}
    sizes = dict(rows.execute("SELECT digest, size FROM blobs").fetchall())
    lonely = {digest: size for digest, size in sizes.items() if digest not in named}
    loose: dict[str, int] = {}
    root = Path(blobs.root)
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name != NEW_FOLDER and folder.is_dir():
            with os.scandir(folder) as entries:
                there = {folder.name + entry.name: entry.stat().st_size for entry in entries}
            loose |= {digest: size for digest, size in there.items() if digest not in named | sizes.keys()}
    return lonely, loose


def _calls_with_trigger(rows: sqlite3.Connection, subject: DataSubject) -> set[str]:
    return {
        key
        for trigger in subject.triggers
        for key, arguments in rows.execute(_ARGUMENTS, (json.dumps(trigger)[1:-1],)).fetchall()
        if subject.mentions_trigger(str(arguments))
    }


def _belongs_to(ticket: Ticket, subject: DataSubject, keys: set[str], digests: set[str]) -> bool:
    if ticket.requester.subject == subject.name or ticket.key in keys:
        return True
    if not ticket.document:
        return False
    told = as_object(json.loads(ticket.document))
    given = as_object(told["inputs"]).values()
    return not digests.isdisjoint(map(str, given)) or subject.mentions_trigger(json_text(told["arguments"]))
