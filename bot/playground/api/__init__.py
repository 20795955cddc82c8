"""The Bot API side of the playground: its methods, their parameters, errors, limits and updates."""
