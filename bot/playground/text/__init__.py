"""Message texts as Telegram parses them: entities, HTML and rich messages."""
