"""What can be found of people, and whose; imports nothing heavy."""

from __future__ import annotations

OUTLINED = ("face", "eyes", "mouth")
"""Drawn along the face's landmarks."""

COLOURED = ("hair", "skin", "clothes")
"""Told apart by their colours."""

AT_LARGE = ("person", "background")
"""Of the whole picture: whose they are is not asked."""

PARTS = (*OUTLINED, *COLOURED, *AT_LARGE)

WHICH = ("largest", "smallest", "all")
"""Whose part is meant, unless by number."""

ORDERS = ("size", "left_to_right", "right_to_left", "top_to_bottom")
"""How faces are counted; `size` is largest first."""
