"""From the outbox to a chat or mailbox: the stage that sends, its pace, and Telegram."""
