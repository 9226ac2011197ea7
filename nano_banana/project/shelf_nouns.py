"""The shelf's nouns and verbs, for those who stand outside the door."""

from nano_banana.shelf.bring import Brought, Wanted, bring
from nano_banana.shelf.card import Shelved, card_json
from nano_banana.shelf.export import export
from nano_banana.shelf.shelf import Shelf

__all__ = [
    "Brought",
    "Shelf",
    "Shelved",
    "Wanted",
    "bring",
    "card_json",
    "export",
]
