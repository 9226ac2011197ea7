"""File formats: images and their metadata, zip, safetensors, atomic files."""
