"""Makes, updates and checks the translation catalogues of the templates."""
