"""How much one chat may have."""

MOST_TOPICS = 100
LONGEST_NAME = 80  # characters of a topic's name; its query may be longer
