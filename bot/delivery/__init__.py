"""How a message gets there: the ledger at work, its pace, its channels."""
