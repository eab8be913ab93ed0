"""Data sets: reading, splitting, checking, augmenting, feeding."""
