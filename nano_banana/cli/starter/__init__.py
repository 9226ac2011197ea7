"""The starter project: the texts of its files, with places to fill."""
