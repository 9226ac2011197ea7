"""Lines of the user's files, for errors to show."""

from __future__ import annotations

import re
from pathlib import Path

MOST_BYTES = 4_000_000
# The breaks that YAML counts, and no others: a form feed is no new line.
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def lines_of(file: str) -> list[str]:
    """The lines of `file`; none where it can't be read or is no text that a person wrote."""
    path = Path(file)
    try:
        if path.stat().st_size > MOST_BYTES:
            return []
        return BREAK.split(path.read_bytes().decode("utf-8", errors="replace"))
    except (OSError, ValueError):
        return []
