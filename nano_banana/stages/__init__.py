"""Flows: calls out, replies in; one kind of stage a file."""
