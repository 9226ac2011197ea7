"""The tests, folder by room; tools for them lie beside this file."""
