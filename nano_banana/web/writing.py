"""Files of sheets, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble


def write_pieces(file: Path, pieces: Iterable[bytes]) -> None:
    """Write `file` at once, piece by piece; an older one stays where that fails. Raises Unusable."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as out:
            out.writelines(pieces)
        part.replace(file)
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(file), why=error.strerror or str(error))]) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
