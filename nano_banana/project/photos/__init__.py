"""Training photos looked at: what was measured, and what is wrong with them."""
