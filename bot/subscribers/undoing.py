"""For how long the end of a subscription can be undone."""

from datetime import timedelta

UNDONE_WITHIN = timedelta(minutes=10)
