"""Which rows of a store come of somebody; reads, and changes nothing."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Collection
from pathlib import Path

from nano_banana.core.json import as_object
from nano_banana.core.somebody import Somebody
from nano_banana.core.ticket import Ticket
from nano_banana.core.upload import Upload
from nano_banana.store.blobs import FRESH, Blobs
from nano_banana.store.database import Database
from nano_banana.store.encoding import encoded
from nano_banana.store.lineage import Lineage, Made
from nano_banana.store.tickets import every
from nano_banana.store.traces import Hints

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
_NAMED = "SELECT digest FROM reply_files UNION SELECT digest FROM adapters"
_SHORT = 32
"""Digits of a key in snapshots."""


def lineage(rows: sqlite3.Connection) -> Lineage:
    """All calls that were ever answered here."""
    return Lineage(
        {
            key: Made(inputs=json.loads(inputs), outputs=json.loads(outputs))
            for key, inputs, outputs in rows.execute(_CALLS)
        }
    )


def spared(rows: sqlite3.Connection, who: Somebody) -> frozenset[str]:
    """Adapters of other people: they stay, also where a photo shows both."""
    found = rows.execute("SELECT digest FROM adapters WHERE subject NOT IN ('', ?)", (who.name,))
    return frozenset(digest for (digest,) in found)


def seeds(rows: sqlite3.Connection, who: Somebody, hints: Hints, found: Lineage) -> tuple[set[str], set[str]]:
    """What to begin with: calls of their own, and files that their adapters and measures were made from."""
    whole = {key[:_SHORT]: key for (key,) in rows.execute("SELECT key FROM documents UNION SELECT key FROM trail")}
    own, others, roots = (
        {whole.get(key[:_SHORT], key) for key in keys} for keys in (hints.own, hints.others, hints.roots)
    )
    for position, key in rows.execute("SELECT position, key FROM trail").fetchall():
        stage, slot, _ = position.split("|")
        if slot.split("+")[0] == f"{stage}/{who.name}":
            roots.add(key)
        elif who.name in re.split(r"[/+@]", slot):
            own.add(key)
    for ticket in every(rows):
        if ticket.errand.subject == who.name and ticket.key:
            own.add(ticket.key)
    adapters = {row[0] for row in rows.execute("SELECT digest FROM adapters WHERE subject = ?", (who.name,))}
    return (own - others) | roots | _called(rows, who), found.before(roots, adapters)


def tickets_of(rows: sqlite3.Connection, who: Somebody, keys: set[str], digests: set[str]) -> list[Ticket]:
    """Their requests, also those that nothing came of."""
    return [ticket for ticket in every(rows) if _is_theirs(ticket, who, keys, digests)]


def uploads_of(rows: sqlite3.Connection, digests: set[str]) -> tuple[Upload, ...]:
    """Their files that were sent to a service."""
    found = rows.execute(_UPLOADS, (encoded(sorted(digests)),)).fetchall()
    return tuple(
        Upload(service=service, digest=digest, url=url, expires_at=expires_at)
        for service, digest, url, expires_at in found
    )


def ours(rows: sqlite3.Connection, database: Database, digests: Collection[str], pictures: Collection[str]) -> set[str]:
    """The paths at which their pictures were put into output folders; of `pictures` those that we put there."""
    found = rows.execute("SELECT path, digest, made_of FROM memo WHERE ours").fetchall()
    placed = ((database.path_of(name), made_of.partition(" ")[0] or digest) for name, digest, made_of in found)
    return {path for path, digest in placed if path in pictures or digest in digests}


def memories(
    rows: sqlite3.Connection, database: Database, who: Somebody, digests: Collection[str], outputs: Collection[str]
) -> list[str]:
    """The names of remembered paths that lead to them. One of our outputs stays remembered while it is there."""
    gone = []
    for name, digest, is_ours in rows.execute("SELECT path, digest, ours FROM memo").fetchall():
        path = database.path_of(name)
        is_theirs = digest in digests or who.named(name) or str(Path(path).with_suffix("")) in who.paths
        gone += [name] if path in outputs or (not is_ours and is_theirs) else []
    return gone


def unnamed(rows: sqlite3.Connection, blobs: Blobs) -> tuple[dict[str, int], dict[str, int]]:
    """Files that no answer and no shelf names: those with a row, and those without; digest → size in bytes."""
    named = {digest for (digest,) in rows.execute(_NAMED)}
    sizes = dict(rows.execute("SELECT digest, size FROM blobs").fetchall())
    lonely = {digest: size for digest, size in sizes.items() if digest not in named}
    loose: dict[str, int] = {}
    root = Path(blobs.root)
    for folder in root.iterdir() if root.is_dir() else ():
        if folder.name != FRESH and folder.is_dir():
            with os.scandir(folder) as entries:
                there = {folder.name + entry.name: entry.stat().st_size for entry in entries}
            loose |= {digest: size for digest, size in there.items() if digest not in named | sizes.keys()}
    return lonely, loose


def _called(rows: sqlite3.Connection, who: Somebody) -> set[str]:
    return {
        key
        for trigger in who.triggers
        for key, arguments in rows.execute(_ARGUMENTS, (json.dumps(trigger)[1:-1],)).fetchall()
        if who.called(str(arguments))
    }


def _is_theirs(ticket: Ticket, who: Somebody, keys: set[str], digests: set[str]) -> bool:
    if ticket.errand.subject == who.name or ticket.key in keys:
        return True
    if not ticket.document:
        return False
    told = as_object(json.loads(ticket.document))
    given = as_object(told["inputs"]).values()
    return not digests.isdisjoint(map(str, given)) or who.called(encoded(told["arguments"]))
