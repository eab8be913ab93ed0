"""The tasks; the only room that knows them by name."""
