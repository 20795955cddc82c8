"""Message texts: entities, HTML and rich messages, read and shown as Telegram does."""
