"""The front door: reads updates, calls one use case, answers with a template."""
