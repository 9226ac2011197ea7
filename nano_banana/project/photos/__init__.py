"""Training photos: what was measured, and what is wrong with them."""
