"""Pure text processing: folding and tracing, spelling, sentences, datelines, snippets."""
