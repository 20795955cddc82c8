"""The tables, and every SQL statement.

Every transaction takes its locks in this order. Two transactions with different orders could
deadlock, and PostgreSQL would abort one of them:

1. the pace of the token or of the mail server (`storage.pace.lock_pace`)
2. chats, by id (`storage.chats.lock_chat`, `lock_chats`)
3. the mailbox of a locked chat (`storage.mailboxes.lock_mailbox`)
4. requests for access (`storage.admin_inbox.lock_request`)
5. the queues of the outbox (`storage.outbox.lock_queues`)
6. deliveries, by id
7. the paces of chats, by key

On SQLite the order does not matter, because only one transaction writes at a time.
"""
