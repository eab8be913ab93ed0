"""A job on several machines, by Ray."""
