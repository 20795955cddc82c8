"""The catalogues of the templates: made, brought up to date, and checked."""
