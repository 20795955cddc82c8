"""How much one chat may have."""

MOST_TOPICS = 100
FEEDS_PER_CHAT = 50  # of its own
MOST_ALERTS_AN_HOUR = 60
LONGEST_PAUSE_DAYS = 366
LONGEST_NAME = 80  # characters of a topic's name; its query may be longer
