"""What an entry becomes: whose it is, which article it tells, its versions, its rows."""
