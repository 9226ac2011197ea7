"""What a picture says about how it was made: written, signed, detected."""
