"""RunConfig, its files, and runs built from it."""
