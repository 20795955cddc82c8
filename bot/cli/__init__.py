"""The command line: one module a command group, each importing what it needs when it runs."""
