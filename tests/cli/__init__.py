"""The terminal: what it shows, and what it never does."""
