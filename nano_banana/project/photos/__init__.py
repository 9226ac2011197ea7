"""Training photos looked at: what was measured, what is wrong with them."""
