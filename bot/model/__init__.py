"""An optional language model, which translates headlines and sums up stories for digests.

It is external and never trusted. `stage` asks it before digests are due, with a budget of tokens a
day. `prompt` makes the question and reads the answer, `checks` drops each text that the reports do
not bear out, and `storage.model_texts` keeps the rest. Publishing reads what is there; a digest
never waits for a model.
"""
