"""Core types, shared by all rooms."""
