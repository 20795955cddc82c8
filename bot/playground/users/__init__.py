"""What users have and do: chats, members, messages, and a verb for each of their actions."""
