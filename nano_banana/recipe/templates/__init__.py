"""Prompt templates: Jinja that can neither escape nor run for ever."""
