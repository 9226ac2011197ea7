"""A pack that is begun: its files, filled in and written."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.modes import as_user

STARTER = Path(__file__).parent / "pack_starter"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def begin_pack(name: str, packs: Path) -> list[Path]:
    """Write a pack into the folder of packs, and return its files.

    Raises Invalid (`not_a_name`, `pack_there_already`) and Unusable (`unwritable`).
    """
    if not NAME.fullmatch(name):
        raise Invalid([trouble("not_a_name", name=name)])
    folder = packs / name
    if folder.exists():
        raise Invalid([trouble("pack_there_already", folder=str(folder))])
    text = Template((STARTER / "pack.yaml.txt").read_text("utf-8"))
    title = name.replace("-", " ").replace("_", " ").capitalize()
    files = {
        folder / "pack.yaml": text.substitute(name=_quoted(name), title=_quoted(title)),
        folder / "portrait.j2": (STARTER / "prompt.j2.txt").read_text("utf-8"),
    }
    try:
        with as_user():
            folder.mkdir(parents=True)
            for path, written in files.items():
                path.write_text(written, "utf-8")
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(folder), why=error.strerror or "")]) from error
    return list(files)


def _quoted(text: str) -> str:
    """The text as YAML reads it as one: `no` and `on` are none bare."""
    return f'"{text}"' if text.casefold() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"} else text
