"""Which data in a store belongs to a person. Only reads.

Follows files through calls, backwards and forwards (`Lineage`), from a person's photos, adapters and takes.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct

from nano_banana.model.json_values import as_object
from nano_banana.model.ticket import Ticket, Upload
from nano_banana.store.blobs import Blobs
from nano_banana.store.database import Database, json_text
from nano_banana.store.tickets import all_tickets


class DataSubject(Struct, frozen=True, kw_only=True):
    """A person: their name, the triggers that are theirs alone, and their photos.

    `photos` are digests; `paths` are absolute paths of photos and of the files beside them (captions).
    """

    name: str
    triggers: frozenset[str] = frozenset()
    photos: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()

    def mentions(self, text: str) -> bool:
        """Whether the text contains the name, a trigger or a path as whole words."""
        return bool(_word_pattern(frozenset({self.name, *self.triggers, *self.paths})).search(text))

    def mentions_trigger(self, text: str) -> bool:
        """Whether the text contains a trigger as a whole word."""
        return bool(self.triggers) and bool(_word_pattern(self.triggers).search(text))


@cache
def _word_pattern(words: frozenset[str]) -> re.Pattern[str]:
    """A pattern for any of the words, as whole words; also as JSON escapes them."""
    forms = {form for word in words if word for form in (word, json.dumps(word)[1:-1])}
    either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
    return re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])")


class ErasureSeeds(Struct, frozen=True, kw_only=True):
    """Calls that run reports link to the person; keys may be shortened (to 32 digits or more).

    `own` are calls of takes that show the person, `others` those of takes that don't; a call of both belongs to nobody.
    `roots` are calls that trained on the person or measured them, so all their inputs are the person's, too.
    `pictures` are absolute paths of pictures that show the person; we may delete those that we put there.
    """

    own: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    roots: frozenset[str] = frozenset()
    pictures: frozenset[str] = frozenset()


class SubjectTraces(Struct, frozen=True, kw_only=True):
    """What a store has (or had, before an erasure) of a person.

    `keys` and `digests` are all calls and files derived from the person's, also those that are gone by now. `answers`,
    `files` and `bytes` count what is still stored; `adapters` are references (`ana@3`), `outputs` paths of files in
    output folders. `memories` counts remembered paths, and `notes` notes, positions in trails and the like. `unnamed`
    (`unnamed_bytes`) counts files that nothing refers to, so that nobody can tell whose they are.
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
        """The requests that may still get a result."""
        return tuple(ticket for ticket in self.requests if ticket.open)

    @property
    def empty(self) -> bool:
        """Whether the store has nothing of the person."""
        counted = self.answers + self.files + self.memories + self.notes
        return not (counted or self.adapters or self.outputs or self.requests or self.uploads)


class CallFiles(Struct, frozen=True, kw_only=True):
    """The digests of a call's inputs and outputs."""

    inputs: Sequence[str]
    outputs: Sequence[str] = ()


class Lineage:
    """Follows files through calls, backwards and forwards."""

    def __init__(self, calls: Mapping[str, CallFiles]) -> None:
        """Index `calls`, which are by key."""
        self._calls = calls
        self._makers: dict[str, list[str]] = {}
        self._users: dict[str, list[str]] = {}
        for key, made in calls.items():
            for digest in made.outputs:
                self._makers.setdefault(digest, []).append(key)
            for digest in made.inputs:
                self._users.setdefault(digest, []).append(key)

    def before(self, keys: Iterable[str], digests: Iterable[str]) -> set[str]:
        """These files, all inputs of these calls and of the calls that produced these files, and so on backwards."""
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
        """These calls and files and everything derived from them: (keys, digests).

        A file that another call produced as well doesn't show where it came from (an empty mask, an empty list of
        faces): it is included only if all calls that produced it are. A call that produced a `spared` file is not
        included, and neither is that file.
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
_SHORT_KEY = 32
"""The number of digits of a key in snapshots."""


def load_lineage(rows: sqlite3.Connection) -> Lineage:
    """The lineage of all calls that were ever answered here."""
    return Lineage(
        {
            key: CallFiles(inputs=json.loads(inputs), outputs=json.loads(outputs))
            for key, inputs, outputs in rows.execute(_CALLS)
        }
    )


def adapters_of_others(rows: sqlite3.Connection, subject: DataSubject) -> frozenset[str]:
    """The adapters of other people. They stay, even if a photo shows both."""
    found = rows.execute("SELECT digest FROM adapters WHERE subject NOT IN ('', ?)", (subject.name,))
    return frozenset(digest for (digest,) in found)


def starting_points(
    rows: sqlite3.Connection, subject: DataSubject, seeds: ErasureSeeds, found: Lineage
) -> tuple[set[str], set[str]]:
    """Where to start: the person's own calls, and the files that their adapters and measurements were made from."""
    whole = {key[:_SHORT_KEY]: key for (key,) in rows.execute("SELECT key FROM documents UNION SELECT key FROM trail")}
    own, others, roots = (
        {whole.get(key[:_SHORT_KEY], key) for key in keys} for keys in (seeds.own, seeds.others, seeds.roots)
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
    """The person's requests, also those without a result."""
    return [ticket for ticket in all_tickets(rows) if _belongs_to(ticket, subject, keys, digests)]


def output_paths(
    rows: sqlite3.Connection, database: Database, digests: Collection[str], pictures: Collection[str]
) -> set[str]:
    """The outputs that hold one of these files; of `pictures`, those that we put there."""
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
    """The remembered paths (as stored) of the person's files. Outputs of ours stay remembered while they exist."""
    gone = []
    for name, digest, is_ours in rows.execute("SELECT path, digest, ours FROM memo").fetchall():
        path = database.absolute_path(name)
        is_theirs = digest in digests or subject.mentions(name) or str(Path(path).with_suffix("")) in subject.paths
        gone += [name] if path in outputs or (not is_ours and is_theirs) else []
    return gone


def unreferenced_blobs(rows: sqlite3.Connection, blobs: Blobs) -> tuple[dict[str, int], dict[str, int]]:
    """Files that no reply or adapter refers to, with and without a row: each digest → size in bytes."""
    referenced = {digest for (digest,) in rows.execute("SELECT digest FROM referenced")}
    sizes = dict(rows.execute("SELECT digest, size FROM blobs").fetchall())
    listed = {digest: size for digest, size in sizes.items() if digest not in referenced}
    unlisted = {digest: file.st_size for digest, file in blobs.files() if digest not in referenced | sizes.keys()}
    return listed, unlisted


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
    document = as_object(json.loads(ticket.document))
    given = as_object(document["inputs"]).values()
    return not digests.isdisjoint(map(str, given)) or subject.mentions_trigger(json_text(document["arguments"]))
