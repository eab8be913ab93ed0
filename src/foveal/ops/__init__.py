"""Geometry of boxes and masks in NumPy, shared by evaluation and by every backend."""
