"""The shelf's nouns and verbs, for those who stand outside the door."""

from nano_banana.shelf.bring import Brought
from nano_banana.shelf.bring import Wanted
from nano_banana.shelf.bring import bring
from nano_banana.shelf.card import Card
from nano_banana.shelf.card import Origin
from nano_banana.shelf.card import Shelved
from nano_banana.shelf.card import card_json
from nano_banana.shelf.export import Exported
from nano_banana.shelf.export import export
from nano_banana.shelf.shelf import Shelf
from nano_banana.shelf.unpack import Archive
from nano_banana.shelf.unpack import Bounds

__all__ = [
    "Archive",
    "Bounds",
    "Brought",
    "Card",
    "Exported",
    "Origin",
    "Shelf",
    "Shelved",
    "Wanted",
    "bring",
    "card_json",
    "export",
]
