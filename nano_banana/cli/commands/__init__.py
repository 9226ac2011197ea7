"""The commands, one file each, imported when used."""
