"""The nouns of packs, for those who stand outside."""

from nano_banana.recipe.packs.pack import Pack, PackTemplate
from nano_banana.recipe.packs.variable import Variable

__all__ = ["Pack", "PackTemplate", "Variable"]
