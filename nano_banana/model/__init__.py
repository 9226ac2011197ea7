"""The vocabulary: calls, flows, plans, tickets and problems."""
