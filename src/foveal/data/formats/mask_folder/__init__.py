"""Folders of masks beside images."""
