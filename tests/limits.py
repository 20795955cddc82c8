"""The limits of a chat as the settings have them, where an operator changes nothing."""

from bot.subscribers.limits import Limits

MOST_TOPICS = 100
USUAL_LIMITS = Limits(topics=MOST_TOPICS, feeds=50, alerts=0)
