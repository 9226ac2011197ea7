"""Where files that ship beside the code lie, in a wheel or a checkout."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def share(*parts: str, package: Path = PACKAGE) -> Path:
    """The path of a shipped file or folder, such as `share("schemas", "run.schema.json")`.

    A wheel carries them under `nano_banana/share`; a checkout has them beside the package. The file may
    not be there.
    """
    shipped = package / "share"
    return (shipped if shipped.is_dir() else package.parent).joinpath(*parts)
