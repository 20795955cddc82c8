"""The conversation in Telegram: an update is read, one service called, a template sent."""
