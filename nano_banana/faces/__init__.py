"""People in pictures, found on this machine only."""
