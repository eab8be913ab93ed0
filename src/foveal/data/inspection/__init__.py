"""Inspection of data sets: counts, checks, previews."""
