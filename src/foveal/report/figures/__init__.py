"""Panels drawn by matplotlib, for the page and as files."""
