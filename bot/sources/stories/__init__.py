"""Which articles tell the same story: their words, what stories are about, how alike they are."""
