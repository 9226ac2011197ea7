"""Which strings of a recipe are templates, rendered for each take."""

from __future__ import annotations

_HOLDERS = {"prompt", "with", "caption", "captions"}


def is_template_text(path: tuple[str | int, ...]) -> bool:
    """Whether a string at `path` is rendered for each take, and so left alone when the recipe is loaded."""
    match path:
        case ("templates", *_) | ("outputs", _, "name") | ("shots", _, "template"):
            return True
        case ("vars", *_):
            return False
        case _:
            return not _HOLDERS.isdisjoint(path)
