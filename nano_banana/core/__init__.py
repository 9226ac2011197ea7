"""The nouns that rooms share; imports nothing of ours."""
