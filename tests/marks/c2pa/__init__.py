"""Content credentials, with real certificates and the real library."""
