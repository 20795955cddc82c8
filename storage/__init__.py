"""The tables, and every SQL statement.

Whatever a transaction locks, it locks in this order, because two that lock in different orders wait
for each other until PostgreSQL ends one of them:

1. the pace of the token or of the mail server (`storage.pace.lock_pace`)
2. chats, by number (`storage.chats.lock_chat`, `lock_chats`)
3. the mailbox of a chat that is locked (`storage.mailboxes.lock_mailbox`)
4. the queues of the outbox (`storage.outbox.lock_queues`)
5. deliveries, by number
6. the paces of chats, by key

SQLite has one writer at a time, to whom this makes no difference.
"""
