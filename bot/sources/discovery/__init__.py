"""How sources are found and added: by address, by site, from a list, by a search."""
