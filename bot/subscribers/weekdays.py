"""Days of the week as people type them; 0 is Monday."""

WEEKDAY = (
    r"(?:mon(?:days?)?|tue(?:s(?:days?)?)?|wed(?:nesdays?)?|thu(?:r?s?(?:days?)?)?"
    r"|fri(?:days?)?|sat(?:urdays?)?|sun(?:days?)?)"
)
_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def weekday_of(name: str) -> int:
    """Return the day of what `WEEKDAY` found."""
    return _NAMES.index(name[:3].lower())
