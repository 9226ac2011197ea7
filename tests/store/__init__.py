"""The store, with real files, real SQLite and real processes."""
