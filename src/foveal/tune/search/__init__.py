"""Which trial comes next, how far it goes, and what the time allows."""
