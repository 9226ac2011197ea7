"""Stories of runs through fal, against the emulator over TLS."""
