"""Portraits composed from the subject's own photos, without a network."""
