"""The file that `--save-recipe` writes; nothing is written over."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from nano_banana.core.errors import Invalid
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble


def keep_recipe(file: Path, text: str) -> None:
    """Write it, whole or not at all; the very text may be there already.

    Raises Invalid (`recipe_there`) where something else is, Unusable (`unwritable`).
    """
    part = file.with_name(f".{file.name}.part")
    try:
        data = text.encode()
        if os.path.lexists(file):
            if not file.is_file() or file.read_bytes() != data:
                raise Invalid([trouble("recipe_there", file=str(file))])
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(file)
    except (OSError, UnicodeEncodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "a path in it is no text"
        raise Unusable([trouble("unwritable", file=str(file), why=why or str(error))]) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
