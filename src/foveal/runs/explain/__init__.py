"""Explanations as users ask for them: of many files, and by an open model."""
