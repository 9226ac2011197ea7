"""Erases a subject's data from a project."""
