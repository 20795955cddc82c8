"""The doctor: what an operator can get wrong, each problem with its remedy."""
