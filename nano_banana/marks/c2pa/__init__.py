"""Content credentials: signed statements in a picture of how it was made."""
