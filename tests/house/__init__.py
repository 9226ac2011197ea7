"""The house test: what the walls, the name-plates and the sizes must be."""
