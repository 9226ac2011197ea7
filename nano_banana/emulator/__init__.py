"""A server that speaks fal's protocols, for tests and for trying out."""
