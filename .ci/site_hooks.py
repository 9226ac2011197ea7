"""What the web site needs beyond Markdown that GitHub shows; used by mkdocs.yml."""

from __future__ import annotations

import re

MARKED = re.compile(r"^(\s*```\w+) (?:fragment|picks|endpoint)$", re.MULTILINE)
"""The first line of a code block with a word for the tests, which MkDocs takes for text."""


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return a page with the tests' words taken out of its code blocks."""
    return MARKED.sub(r"\1", markdown)
