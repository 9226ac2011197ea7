"""From a recipe's text to a resolved recipe, with a place for every value."""
