"""One line of a file with a caret under the stretch that is meant."""

from __future__ import annotations

from nano_banana.cli.cells import cells, visible

FAR = 2_000


def snippet(line: str, column: int, length: int, *, width: int) -> tuple[str, str]:
    """The line, cut to `width` columns around the stretch, and the carets under it.

    `column` counts characters from 1; a stretch beyond the line's end is one caret there.
    """
    start = min(max(column - 1, 0), len(line))
    end = max(min(start + max(length, 1), len(line)), start)
    # A line of ten megabytes is cut before it is measured.
    near, far = max(start - FAR, 0), start + FAR
    before, meant, after = (visible(part) for part in (line[near:start], line[start:end][:FAR], line[end:far]))
    room = max(width, 20)
    meant = _head(meant, room - 2)
    if cells(before + meant + after) > room:
        side = max((room - cells(meant)) // 2, 1)
        left = max(side, room - cells(meant) - cells(after))
        before = _tail(before, left)
        after = _head(after, room - cells(before) - cells(meant))
    return (before + meant + after).rstrip(), " " * cells(before) + "^" * max(cells(meant), 1)


def _head(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[: min(len(text) - 1, room - 1)]
    return text + "…"


def _tail(text: str, room: int) -> str:
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[max(1, len(text) - room + 1) :]
    return "…" + text
