"""The shelf's nouns and verbs, for those who stand outside the door."""

from nano_banana.shelf.bring import Brought
from nano_banana.shelf.bring import Wanted
from nano_banana.shelf.bring import bring
from nano_banana.shelf.card import Shelved
from nano_banana.shelf.card import card_json
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
