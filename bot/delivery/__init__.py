"""Sends deliveries from the outbox to chats and mailboxes: the send stage, its pace, Telegram."""
