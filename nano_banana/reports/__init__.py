"""What a run leaves to read: outputs, manifest, explanation."""
