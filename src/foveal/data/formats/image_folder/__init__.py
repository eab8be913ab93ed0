"""Folders with one sub-folder of images per class."""
