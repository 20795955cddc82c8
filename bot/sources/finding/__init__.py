"""Where sources come from: what a person names, what a site offers, lists of others, searches."""
