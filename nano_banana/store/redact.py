"""Rows that stay, with everything personal taken out of them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable

from nano_banana.core.somebody import Somebody
from nano_banana.core.ticket import Ticket
from nano_banana.store.encoding import encoded

_BLANK = """
    UPDATE tickets SET key = '', document = '', body = '', stage = '', node = '', subject = '', request_id = '',
    urls = '{}' WHERE number = ?
"""
"""When, where, what it cost and how it ended stay: the sums are the user's books. Open ones are only looked at."""

_MERGE = """
    INSERT INTO savings SELECT run, recipe, '', endpoint, calls, usd, noted_at FROM savings WHERE subject = ?
    ON CONFLICT (run, recipe, subject, endpoint) DO UPDATE SET calls = calls + excluded.calls, usd = usd + excluded.usd
"""
_NAMELESS = (
    "UPDATE runs SET recipe = '' WHERE recipe = ?",
    "UPDATE tickets SET recipe = '' WHERE recipe = ?",
    """
    INSERT INTO savings SELECT run, '', subject, endpoint, calls, usd, noted_at FROM savings WHERE recipe = ?
    ON CONFLICT (run, recipe, subject, endpoint) DO UPDATE SET calls = calls + excluded.calls, usd = usd + excluded.usd
    """,
    "DELETE FROM savings WHERE recipe = ?",
    "DELETE FROM trail WHERE recipe = ?",
    "DELETE FROM snapshots WHERE recipe = ?",
)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def redact(
    rows: sqlite3.Connection, who: Somebody, keys: set[str], digests: set[str], requests: Iterable[Ticket]
) -> int:
    """Blank or drop what tells of them in tickets, savings, runs, trails and notes; return how many notes went."""
    rows.executemany(_BLANK, [(ticket.number,) for ticket in requests if not ticket.open])
    rows.execute(_MERGE, (who.name,))
    rows.execute("DELETE FROM savings WHERE subject = ?", (who.name,))
    gone = _trail(rows, who, keys) + _notes(rows, who, keys | digests)
    for number, arguments, summary in rows.execute("SELECT number, arguments, summary FROM runs").fetchall():
        if who.named(arguments) or who.named(summary or ""):
            rows.execute("UPDATE runs SET arguments = '{}', summary = '{}' WHERE number = ?", (number,))
    _recipes(rows, who)
    return gone


def _trail(rows: sqlite3.Connection, who: Somebody, keys: set[str]) -> int:
    found = rows.execute("SELECT recipe, position, key FROM trail").fetchall()
    gone = [(recipe, position) for recipe, position, key in found if key in keys or who.named(position)]
    rows.executemany("DELETE FROM trail WHERE recipe = ? AND position = ?", gone)
    return len(gone)


def _notes(rows: sqlite3.Connection, who: Somebody, names: set[str]) -> int:
    """Notes are one text each: those that map names to something lose theirs, the others go whole."""
    gone = 0
    found = rows.execute("SELECT name FROM notes").fetchall()
    for (name,) in found:
        (text,) = rows.execute("SELECT CAST(text AS TEXT) FROM notes WHERE name = ?", (name,)).fetchone()
        if not (who.named(name) or who.named(text) or not names.isdisjoint(_DIGEST.findall(text))):
            continue
        gone += 1
        kept = _without(text, who, names) if name.startswith(("before/", "handout/")) else {}
        if kept and not who.named(name):
            rows.execute("UPDATE notes SET text = ? WHERE name = ?", (encoded(kept), name))
        else:
            rows.execute("DELETE FROM notes WHERE name = ?", (name,))
    return gone


def _without(text: str, who: Somebody, names: set[str]) -> dict[str, str]:
    try:
        told = json.loads(text).items()
    except (ValueError, AttributeError):
        return {}
    return {name: value for name, value in told if not who.named(name) and str(value) not in names}


def _recipes(rows: sqlite3.Connection, who: Somebody) -> None:
    """A recipe that is named for them has no name in the books any more."""
    named = rows.execute("SELECT recipe FROM runs UNION SELECT recipe FROM tickets UNION SELECT recipe FROM savings")
    for recipe in [recipe for (recipe,) in named.fetchall() if who.named(recipe)]:
        for statement in _NAMELESS:
            rows.execute(statement, (recipe,))
