"""The conversation in Telegram: reads an update, calls one service, sends a template."""
