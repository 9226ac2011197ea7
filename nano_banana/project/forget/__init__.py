"""Forgetting a subject: who that is, what goes, what stays, the receipt."""
