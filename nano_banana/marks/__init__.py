"""What pictures say of themselves: written into them, and found in them."""
