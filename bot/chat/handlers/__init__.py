"""Handlers: each parses its update, calls one service, and answers with a template."""
