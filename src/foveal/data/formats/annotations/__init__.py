"""Shared by readers of objects: drafts of images, faults, fixes, orientation."""
