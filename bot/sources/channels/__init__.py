"""Telegram channels: their posts as entries, from the web preview or as a member receives them."""
