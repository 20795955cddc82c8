"""Telegram channels: their posts as entries."""
