"""Taking somebody out of a store, and out of what lies around it."""
