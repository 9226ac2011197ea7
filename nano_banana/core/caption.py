"""The caption that a trainer gets: a prefix, then what is said of it."""

from __future__ import annotations


def captioned(prefix: str, text: str) -> str:
    """`text` after `prefix`: by a comma where the prefix ends in a word, and once where `text` begins with it.

    >>> captioned("photo of anqz7 woman", "smiling at a desk")
    'photo of anqz7 woman, smiling at a desk'
    """
    prefix, text = prefix.strip(), text.strip()
    if not prefix or not text:
        return prefix or text
    if text.casefold().startswith(prefix.casefold()) and not text[len(prefix) : len(prefix) + 1].isalnum():
        return text
    return f"{prefix}{' ' if prefix[-1] in _ENDS else ', '}{text}"


_ENDS = ",.:;!?–—"
