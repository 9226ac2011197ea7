"""A server that speaks fal's protocols, with faults on demand."""
