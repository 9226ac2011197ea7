"""A Jinja lexer whose tokens carry character offsets, not lines.

Jinja hands a token's `lineno` on to syntax errors, to every node of the tree and to the table from
generated code back to the template. With an offset in its place each of these knows its character.
Offsets count from 1 here, since 0 reads as "no line" in generated code; `offset_of` gives them back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jinja2 import TemplateSyntaxError
from jinja2.lexer import Lexer, Token


def offset_of(lineno: int | None) -> int:
    """The character offset, from 0, that stands in a Jinja `lineno`."""
    return max((lineno or 1) - 1, 0)


class OffsetLexer(Lexer):
    """Jinja's own lexer; only the positions differ."""

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        """Yield (offset + 1, token, text). What `-` strips is yielded by nobody: skip to the next text."""
        position = 0
        try:
            for _, token, text in super().tokeniter(source, name, filename, state):
                position = max(source.find(text, position), position)
                yield position + 1, token, text
                position += len(text)
        except TemplateSyntaxError as error:
            error.lineno = position + 1
            raise

    def wrap(
        self, stream: Iterable[tuple[int, str, str]], name: str | None = None, filename: str | None = None
    ) -> Iterator[Token]:
        """Give tokens their values; a number too long for Python is an error of syntax."""
        last = 1

        def watched() -> Iterator[tuple[int, str, str]]:
            nonlocal last
            for triple in stream:
                last = triple[0]
                yield triple

        try:
            yield from super().wrap(watched(), name, filename)
        except ValueError as error:
            raise TemplateSyntaxError("this number is too long", last, name, filename) from error
