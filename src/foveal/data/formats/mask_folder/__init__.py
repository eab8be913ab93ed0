"""Folders of masks beside pictures."""
