"""Texts and nothing else: folding and the way back, spelling, sentences, datelines, snippets."""
