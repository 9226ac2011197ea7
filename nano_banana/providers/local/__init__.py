"""Portraits composed from the subject's own photos, offline."""
