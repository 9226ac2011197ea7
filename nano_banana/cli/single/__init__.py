"""What the single commands share at the terminal."""
