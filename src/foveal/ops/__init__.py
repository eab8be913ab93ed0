"""Geometry of boxes and masks in NumPy, shared by judging and by every backend."""
