"""Moving all that a database holds into another: SQLite to PostgreSQL, or back.

Rows go table by table in the order of their foreign keys, in batches by primary key. How far it is
stands in the target, in the table `moving`, and is written in the transaction of the batch, so that
a move that was killed goes on. As long as it lasts the target calls its version one that no process
works on.
"""
