"""Judges, each equal to its reference."""
