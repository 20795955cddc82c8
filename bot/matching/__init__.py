"""Which topics want an article."""
