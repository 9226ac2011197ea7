"""The shelf: real stores, real archives, real adapter files."""
