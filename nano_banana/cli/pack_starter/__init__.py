"""The files of a pack that is begun, as texts to fill in."""
