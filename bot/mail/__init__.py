"""E-mail: composing, signing, handing over, confirming addresses, reading what bounces."""
