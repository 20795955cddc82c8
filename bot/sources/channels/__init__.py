"""Public Telegram channels, read from the web preview that Telegram offers for each."""
