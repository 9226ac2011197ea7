"""Files of sheets, written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble
from nano_banana.core.replacing import replacing


def write_pieces(file: Path, pieces: Iterable[bytes]) -> None:
    """Write `file` at once, piece by piece; an older one stays where that fails. Raises Unusable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as fresh, fresh.open("wb") as out:
            out.writelines(pieces)
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(file), why=error.strerror or str(error))]) from error
