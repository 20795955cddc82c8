"""Text and nothing else: folding, sentences, datelines, and long work in slices."""
