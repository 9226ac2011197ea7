"""Where answers are kept, by key, and bytes, by digest."""
