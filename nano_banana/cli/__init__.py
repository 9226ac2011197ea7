"""The terminal: the only room that makes text for people."""
