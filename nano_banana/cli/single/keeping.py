"""The file that `--save-recipe` writes; nothing is written over."""

from __future__ import annotations

import os
from pathlib import Path

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.replacing import replacing


def keep_recipe(file: Path, text: str) -> None:
    """Write it, whole or not at all; the very text may be there already.

    Raises Invalid (`recipe_there`) where something else is, Unusable (`unwritable`).
    """
    try:
        data = text.encode()
        if os.path.lexists(file):
            if not file.is_file() or file.read_bytes() != data:
                raise Invalid([trouble("recipe_there", file=str(file))])
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as fresh:
            fresh.write_bytes(data)
    except (OSError, UnicodeEncodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "a path in it is no text"
        raise Unusable([trouble("unwritable", file=str(file), why=why or str(error))]) from error
