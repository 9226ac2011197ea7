"""Packs of templates: read from their folders, and checked."""
