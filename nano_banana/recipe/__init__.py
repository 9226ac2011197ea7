"""Text to recipe, with a place for every value."""
