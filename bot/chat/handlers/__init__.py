"""Handlers: each parses its update, calls one use case, answers with a template."""
