"""One package or module for each feature; no feature imports another."""
