"""Contact sheets: the takes of a recipe in rows and columns."""
