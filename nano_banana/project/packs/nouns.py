"""The nouns of packs, for those who stand outside."""

from nano_banana.recipe.packs.pack import Pack
from nano_banana.recipe.packs.pack import PackTemplate
from nano_banana.recipe.packs.variable import Variable

__all__ = ["Pack", "PackTemplate", "Variable"]
