"""Data sets: reading, splitting, checking, augmenting, loading."""
