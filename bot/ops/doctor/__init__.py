"""The doctor: what an operator can get wrong, seen, judged and told with what to do about it."""
