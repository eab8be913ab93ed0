"""Evaluates, each equal to its reference."""
