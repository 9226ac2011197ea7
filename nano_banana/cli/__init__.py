"""The terminal: commands, and all text for people."""
