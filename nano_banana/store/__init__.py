"""What was paid for and made: blobs, replies and who is at work on them."""
