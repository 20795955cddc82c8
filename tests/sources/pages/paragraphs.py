"""Paragraphs that are long enough for an extractor to take them for a story."""

PARAGRAPHS = [
    (
        "The ferry to the old harbour was late again on Monday, the fourth time since the new "
        "timetable came into force, and the crew blamed the fog that lies over the bay."
    ),
    (
        "Passengers who had waited since the morning said that they would write to the mayor, who "
        "answered that a second boat would sail from April on every day of the week."
    ),
    (
        "The fares of everybody who had waited for over an hour will be paid back, the company "
        "said, and it asked for patience until the new radar has been fitted to the old boat."
    ),
]
BODY = "".join(f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
