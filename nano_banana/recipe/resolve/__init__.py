"""From data that has the right shape to nouns whose names all exist."""
