"""What pictures of anybody's say of how they were made: readers."""
