"""Which strings of a recipe are templates, rendered for each take."""

from __future__ import annotations

TEMPLATE_TEXTS = (
    "templates.**",
    "**.prompt",
    "**.with.**",
    "**.captions.**",
    "outputs.*.name",
)
"""Left alone when the recipe is loaded. `*` is one step of a path, `**` any number."""

_HOLDERS = {"prompt", "with", "caption", "captions"}


def is_template_text(path: tuple[str | int, ...]) -> bool:
    """Whether a string at `path` is rendered for each take, and not when the recipe is loaded."""
    if path[:1] == ("templates",):
        return True
    if path[:1] == ("outputs",) and len(path) == 3 and path[2] == "name":
        return True
    return path[:1] != ("vars",) and not _HOLDERS.isdisjoint(path)
