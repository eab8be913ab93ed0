"""Metrics of streams: of texts, and of series of numbers."""
