"""E-mail: mails and their headers, signatures, SMTP, confirmed addresses, bounces."""
