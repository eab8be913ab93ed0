"""Exporting models on streams."""
